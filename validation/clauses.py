"""The clauses of 21 CFR Part 11: id, what it asks in our words, what the product does, what stays the customer's.

Spelled in ``data/part11.json`` and nowhere else; tests carry the ids. The text of the rule
is not repeated, only summarised.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent / "data" / "part11.json"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: its id, its demand, our behaviour, and the part only procedures can meet."""

    id: str
    asks: str
    behaviour: str
    procedure: str


_DATA = json.loads(SOURCE.read_text(encoding="utf-8"))
EDITION: str = _DATA["edition"]
CLAUSES = tuple(Clause(**row) for row in _DATA["clauses"])
BY_ID = {clause.id: clause for clause in CLAUSES}

OTHER_RULES = {
    "211.165": "21 CFR 211.165: acceptance criteria of sampling and testing before release.",
    "211.188": "21 CFR 211.188: batch production and control records, with performer and checker of each step.",
    "211.192": "21 CFR 211.192: review by the quality unit and investigation of discrepancies before release.",
    "211.22": "21 CFR 211.22: the quality unit approves or rejects, also procedures and their results.",
    "Annex 11 1": "EU GMP Annex 11 §1: risk management decides how far validation goes.",
    "Annex 11 4.3": "EU GMP Annex 11 §4.3: an inventory of systems with their GMP function.",
    "Annex 11 4.4": "EU GMP Annex 11 §4.4: user requirements, risk-based and traceable through the life cycle.",
    "Annex 11 4.7": "EU GMP Annex 11 §4.7: evidence of appropriate test methods; automated test tools are assessed.",
    "Annex 11 10": "EU GMP Annex 11 §10: changes to a system and its configuration are made in a controlled way.",
    "Annex 15 1.5": "EU GMP Annex 15 §1.5: a master plan with organisation, systems and their status, strategy.",
    "Annex 15 2.2": "EU GMP Annex 15 §2.2: documents of a validation are approved by those who answer for them.",
    "Annex 15 2.4": "EU GMP Annex 15 §2.4: protocols with acceptance criteria, written and approved before use.",
    "Annex 15 2.8": "EU GMP Annex 15 §2.8: results that miss their criteria are recorded, investigated and concluded.",
    "Annex 15 2.9": "EU GMP Annex 15 §2.9: a report compares the results with the criteria and recommends.",
    "Annex 15 2.10": "EU GMP Annex 15 §2.10: formal release after the report, conditional only with its assessment.",
    "Annex 1 8.30": "EU GMP Annex 1 §8.30: defect library and investigation of critical defects.",
    "Annex 1 8.31": "EU GMP Annex 1 §8.31: qualification of inspectors under worst-case conditions.",
    "Annex 1 8.32": "EU GMP Annex 1 §8.32: automated inspection equal or better than manual, challenged before use.",
    "Annex 1 8.33": "EU GMP Annex 1 §8.33: results of inspection by defect class, with their trend.",
    "Annex 22 4": "Draft EU GMP Annex 22 §4: criteria fixed before a model is tested, no worse than what it replaces.",
    "Annex 22 5": "Draft EU GMP Annex 22 §5: test data are representative and stratified, their labels verified.",
    "Annex 22 6": "Draft EU GMP Annex 22 §6: test data are independent of development, their opening kept.",
    "Annex 11 7.2": "EU GMP Annex 11 §7.2: regular backups, whose restoring is checked and monitored.",
}
"""Predicate rules that tests may carry beside Part 11, each in our words."""
