"""What the people of the demonstration wrote about the vial inspection pipeline. Text only."""
# ruff: noqa: E501  a row of a table is one line

from __future__ import annotations

from typing import Any

SYSTEM: dict[str, Any] = {
    "title": "Vial inspection pipeline",
    "description": "Takes photographs of labelled vials, lets a released model decide, shows doubtful vials to people, "
    "and keeps everything for the disposition of the lot.",
    "category": 5,
    "platform_category": 4,
    "gxp_relevance": "direct",
    "relevance_reason": "It decides which vials are rejected and keeps the batch record.",
    "is_open": False,
}
STEPS = (
    (("URS-001",), "Import the delivery of lot L-70107 and compare ten files with the manifest.", "All ten SHA-256 agree.", "10 of 10"),
    (("URS-002",), "Try to inspect with model version 0.9, which is a draft.", "The start is refused and names the reason."),
    (("URS-003",), "Inspect the lot and open the review.", "Every undecided vial is in the queue."),
    (("URS-003", "URS-004"), "Mark a rejected vial good and open the queue of the second person.", "The vial waits there with its reason."),
    (("URS-005",), "As an operator, try to release the lot.", "The page is refused; the refusal is in the trail."),
    (("URS-006",), "Open the lot's timeline.", "Each decision shows person, time and reason."),
    (("URS-001", "URS-002", "URS-003", "URS-004", "URS-005", "URS-006"), "Attach the report of the automated tests that carry these requirements.", "Every test passed, and each requirement has one.", "0 failed, 0 skipped"),
)  # fmt: skip
PQ_PURPOSE = "Shows with a Knapp study that the machine in daily use inspects at least as well as qualified people."
PQ_STEPS = (
    (("URS-007",), "Open the Knapp study of the pipeline and its signed report.", "The report is signed for quality; all planned runs are in it.", "60 of 60 runs"),
    (("URS-007",), "Read how the machine compares with people over the reject zone.", "The machine's sum is at least people's.", "100 % or more"),
    (("URS-007",), "Read the critical misses and the false rejects.", "No critical container escapes; false rejects stay within the limit.", "0 misses, 1 % at most"),
)  # fmt: skip
FAILED_STEP, AUTOMATED_STEP = 4, 7
ENVIRONMENT = "Demonstration plant, Countersign 0.1.0, model vial-identity 1.0"
FIXED_ENVIRONMENT = "Demonstration plant, Countersign 0.1.0 with correction 1, model vial-identity 1.0"
FAILED_ACTUAL = "The vial waits in the queue, but its reason is not shown there."
FIXED_ACTUAL = "The vial waits in the queue; its reason stands below the photograph."
INVESTIGATION = (
    "The queue read the newest entry only, which after an undo is not the override. The reason was kept in the record "
    "and shown on the vial's own page; no vial of a real lot was concerned."
)
CORRECTION = "The queue shows the reason of the override that waits."
