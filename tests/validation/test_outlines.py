"""The comparison with the usual document outlines is whole, and every place that it names exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.validation.desk import REASON, Desk
from tests.validation.documents import TEXTS, approve_plan
from tests.validation.flows import make_data_flow
from validation.assembling import report_facts
from validation.inventory import add_item
from validation.models import Protocol
from validation.plan_templates import MASTER_SECTIONS, SYSTEM_SECTIONS

pytestmark = [pytest.mark.clause("Annex 15 2.2")]

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "validation"
OUTLINES: dict[str, Any] = json.loads((FOLDER / "gamp_outlines.json").read_text(encoding="utf-8"))["documents"]
EVERYWHERE = "In every document"
ROW = re.compile(r"\| (?P<heading>[^|]+) \| (?P<ours>`[a-z_]+\.[a-z_0-9]+`|—) \| (?P<why>[^|]*) \|\Z")


def read_tables() -> dict[str, dict[str, tuple[str, str]]]:
    """Return the document's tables by their name: heading in small letters → (our place, why)."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    name = ""
    for line in (FOLDER / "outlines.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:].partition(":")[0]
            found[name] = {}
        elif line.startswith("| ") and not line.startswith(("| Heading |", "| --- |")):
            row = ROW.match(line)
            assert row, line
            found[name][row["heading"].strip().lower()] = (row["ours"].strip("`"), row["why"].strip())
    return found


TABLES = read_tables()


def places() -> Iterator[str]:
    """Yield every place of ours that the comparison names."""
    yield from (ours for table in TABLES.values() for ours, _ in table.values() if ours != "—")


def test_every_document_and_every_heading_is_compared():
    assert set(TABLES) == {EVERYWHERE, *OUTLINES}
    for name, outline in OUTLINES.items():
        wanted = {heading.lower() for heading in outline["headings"]}
        assert wanted <= set(TABLES[name]) | set(TABLES[EVERYWHERE]), name
        assert set(TABLES[name]) <= wanted, name


def test_what_we_do_not_have_is_explained():
    bare = [(name, heading) for name, table in TABLES.items() for heading, row in table.items() if row == ("—", "")]
    assert bare == []


@pytest.mark.django_db
def test_every_place_of_ours_exists(desk: Desk):
    add_item(desk.system, actor=desk.engineer.actor(), kind="software", name="driver", version="1", reason=REASON)
    run, deviation = desk.failed_run()
    approve_plan(desk.system, desk.engineer, desk.qa)
    content: dict[str, Any] = {
        "system": desk.system.content(),
        "matrix": desk.matrix.content(),
        "requirements": desk.requirements.content(),
        "protocol": Protocol.objects.get(pk=desk.protocol.pk).content(),
        "execution": run.content(),
        "deviation": desk.fresh(deviation).content(),
        "flow": make_data_flow(desk).content(),
        "plan": {row.key: row for row in SYSTEM_SECTIONS},
        "master": {row.key: row for row in MASTER_SECTIONS},
    }
    content["item"] = content["system"]["items"][0]
    content["requirement"] = content["requirements"]["requirements"][0]
    content["risk"] = content["requirement"]["risks"][0]
    content["step"] = content["protocol"]["steps"][0]
    content["entry"] = content["execution"]["steps"][0]["entries"][0]
    content["execution"]["evidence"] = content["execution"]["steps"][0]["evidence"]
    content["report"] = report_facts(desk.system) | TEXTS
    content["trace"] = content["report"]["trace"][0]
    assert {place for place in places() if place.partition(".")[2] not in content[place.partition(".")[0]]} == set()


def test_the_comparison_names_the_licence_of_the_outlines():
    given = json.loads((FOLDER / "gamp_outlines.json").read_text(encoding="utf-8"))
    assert given["licence"].startswith("Apache-2.0")
    assert "opendevstack" in given["source"]
