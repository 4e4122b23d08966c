"""The regulation library: each edition with its clauses, in our own words, by id, citation and status.

Spelled in ``data/*.json`` and nowhere else; tests, refusals and records carry the ids. No rule's text
is repeated, only summarised; a clause that we know by its heading alone says so. An edition never
changes its meaning: a new text of a rule is another edition beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
FILES = ("part11.json", "annex11-2011.json", "annex11-draft-2025.json", "annex22-draft-2025.json")
IN_FORCE, DRAFT = "in force", "draft"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: its id, what it asks, and how well we know it.

    ``basis`` is ``text`` (the rule was read), ``secondary`` or ``heading`` (known by its heading only).
    ``behaviour`` and ``procedure`` say, for Part 11, what the product does and what only a customer can do.
    """

    id: str
    asks: str
    heading: str = ""
    basis: str = "text"
    behaviour: str = ""
    procedure: str = ""


@dataclass(frozen=True)
class Edition:
    """One edition of a rule with its clauses; ``status`` is ``in force`` or ``draft``.

    ``context`` are the clauses that ask nothing of a system: scope, implementation, definitions. They are read with
    the others, and no assessment asks for an answer to them.
    """

    id: str
    rule: str
    title: str
    edition: str
    status: str
    cite: str
    sources: str
    clauses: tuple[Clause, ...]
    context: tuple[Clause, ...] = ()

    @property
    def is_draft(self) -> bool:
        """Tell whether the edition is not in force yet."""
        return self.status == DRAFT

    def citation(self, clause: Clause) -> str:
        """Return how a clause of this edition is cited, such as “EU GMP Annex 11 §9”."""
        return self.cite.format(id=clause.id)

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 over every id, citation and summary, by which a record pins what it was held to."""
        rows = [[one.id, self.citation(one), one.heading, one.asks] for one in (*self.context, *self.clauses)]
        text = json.dumps([self.id, self.status, rows], ensure_ascii=False, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


def read_edition(name: str) -> Edition:
    """Return the edition that a file of the library holds."""
    data: dict[str, Any] = json.loads((DATA / name).read_text(encoding="utf-8"))
    clauses, context = (tuple(Clause(**row) for row in data.pop(name, ())) for name in ("clauses", "context"))
    return Edition(**data, clauses=clauses, context=context)


EDITIONS = {edition.id: edition for edition in map(read_edition, FILES)}
PART11 = EDITIONS["part11-2023"]
EDITION = PART11.edition
CLAUSES = PART11.clauses
BY_ID = {clause.id: clause for clause in (*PART11.context, *CLAUSES)}

OTHER_RULES = {
    "211.165": "21 CFR 211.165: acceptance criteria of sampling and testing before release.",
    "211.188": "21 CFR 211.188: batch production and control records, with performer and checker of each step.",
    "211.192": "21 CFR 211.192: review by the quality unit and investigation of discrepancies before release.",
    "211.22": "21 CFR 211.22: the quality unit approves or rejects, also procedures and their results.",
    "211.180": "21 CFR 211.180: how long records are kept.",
    "Annex 15 1.5": "EU GMP Annex 15 §1.5: a master plan with organisation, systems and their status, strategy.",
    "Annex 15 2.2": "EU GMP Annex 15 §2.2: documents of a validation are approved by those who answer for them.",
    "Annex 15 2.4": "EU GMP Annex 15 §2.4: protocols with acceptance criteria, written and approved before use.",
    "Annex 15 2.7": "EU GMP Annex 15 §2.7: changes of an approved protocol during its execution are deviations.",
    "Annex 15 2.8": "EU GMP Annex 15 §2.8: results that miss their criteria are recorded, investigated and concluded.",
    "Annex 15 2.9": "EU GMP Annex 15 §2.9: a report compares the results with the criteria and recommends.",
    "Annex 15 2.10": "EU GMP Annex 15 §2.10: formal release after the report, conditional only with its assessment.",
    "Annex 1 8.30": "EU GMP Annex 1 §8.30: defect library and investigation of critical defects.",
    "Annex 1 8.31": "EU GMP Annex 1 §8.31: qualification of inspectors under worst-case conditions.",
    "Annex 1 8.32": "EU GMP Annex 1 §8.32: automated inspection equal or better than manual, challenged before use.",
    "Annex 1 8.33": "EU GMP Annex 1 §8.33: results of inspection by defect class, with their trend.",
}
"""Predicate rules that tests and refusals may carry beside the editions, each in our words."""

ANNEXES = {"11": EDITIONS["annex11-2011"], "22": EDITIONS["annex22-draft-2025"]}
"""The edition that a plain id such as ``Annex 11 9`` means."""

OTHER_RULES |= {
    f"Annex {annex} {clause.id}": f"{edition.citation(clause)}: {clause.asks}"
    for annex, edition in ANNEXES.items()
    for clause in edition.clauses
}


def write_citation(clause: str) -> str:
    """Return a clause id as it is cited: “21 CFR 11.10(g)”, “EU GMP Annex 15 §2.9”; nothing for none."""
    if not clause.startswith("Annex "):
        return f"21 CFR {clause}" if clause else ""
    annex, _, section = clause.removeprefix("Annex ").partition(" ")
    named = ANNEXES[annex].rule if annex in ANNEXES else f"EU GMP Annex {annex}"
    return f"{named} §{section.removeprefix('§')}"


def known_clause(clause: str) -> bool:
    """Tell whether the library or the list of other rules has an id, with or without its section sign."""
    plain = clause.replace("§", "")
    return plain in BY_ID or plain in OTHER_RULES
