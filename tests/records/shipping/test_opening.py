"""The log service is made from the settings; an unsafe one stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from qms.settings_shipping import read_shipping
from records.shipping.events import shape_for_azure, shape_like_cloudtrail
from records.shipping.opening import open_sink
from records.shipping.sinks import HttpSink, SyslogSink

VARIABLES = ("SHIPPING", "SHIPPING_URL", "SHIPPING_CA", "SHIPPING_TOKEN", "SHIPPING_TOKEN_FILE")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def set_variables(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_with_nothing_set_nothing_is_shipped(settings: Settings) -> None:
    settings.SHIPPING = read_shipping()
    assert open_sink() is None


def test_syslog_beyond_this_machine_is_encrypted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, {"SHIPPING": "syslog", "SHIPPING_URL": "tls://log.example.com:6514"})
    settings.SHIPPING = read_shipping()
    sink = open_sink()
    assert isinstance(sink, SyslogSink)
    assert (sink.host, sink.port) == ("log.example.com", 6514)
    assert sink.tls is not None
    assert sink.tls.check_hostname


@pytest.mark.parametrize(("kind", "shape"), [("http", shape_like_cloudtrail), ("azure", shape_for_azure)])
def test_a_token_file_is_read_anew_for_each_batch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, shape: object
) -> None:
    token = tmp_path / "token"
    values = {"SHIPPING": kind, "SHIPPING_URL": "https://in.example.com/v1?x=1", "SHIPPING_TOKEN_FILE": str(token)}
    set_variables(monkeypatch, values)
    settings.SHIPPING = read_shipping()
    sink = open_sink()
    assert isinstance(sink, HttpSink)
    assert (sink.shape, sink.is_array) == (shape, kind == "azure")
    for value in ("first", "renewed"):
        token.write_text(f"{value}\n")
        assert sink.read_token() == value


def test_a_token_never_shows(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(
        monkeypatch, {"SHIPPING": "http", "SHIPPING_URL": "https://in.example.com/", "SHIPPING_TOKEN": "s3cret"}
    )
    settings.SHIPPING = read_shipping()
    assert "s3cret" not in repr(settings.SHIPPING) + repr(open_sink())


@pytest.mark.assurance("F1")
@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"SHIPPING": "carrier pigeon"}, "SHIPPING is"),
        ({"SHIPPING": "http"}, "needs SHIPPING_URL=https"),
        ({"SHIPPING": "syslog", "SHIPPING_URL": "https://log.example.com"}, "needs SHIPPING_URL=tls"),
        ({"SHIPPING": "syslog", "SHIPPING_URL": "tls://log.example.com"}, "port"),
        ({"SHIPPING": "syslog", "SHIPPING_URL": "tcp://log.example.com:514"}, "leaves this machine"),
        ({"SHIPPING": "http", "SHIPPING_URL": "http://in.example.com/"}, "leaves this machine"),
        ({"SHIPPING": "http", "SHIPPING_URL": "https://a:b@in.example.com/"}, "without a password"),
        (
            {
                "SHIPPING": "azure",
                "SHIPPING_URL": "https://x.example/",
                "SHIPPING_TOKEN": "a",
                "SHIPPING_TOKEN_FILE": "b",
            },
            "not both",
        ),
    ],
    ids=str,
)
def test_an_unsafe_setting_of_shipping_refuses_the_start(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str
) -> None:
    set_variables(monkeypatch, values)
    with pytest.raises(ImproperlyConfigured, match=named):
        read_shipping()
