"""The regulation library: every clause once, cited by its right name, drafts called drafts, in our own words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from qms.web.held_texts import _below, collect_texts
from records.errors import Refusal
from validation.clauses import CLAUSES, EDITIONS, OTHER_RULES, PART11, known_clause, write_citation

PARTS = {
    "10": ("", "(a)", "(b)", "(c)", "(d)", "(e)", "(f)", "(g)", "(h)", "(i)", "(j)", "(k)(1)", "(k)(2)"),
    "30": ("",),
    "50": ("(a)", "(b)"),
    "70": ("",),
    "100": ("(a)", "(b)", "(c)"),
    "200": ("(a)(1)", "(a)(1)(i)", "(a)(1)(ii)", "(a)(2)", "(a)(3)", "(b)"),
    "300": ("(a)", "(b)", "(c)", "(d)", "(e)"),
}
"""The sections of the rule that ask something, with their lettered parts."""

CONTEXT = {"1": "abcdef", "2": "ab", "3": "ab"}
"""Scope, implementation and definitions: every lettered paragraph, those of food rules under the first of them."""


def unknown_clauses(refusals: list[type[Refusal]]) -> dict[str, str]:
    return {kind.__name__: kind.clause for kind in refusals if kind.clause and not known_clause(kind.clause)}


def test_part_11_is_there_with_every_lettered_clause():
    assert [clause.id for clause in CLAUSES] == [
        f"11.{section}{part}" for section, parts in PARTS.items() for part in parts
    ]


def test_scope_implementation_and_definitions_are_there_as_context_and_are_no_demands():
    context = [f"11.{section}({letter})" for section, letters in CONTEXT.items() for letter in letters]
    assert [clause.id for clause in PART11.context] == context
    assert not set(context) & {clause.id for clause in CLAUSES}
    assert all(known_clause(identifier) for identifier in context)
    assert all(clause.heading and clause.asks.endswith(".") for clause in PART11.context)
    assert not any(clause.behaviour or clause.procedure for clause in PART11.context)


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=lambda edition: edition.id)
def test_each_edition_says_every_clause_once_in_words_with_its_basis(edition):
    ids = [clause.id for clause in edition.clauses]
    assert len(ids) == len(set(ids)) > 10
    for clause in edition.clauses:
        assert clause.asks.endswith(".")
        assert clause.basis in ("text", "secondary", "heading")
        assert edition.citation(clause).startswith(("21 CFR 11.", "EU GMP Annex "))
    assert edition.sources
    assert edition.edition


def test_a_clause_known_by_its_heading_says_so_and_only_such_a_clause():
    for edition in EDITIONS.values():
        for clause in edition.clauses:
            assert (clause.basis == "heading") == ("heading only" in clause.asks), (edition.id, clause.id)


def test_the_drafts_are_called_drafts_and_the_rules_in_force_are_not():
    drafts = {edition.id for edition in EDITIONS.values() if edition.is_draft}
    assert drafts == {"annex11-draft-2025", "annex22-draft-2025"}
    for edition in EDITIONS.values():
        assert ("draft" in edition.citation(edition.clauses[0])) == edition.is_draft


@pytest.mark.parametrize(
    ("clause", "cited"),
    [
        ("11.10(g)", "21 CFR 11.10(g)"),
        ("211.188", "21 CFR 211.188"),
        ("Annex 15 §2.9", "EU GMP Annex 15 §2.9"),
        ("Annex 15 2.9", "EU GMP Annex 15 §2.9"),
        ("Annex 1 8.32", "EU GMP Annex 1 §8.32"),
        ("Annex 11 §4.3", "EU GMP Annex 11 §4.3"),
        ("Annex 22 §6", "EU GMP Annex 22 (draft 2025) §6"),
        ("", ""),
    ],
)
def test_a_clause_is_cited_by_the_name_of_its_own_rule(clause: str, cited: str):
    assert write_citation(clause) == cited


def test_every_refusal_names_a_clause_that_the_library_knows():
    collect_texts()  # loads every refusal
    refusals = [kind for kind in _below(Refusal) if not kind.__module__.startswith("tests")]
    assert len(refusals) > 150
    assert unknown_clauses(refusals) == {}


def test_a_refusal_with_an_unknown_clause_is_found():
    class Astray(Refusal):
        clause = "Annex 11 §4.9"

    assert unknown_clauses([Astray]) == {"Astray": "Annex 11 §4.9"}


@pytest.mark.parametrize(("annex", "edition"), [("Annex 11 ", "annex11-2011"), ("Annex 22 ", "annex22-draft-2025")])
def test_an_annex_of_the_library_is_spelled_in_its_edition_alone(annex: str, edition: str):
    clauses = {clause.id for clause in EDITIONS[edition].clauses}
    assert {name.removeprefix(annex) for name in OTHER_RULES if name.startswith(annex)} == clauses


def test_the_digest_of_an_edition_changes_with_any_word_of_it():
    clause = PART11.clauses[0]
    changed = replace(clause, asks=f"{clause.asks} Always.")
    other = replace(PART11, clauses=(changed, *PART11.clauses[1:]))
    assert re.fullmatch("[0-9a-f]{64}", PART11.digest)
    assert other.digest != PART11.digest
    fewer = replace(PART11, context=PART11.context[1:])
    assert fewer.digest not in (PART11.digest, other.digest)
