"""Numbers have no gap, however many transactions are rolled back between the others."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from records.numbering import take_number, take_record_id
from records.verifying.contents import check_numbers
from records.verifying.findings import Tally
from tests.papers.models import Paper
from tests.people import Person, make_crew
from tests.signatures.papers import write_paper
from tests.sizes import choose_size

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.clause("11.10(e)"), pytest.mark.assurance("C7")]

WRITERS = 4
TRANSACTIONS = choose_size(small=80, full=1000)


class RolledBackError(Exception):
    """Ends a transaction as any failure after the number was taken would."""


def write_or_roll_back(author: Person, *, is_rolled_back: bool) -> None:
    try:
        with transaction.atomic():
            write_paper(author)
            if is_rolled_back:
                raise RolledBackError
    except RolledBackError:
        return
    finally:
        connection.close()


def counts() -> list[int]:
    return sorted(int(number.rsplit("-", 1)[1]) for number in Paper.objects.values_list("number", flat=True))


def test_numbers_stay_gap_free_when_half_of_the_transactions_are_rolled_back(randomly_seeded: int):
    author = make_crew().add("author", "operator")
    fates = [place % 2 == 0 for place in range(TRANSACTIONS)]
    random.Random(randomly_seeded).shuffle(fates)
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda fate: write_or_roll_back(author, is_rolled_back=fate), fates))
    assert counts() == list(range(1, TRANSACTIONS // 2 + 1))
    assert list(check_numbers(Tally())) == []


def test_a_number_from_a_sequence_would_leave_gaps():
    """The negative control: what a database sequence does, and why the number is not taken from one."""
    taken = []
    for is_rolled_back in (False, True, False):
        with transaction.atomic():
            taken.append((take_record_id(), take_number("XX")))
            transaction.set_rollback(is_rolled_back)
    ids, numbers = zip(*taken, strict=True)
    assert ids[2] - ids[0] == 2
    assert [number.rsplit("-", 1)[1] for number in numbers] == ["0001", "0002", "0002"]
