"""The sections of a validation master plan and of a system's validation plan, with what belongs into each. Pure.

An approved plan keeps the headings it was drafted with; a change here shows in the next draft.
Serves: EU GMP Annex 15 §1.4, 1.5, 2.2; Annex 11 §4.
"""

from __future__ import annotations

from dataclasses import dataclass

MASTER, SYSTEM = "master", "system"


@dataclass(frozen=True, slots=True)
class SectionTemplate:
    """One section: its lasting key, its heading, and what its author writes into it.

    ``list_name`` names the list of the inventory that the section shows beside its text.
    """

    key: str
    heading: str
    guidance: str
    list_name: str = ""


MASTER_SECTIONS = (
    SectionTemplate("policy", "Validation policy", "Say what the company validates, why, and by which rules."),
    SectionTemplate(
        "organisation", "Organisation and responsibilities", "Name who plans, tests, reviews, owns and approves."
    ),
    SectionTemplate(
        "systems",
        "Systems and their status",
        "The list is taken from the inventory. Say what it covers and what is left out, with the reason.",
        "systems",
    ),
    SectionTemplate(
        "ai_models",
        "AI models as configuration items",
        "The list is taken from the inventory. Say how models and their data sets are identified, pinned and released; "
        "none learns while in use.",
        "ai_models",
    ),
    SectionTemplate(
        "strategy",
        "Strategy",
        "Say how category, GxP relevance and risk decide which stages a system goes through, and what suppliers show.",
    ),
    SectionTemplate(
        "acceptance", "Acceptance criteria", "Say how criteria are set before a test, and who may change them."
    ),
    SectionTemplate(
        "changes", "Changes and deviations", "Say how changes are controlled and how deviations are investigated."
    ),
    SectionTemplate(
        "revalidation",
        "Re-validation and periodic review",
        "Say which changes ask for which stages again, and how often each system is reviewed.",
    ),
    SectionTemplate(
        "documents",
        "Documents and references",
        "Name the documents of a validation, their numbers, and where they are.",
    ),
)
SYSTEM_SECTIONS = (
    SectionTemplate(
        "purpose", "Purpose and scope", "Say what is validated, for which use and where, and what is left out and why."
    ),
    SectionTemplate(
        "description",
        "System and configuration items",
        "The list is taken from the inventory. Describe the system, its interfaces, and each model and data set in it.",
        "items",
    ),
    SectionTemplate(
        "roles", "Roles and responsibilities", "Name the authors, executors, reviewers, owners and the quality unit."
    ),
    SectionTemplate(
        "risk",
        "Risk and extent of testing",
        "Say how the rated risks decide what is tested and how hard. The figures are taken from the requirements.",
        "risk",
    ),
    SectionTemplate(
        "strategy", "Stages and test strategy", "Say what IQ, OQ and PQ each show, or why a stage is not needed."
    ),
    SectionTemplate("acceptance", "Acceptance criteria", "Say what must be met before the system is called validated."),
    SectionTemplate(
        "environment",
        "Environment and test data",
        "Say where the tests run, and why the data are representative and were never trained on.",
    ),
    SectionTemplate(
        "deviations", "Deviations and changes", "Say how failed steps and changes during the validation are handled."
    ),
    SectionTemplate(
        "training",
        "Procedures and training",
        "Name the procedures, the manuals, and who is trained on what before use.",
    ),
    SectionTemplate(
        "revalidation",
        "Keeping the validated state",
        "Say how changes, monitoring and periodic review keep the system validated.",
    ),
    SectionTemplate("references", "References", "Name the master plan, procedures and rules that this plan rests on."),
)
TEMPLATES = {MASTER: MASTER_SECTIONS, SYSTEM: SYSTEM_SECTIONS}
LISTS = {row.key: row.list_name for sections in TEMPLATES.values() for row in sections if row.list_name}
