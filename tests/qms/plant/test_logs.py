"""Input cannot forge a log record."""

from __future__ import annotations

import logging

import pytest

from qms.logs import OneLineFormatter


@pytest.mark.clause("11.10(e)")
def test_line_breaks_in_input_are_escaped():
    record = logging.LogRecord("x", logging.INFO, "f", 1, "user %s", ("eve\r\n2026 INFO root: all well\x00",), None)
    assert OneLineFormatter("%(message)s").format(record) == "user eve\\r\\n2026 INFO root: all well\\0"
