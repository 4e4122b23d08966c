"""Lanes of the demonstration run at once, and one that fails is heard once the others have ended."""

from __future__ import annotations

import threading

import pytest

from qms.home.demo.cast import Cast
from qms.home.demo.together import AT_ONCE

pytestmark = pytest.mark.django_db


def test_lanes_run_at_once_over_threads_of_their_own():
    met = threading.Barrier(2, timeout=10)
    told: list[int] = []

    def lane() -> None:
        met.wait()
        told.append(threading.get_ident())

    Cast("a password", code_seconds=3).do_together(lane, lane)
    assert len(set(told)) == 2
    assert threading.get_ident() not in told


def test_within_one_transaction_lanes_follow_one_another():
    told: list[tuple[str, int]] = []
    lanes = [lambda name=name: told.append((name, threading.get_ident())) for name in "abc"]
    Cast("a password", code_seconds=3, is_side_by_side=False).do_together(*lanes)
    assert told == [(name, threading.get_ident()) for name in "abc"]


def test_a_lane_that_fails_lets_the_others_end_and_is_raised():
    told: list[str] = []

    def fail() -> None:
        raise RuntimeError("the lane broke off")

    lanes = [lambda name=name: told.append(name) for name in "abcdef"]
    assert len(lanes) > AT_ONCE
    with pytest.raises(RuntimeError, match="the lane broke off"):
        Cast("a password", code_seconds=3).do_together(fail, *lanes)
    assert sorted(told) == list("abcdef")
