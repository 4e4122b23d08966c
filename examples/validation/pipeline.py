"""The requirements of the shipped vial pipeline: text, source, failure mode, severity, probability, detectability.

The first is URS-001; the tests carry these ids. `RESULTS` is the report of the
automated tests that carry these ids (`make oq-results`).
"""
# ruff: noqa: E501  a row of a table is one line

from __future__ import annotations

from pathlib import Path

RESULTS = Path(__file__).with_name("oq-results.xml")

REQUIREMENTS = (
    ("Every image is kept exactly as the station took it.", "SOP-114, 4.1", "an image is altered", "high", "low", "low"),
    ("Only a released model version decides.", "SOP-114, 4.2", "an untested model decides", "high", "low", "medium"),
    ("A vial between the thresholds waits for a person.", "SOP-114, 5.1", "a doubt is hidden", "high", "medium", "low"),
    ("Accepting a rejected vial needs a second person.", "SOP-114, 5.3", "one person overrides", "high", "medium", "medium"),
    ("Only quality releases a lot, by signature.", "21 CFR 211.22", "release without quality", "high", "low", "high"),
    ("The audit trail shows who decided what, when and why.", "21 CFR 11.10(e)", "a decision is untraceable", "high", "low", "medium"),
    ("The machine finds at least what people find, and no critical defect escapes it.", "EU GMP Annex 1, 8.32", "rejects are released", "high", "low", "low"),
)  # fmt: skip
