"""Which data sets must be independent of each other, and where they are not.

Serves: draft EU GMP Annex 22 §6.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from validation.likeness import Item, Pair, find_pairs
from validation.models import DataItem, DataSet


def sets_apart_from(data_set: DataSet) -> QuerySet[DataSet]:
    """Return the signed sets that this one must share nothing with.

    A test set: all that models were trained or tuned on, and test sets that are consumed, for their results
    informed a change. Another set: the test sets that still count as independent.
    """
    signed = DataSet.objects.exclude(pk=data_set.pk).exclude(state="draft")
    if data_set.is_test:
        return signed.filter(~Q(purpose=DataSet.Purpose.TEST) | Q(state="consumed"))
    return signed.filter(purpose=DataSet.Purpose.TEST, state__in=("sealed", "opened"))


def find_overlap(data_set: DataSet) -> list[Pair]:
    """Return every pair of items, by file, physical unit or picture, that sets to be kept apart share."""
    mine = data_set.items.filter(excluded_because="").select_related("data_set")
    return find_pairs(as_items(mine), as_items(others_of(data_set)))


def others_of(data_set: DataSet) -> QuerySet[DataItem]:
    """Return the items of the sets to be kept apart from."""
    rows = DataItem.objects.filter(data_set__in=sets_apart_from(data_set), excluded_because="")
    return rows.select_related("data_set")


def as_items(rows: Iterable[DataItem]) -> list[Item]:
    """Return rows for the comparison."""
    return [row.as_item() for row in rows]
