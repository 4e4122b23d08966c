"""What the people of the demonstration wrote about an off-the-shelf tool for stability data. Text only.

An answer is (clause, answer, reason, files and where in them, risk, remediation, procedural control, owner, days).
"""
# ruff: noqa: E501  a row of a table is one line

from __future__ import annotations

from typing import Any

TOOL: dict[str, Any] = {
    "title": "StabTrend, stability trending",
    "description": "An off-the-shelf Python library with a web page, installed as delivered on a server of the laboratory. "
    "People type assay results of the stability study; it keeps them, fits the trend and proposes the shelf life.",
    "category": 3,
    "gxp_relevance": "direct",
    "relevance_reason": "The shelf life on the label rests on its results.",
    "is_open": False,
}
TITLE = "StabTrend 2.4 against Part 11"
PURPOSE = (
    "Use of StabTrend 2.4 for the stability data of both injectables: results typed by two analysts, reviewed by the "
    "laboratory's head, reported once a quarter. It has accounts and a change log, and no electronic signatures."
)
FILES = {
    "tests": (
        "stabtrend-test-report.csv",
        (
            ("test", "what was done", "what was seen", "result"),
            ("T-01", "Fitted ten published data sets", "Slopes agree to six digits", "pass"),
            (
                "T-02",
                "Changed a stored result in the database",
                "The page shows the new value without any sign",
                "fail",
            ),
            ("T-03", "Exported a study as CSV and PDF", "All 240 results, units and dates are there", "pass"),
            ("T-04", "Deleted a study as its owner", "Refused", "pass"),
            ("T-05", "Opened each page without an account", "Every page asks for sign-in", "pass"),
            (
                "T-06",
                "Corrected a result",
                "The log shows who, when and the new value; no old value, no reason",
                "fail",
            ),
            ("T-07", "Entered a result before its pull date", "Refused", "pass"),
            ("T-08", "Tried each act in each of the three roles", "As the role table says", "pass"),
            ("T-09", "Made the same user name twice, in other case too", "Refused", "pass"),
            ("T-10", "Typed a wrong password twelve times", "Locked after ten; nobody is told", "fail"),
        ),
    ),
    "supplier": (
        "stabtrend-supplier-answers.csv",
        (
            ("question", "answer"),
            ("Q-01 quality system", "ISO 9001 certificate seen; reviews and tests of each release described"),
            ("Q-02 developers", "Training and experience of the four maintainers listed"),
            ("Q-03 documentation", "Manual for each release; no list of changes to the manual"),
            ("Q-04 next version", "Old value and reason in the log: version 3.0, announced for next summer"),
        ),
    ),
    "procedures": (
        "stabtrend-procedures.csv",
        (
            ("procedure", "title", "version"),
            ("SOP-021", "Accountability for signatures", "4"),
            ("SOP-044", "Accounts and access reviews", "6"),
            ("SOP-118", "Print, check and sign results of tools without signatures", "1"),
            ("SOP-130", "Training in the laboratory", "3"),
            ("SOP-151", "Distribution of working instructions", "2"),
            ("SOP-170", "Backup and restore of laboratory servers", "5"),
        ),
    ),
}
PRINT = "Each quarter's table is printed with its SHA-256, checked against the laboratory notebook by a second analyst and signed by hand under SOP-118; the signed print is the record."
VERSION_3 = "Install version 3.0, which keeps old value and reason, and repeat test T-06 before use."
DIRECTORY = (
    "Sign in through the company's directory, which ages passwords and reports attempts to the security officer."
)
HANDWRITTEN = "Nothing is signed in this tool: approvals are signed by hand on the print under SOP-118."
ANSWERS: tuple[tuple[Any, ...], ...] = (
    ("11.10", "partly", "Results are authentic while few people have access; a change in the database would not show, and nothing is signed in the tool.", {"tests": "T-02"}, "high", "", PRINT, "maria", 45),
    ("11.10(a)", "partly", "The arithmetic is validated; an altered result is not discernible in the tool itself.", {"tests": "T-01 passed, T-02 failed"}, "high", "A nightly export with SHA-256 into the write-once archive, compared each week by a script.", PRINT, "ada", 90),
    ("11.10(b)", "yes", "", {"tests": "T-03"}),
    ("11.10(c)", "partly", "Owners cannot delete a study, but the database's administrator can; there is no retention in the tool.", {"tests": "T-04", "procedures": "SOP-170"}, "medium", "The nightly export is kept for the whole retention time of the study.", "The signed prints go to the archive room with the stability report.", "ada", 90),
    ("11.10(d)", "yes", "", {"tests": "T-05", "procedures": "SOP-044"}),
    ("11.10(e)", "partly", "The log tells who, when and the new value; it keeps neither old value nor reason.", {"tests": "T-06", "supplier": "Q-04"}, "high", VERSION_3, "A correction is written on form F-211 with old value and reason, signed and dated, and filed with the print.", "vera", 240),
    ("11.10(f)", "yes", "", {"tests": "T-07"}),
    ("11.10(g)", "yes", "", {"tests": "T-08"}),
    ("11.10(h)", "partly", "Results are typed; the tool cannot tell from which balance or chromatograph they come.", {"procedures": "SOP-118"}, "medium", "", "A second analyst compares every typed result with the instrument's print and initials both.", "maria", 45),
    ("11.10(i)", "yes", "", {"supplier": "Q-02", "procedures": "SOP-130"}),
    ("11.10(j)", "yes", "", {"procedures": "SOP-021"}),
    ("11.10(k)(1)", "yes", "", {"procedures": "SOP-151"}),
    ("11.10(k)(2)", "partly", "The supplier's manual has no history of its changes.", {"supplier": "Q-03"}, "low", "", "The manual of each release is compared with the one before when it is installed, and the differences are filed with the change.", "vera", 120),
    ("11.30", "na", "A closed system: the server answers only inside the laboratory's network, whose people the site itself lets in.", {}),
    ("11.50(a)", "no", "The tool has no signatures and prints no name, date and meaning of one.", {}, "high", "", "The print carries fields for name, date and meaning, filled in by hand under SOP-118.", "maria", 45),
    ("11.50(b)", "no", "As for 11.50(a): nothing about a signature is kept in the tool.", {}, "high", "", "The signed print is scanned and kept with the study under the same number.", "maria", 45),
    ("11.70", "partly", "The handwritten signature stands on paper; only the SHA-256 printed beside it links it to the electronic table.", {"procedures": "SOP-118"}, "medium", "The page prints the SHA-256 of the table it shows; a script recomputes it from the export.", "The reviewer compares printed and recomputed SHA-256 before signing.", "vera", 90),
    ("11.100(a)", "yes", "", {"tests": "T-09", "procedures": "SOP-044"}),
    ("11.100(b)", "na", HANDWRITTEN, {}),
    ("11.100(c)", "na", HANDWRITTEN, {}),
    ("11.200(a)(1)", "na", HANDWRITTEN, {}),
    ("11.200(a)(1)(i)", "na", HANDWRITTEN, {}),
    ("11.200(a)(1)(ii)", "na", HANDWRITTEN, {}),
    ("11.200(a)(2)", "na", HANDWRITTEN, {}),
    ("11.200(a)(3)", "na", HANDWRITTEN, {}),
    ("11.200(b)", "na", "The tool takes no biometric measure of anybody.", {}),
    ("11.300(a)", "yes", "", {"tests": "T-09"}),
    ("11.300(b)", "partly", "Access is reviewed twice a year under SOP-044, but passwords never age.", {"procedures": "SOP-044"}, "medium", DIRECTORY, "Until then the administrator asks for a new password at each access review.", "ada", 120),
    ("11.300(c)", "na", "Nobody holds a token or card for this tool.", {}),
    ("11.300(d)", "partly", "An account is locked after ten wrong passwords, and nobody is told.", {"tests": "T-10"}, "medium", DIRECTORY, "The laboratory's head reads the server's log each Monday and initials the list.", "ada", 120),
    ("11.300(e)", "na", "Nobody holds a device that makes codes for this tool.", {}),
)  # fmt: skip
DETERMINATION: dict[str, Any] = {
    "title": "Stability results in StabTrend",
    "what": "Assay results of the stability study with their dates, and the trend fitted to them, as typed by the analysts.",
    "predicate_rule": "21 CFR 211.166, 211.194",
    "replaces_paper": False,
    "is_relied_on": True,
    "is_signed": False,
    "is_raw_data": False,
    "primary_form": "both",
    "decision": "controlled",
    "decision_reason": "The instrument's print is the raw data, but the shelf life is read from the electronic trend, so the electronic results are relied on.",
    "kept_under": "gmp_batch",
}
