"""What gap assessments and record determinations tell the signing page and their PDFs about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signatures.subjects import Facts, Subject, register_subject
from validation.models import GapAnswer, GapAssessment, RecordDetermination
from validation.subjects import reopening_facts, visible

WORDS = dict(GapAnswer.Answer.choices)
OPEN = ("partly", "no")


def gap_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button, and each gap with what is done about it."""
    edition, clauses = content["edition"], content["clauses"]
    given = [row for row in clauses if row["answer"]]
    counts = ", ".join(
        f"{sum(row['answer']['answer'] == name for row in given)} {word.lower()}" for name, word in WORDS.items()
    )
    facts = [
        ("System", f"{content['system']} {content['system_name']}"),
        ("Assessed against", f"{edition['title']} (status: {edition['status']})"),
        ("Purpose", content["purpose"]),
        ("Clauses", f"{len(given)} of {len(clauses)} answered: {counts}"),
    ]
    facts += [(row["citation"], plan_of(row["answer"])) for row in given if row["answer"]["answer"] in OPEN]
    return facts + reopening_facts(content)


def plan_of(answer: Mapping[str, Any]) -> str:
    """Return in words what is done about a gap."""
    parts = [
        f"{WORDS[answer['answer']]}, {answer['risk'] or 'unrated'} risk: {answer['reason']}",
        f"Remediation: {answer['remediation']}" if answer["remediation"] else "",
        f"Procedural control: {answer['control']}" if answer["control"] else "",
        f"{answer['owner'] or 'Nobody'}, due {answer['due_on'] or 'at no date'}.",
    ]
    return " ".join(part for part in parts if part)


def gap_rendition(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report's tables as its PDF prints them: every clause, then the gaps with their plans."""
    rows = [row | {"word": WORDS[row["answer"]["answer"]] if row["answer"] else "open"} for row in content["clauses"]]
    return {
        "facts": [fact for fact in gap_facts(content) if fact[0] not in {row["citation"] for row in rows}],
        "rows": rows,
        "gaps": [row for row in rows if row["answer"] and row["answer"]["answer"] in OPEN],
    }


def determination_facts(content: Mapping[str, Any]) -> Facts:
    """Return what is decided, why, and what starts the retention."""
    kept = content["retention"]
    years = "1 year" if kept["years"] == 1 else f"{kept['years']} years"
    used = [
        word
        for name, word in (
            ("replaces_paper", "kept electronically instead of paper"),
            ("is_relied_on", "relied on for regulated work"),
            ("is_signed", "signed as by hand"),
            ("is_raw_data", "raw data"),
        )
        if content[name]
    ]
    facts = [
        ("Data", content["what"]),
        ("System", content["system"] or "none named"),
        ("Kind of record here", content["governs"] or "none of this installation"),
        ("Predicate rule", content["predicate_rule"] or "none"),
        ("Use", ", ".join(used) or "none of the four"),
        ("Primary form", content["primary_form"]),
        ("What the test says", "a required record" if content["is_required"] else "not a required record"),
        ("Decision", RecordDetermination.Decision(content["decision"]).label),
        ("Reason", content["decision_reason"]),
        ("Owner", content["owner"]),
        ("Kept", f"at least {years} after {kept['start_event']} ({kept['citation']})"),
    ]
    return facts + reopening_facts(content)


SUBJECTS = tuple(
    register_subject(subject)
    for subject in (
        Subject(
            "validation.gapassessment",
            url_name="validating:gap-detail",
            facts=gap_facts,
            rendition_template="validation/rendition_gaps.html",
            rendition_context=gap_rendition,
            visible=visible(GapAssessment),
        ),
        Subject(
            "validation.recorddetermination",
            url_name="validating:determination-detail",
            facts=determination_facts,
            rendition_template="validation/rendition_determination.html",
            rendition_context=lambda content: {"facts": determination_facts(content)},
            visible=visible(RecordDetermination),
        ),
    )
)
