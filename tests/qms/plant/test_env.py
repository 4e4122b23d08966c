"""The readers of the environment take exactly what they understand."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from qms import env


@pytest.mark.parametrize(("word", "value"), [("1", True), ("on", True), ("Yes", True), ("0", False), ("", False)])
def test_a_flag_reads_the_usual_words(word, value, monkeypatch):
    monkeypatch.setenv("SWITCH", word)
    assert env.read_flag("SWITCH", default=not value) is value


def test_a_flag_keeps_its_default_when_unset(monkeypatch):
    monkeypatch.delenv("SWITCH", raising=False)
    assert env.read_flag("SWITCH", default=True) is True


@pytest.mark.parametrize("text", ["0", "11", "3.5", "three", ""])
def test_a_number_outside_its_range_is_refused(text, monkeypatch):
    monkeypatch.setenv("COUNT", text)
    with pytest.raises(ImproperlyConfigured, match="COUNT"):
        env.read_integer("COUNT", 5, low=1, high=10)


def test_a_value_given_twice_is_refused(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("NAME", "a")
    monkeypatch.setenv("NAME_FILE", str(tmp_path / "name"))
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.read_optional("NAME")


def test_an_unreadable_file_is_named(monkeypatch, tmp_path: Path):
    monkeypatch.delenv("NAME", raising=False)
    monkeypatch.setenv("NAME_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="absent"):
        env.read_optional("NAME")


def test_a_choice_lists_what_it_takes(monkeypatch):
    monkeypatch.setenv("LEVEL", "LOUD")
    with pytest.raises(ImproperlyConfigured, match="INFO, WARNING"):
        env.read_choice("LEVEL", "INFO", choices={"INFO", "WARNING"})


def test_a_database_address_keeps_its_escapes_and_socket():
    found = env.parse_database("X", "postgres://me:p%40ss@/qms?host=/run/qms&sslmode=disable")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["NAME"]) == ("me", "p@ss", "/run/qms", "qms")
    assert found["OPTIONS"] == {"sslmode": "disable"}


def test_a_database_address_without_a_database_is_refused():
    with pytest.raises(ImproperlyConfigured, match="user and a database"):
        env.parse_database("X", "postgres://me@127.0.0.1/")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "/run/qms"])
def test_these_hosts_are_this_machine(host):
    assert env.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "db"])
def test_these_hosts_are_not_this_machine(host):
    assert not env.is_loopback(host)


def test_a_socket_broker_is_spelled_for_celery():
    assert env.parse_broker("X", "unix:///run/b.sock") == "redis+socket:///run/b.sock"
