"""Deliveries of the demonstration's camera stations: photographs with a signed manifest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from examples.make_lot_zip import Photograph, load_photographs, make_files, make_zip
from qms.batches.stations import SIGNATURE_NAME, sign_delivery
from qms.home.demo.folder import ensure_station_key, write_once
from qms.home.demo.stock import Ware
from records.clock import now

CAPTURED_BEFORE = dt.timedelta(hours=3)
DAMAGED, CHANGED = ("F-007", "F-061"), ("F-011",)


def choose_photographs(ware: Ware, units: Sequence[str]) -> tuple[Photograph, ...]:
    """Return the photographs of these units, or all of the product's."""
    everything = load_photographs(ware.photographs)
    return tuple(row for row in everything if not units or row.unit_id in units)


def make_delivery(
    ware: Ware,
    lot: str,
    photographs: Sequence[Photograph],
    *,
    corrupt: Sequence[str] = (),
    wrong_hash: Sequence[str] = (),
) -> bytes:
    """Return the zip that the product's station delivers for a lot."""
    files = make_files(
        photographs,
        lot=lot,
        product=ware.code,
        captured_from=now().replace(microsecond=0) - CAPTURED_BEFORE,
        corrupt=corrupt,
        wrong_hash=wrong_hash,
    )
    signature = sign_delivery(
        ensure_station_key(ware.station), station=ware.station, lot=lot, signed_at=now(), manifest=files["manifest.csv"]
    )
    return make_zip({**files, SIGNATURE_NAME: signature})


def write_deliveries(ware: Ware, lot: str) -> None:
    """Write the delivery that waits for a person's import, and a damaged one of the same lot."""
    photographs = choose_photographs(ware, ())
    write_once(f"{lot}.zip", make_delivery(ware, lot, photographs))
    damaged = make_delivery(ware, lot, photographs, corrupt=DAMAGED, wrong_hash=CHANGED)
    write_once(f"{lot}-damaged.zip", damaged)
