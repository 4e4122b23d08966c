"""Human numbers without gaps, per series and year."""

from __future__ import annotations

from django.db import connection, transaction

from records.clock import now


def take_number(prefix: str) -> str:
    """Return the next number of a series, such as ``BR-2026-0007``.

    Must run in the transaction that writes the numbered row: the series row stays locked
    until it ends, so a rollback gives the number back and no gap arises.
    Writes: records_numberseries. Serves: 21 CFR 11.10(e).
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("take_number() needs an open transaction")
    year = now().year
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_numberseries (prefix, year, last) VALUES (%s, %s, 1) "
            "ON CONFLICT (prefix, year) DO UPDATE SET last = records_numberseries.last + 1 "
            "RETURNING last",
            (prefix, year),
        )
        last = cursor.fetchone()[0]
    return f"{prefix}-{year}-{last:04d}"


def take_record_id() -> int:
    """Return the id that the next controlled record will have, so its event can name it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('records_controlledrecord', 'id'))")
        return int(cursor.fetchone()[0])
