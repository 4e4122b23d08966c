"""What Knapp studies and data sets tell the signing page and their PDFs about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signatures.subjects import Facts, Subject, register_subject
from validation.models import DataSet, KnappStudy
from validation.subjects import reopening_facts, visible


def study_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button: the design, then the result if there is one."""
    people = len(content["inspectors"])
    facts = [
        ("System", content["system"]),
        ("Purpose", content["purpose"]),
        ("Machine", content["machine"]),
        ("Containers", f"{content['good_planned']} from production and {content['reject_planned']} known rejects"),
        ("Manual runs", f"{people} inspectors × {content['rounds']} rounds"),
        ("Machine runs", str(content["machine_runs"])),
        ("Reject zone", KnappStudy.Reading(content["reading"]).label),
        ("False rejects at most", f"{content['false_reject_limit']} %"),
    ]
    if result := content.get("result"):
        facts += result_facts(result)
    if conclusion := content.get("conclusion"):
        facts.append(("Conclusion", conclusion))
    return facts + reopening_facts(content)


def result_facts(result: Mapping[str, Any]) -> Facts:
    """Return the verdict and the numbers that it rests on."""
    zones, false, detected = result["zones"], result["false_rejects"], result["detected"]
    return [
        ("Verdict", "passes" if result["passes"] else "does not pass"),
        ("Machine against people", f"{result['ratio']}; {result['machine_sum']} against {result['manual_sum']}"),
        ("Reject zone efficiency", f"{result['machine_efficiency']} machine, {result['manual_efficiency']} manual"),
        ("Zones", f"{zones['accept']} accept, {zones['gray']} gray, {zones['reject']} reject"),
        ("Critical misses", ", ".join(result["critical_misses"]) or "none"),
        ("Never rejected by the machine", ", ".join(result["never_rejected"]) or "none"),
        ("False rejects", f"{false['rate']}, limit {false['limit']}"),
        (
            "Detected containers",
            f"{detected['detected']} of {detected['containers']}; 95 % lower bound {detected['lower_bound']}",
        ),
    ]


def set_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    strata = "; ".join(f"{row['stratum']} {row['actual']} of {row['planned']}" for row in content["strata"])
    facts = [
        ("System", content["system"]),
        ("Purpose", DataSet.Purpose(content["purpose"]).label),
        ("Description", content["description"]),
        ("Why so many", content["size_reason"]),
        ("Strata", strata or "none"),
        ("Manifest", f"{content['manifest']['items']} items, SHA-256 {content['manifest']['sha256']}"),
    ]
    for term, name in (
        ("Preparation", "preparation"),
        ("Acceptance criteria", "criteria"),
        ("What the replaced process achieves", "incumbent"),
        ("Consumed", "consumed_because"),
    ):
        if content[name]:
            facts.append((term, content[name]))
    for row in content["openings"]:
        witness = f" with {row['witness']}" if row["witness"] else ""
        facts.append(("Opened", f"by {row['by']}{witness}, {row['at']}: {row['reason']}"))
    return facts + reopening_facts(content)


SUBJECTS = tuple(
    register_subject(subject)
    for subject in (
        Subject(
            "validation.knappstudy",
            url_name="validating:study-detail",
            facts=study_facts,
            rendition_template="validation/rendition_study.html",
            rendition_context=lambda content: {"facts": study_facts(content)},
            visible=visible(KnappStudy),
        ),
        Subject(
            "validation.dataset",
            url_name="validating:set-detail",
            facts=set_facts,
            rendition_template="validation/rendition_set.html",
            rendition_context=lambda content: {"facts": set_facts(content)},
            visible=visible(DataSet),
        ),
    )
)
