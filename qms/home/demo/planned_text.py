"""What the people of the demonstration planned and concluded about the site and its pipeline. Text only."""
# ruff: noqa: E501  a row of a table is one line

from __future__ import annotations

MASTER_TITLE = "Validation of the demonstration plant"
MASTER = {
    "policy": "Every computerised system that decides on or records product quality is validated before use and kept validated, under 21 CFR 211.68, 21 CFR Part 11 and EU GMP Annex 11 and 15. Nothing learns while it is in use.",
    "organisation": "Validation engineers plan, test and report. A reviewer who did not execute reviews each run. The process owner answers for the fitness, the quality unit approves plans, protocols and reports. Administrators install and hold no quality role.",
    "systems": "The list is the inventory of this plant. Office software without GxP use is left out.",
    "ai_models": "A model is a category 5 item on its platform. It is identified by name, version and the SHA-256 of its file, released by two signatures, and pinned by each batch. Its test data were never used to train it.",
    "strategy": "Category and GxP relevance decide which stages a system goes through: IQ and OQ for whatever decides or records, PQ where performance depends on the product. Functions of high risk priority are tested at their limits; those of low priority once.",
    "acceptance": "Criteria stand in the protocol before its approval. A change of a criterion after the first run is a deviation.",
    "changes": "Changes go through change control, with the stages repeated that they touch. A step that fails is a deviation, investigated and disposed of by quality before it is run again; the failed run stays.",
    "revalidation": "A system whose items are not those of its report counts as changed until a new report is signed. Each system is reviewed once a year.",
    "documents": "Validation plan, requirements, risk matrix, protocols, executions, deviations and summary report of each system, kept under their numbers in this software for as long as any batch relies on them.",
}
PLAN_TITLE = "Validation of the vial inspection pipeline"
STAGES = ("iq", "oq", "pq")
PLAN = {
    "purpose": "The pipeline on lines 1 and 2, used to inspect labelled vials of 2R for mix-ups. Particles and cosmetic defects are left out: people inspect for those.",
    "description": "A camera station delivers photographs with a signed manifest; a released model decides; people see every doubtful vial; quality disposes of the lot. No other system writes into it.",
    "roles": "Vera Lind writes, executes the OQ and reports; Tomas Vidal executes IQ and PQ and leads the study. Rita Berg reviews the OQ, Vera Lind what Tomas Vidal executed. Maria Chen owns the process, Ada Minh the system. Quentin Abel approves for quality.",
    "risk": "Each requirement has one rated failure mode. All of high priority are tested with a challenge that must fail if the function is missing; those of medium and low priority by one step.",
    "strategy": "IQ shows that the released software and model are what is installed. OQ shows that images stay whole, that a person sees every doubtful vial, and that only quality releases. PQ shows by a Knapp study of 250 containers that the machine is equal to people or better.",
    "acceptance": "Every requirement of the baseline has a step that passed in a reviewed run, or a failure that quality accepted with its reason. No deviation is open.",
    "environment": "The demonstration plant itself. The photographs of lot L-70107 were taken after the model was trained; their SHA-256 are not among those of the training set.",
    "deviations": "As in the master plan. A corrected software is a new item, and the steps that it touches are run again.",
    "training": "SOP-114 version 3 for operators, second inspectors and reviewers; read and signed before the first lot.",
    "revalidation": "A new model version, another camera or another product repeats OQ and PQ. The next periodic review is due a year after the report.",
    "references": "Validation master plan of the site; SOP-114; 21 CFR 211.22, 211.68; EU GMP Annex 1 §8.32, Annex 11, Annex 15.",
}
COMMENT = (
    "environment",
    "Who saw that none of these photographs was used for training, and where is that kept?",
    "The data sets of this system hold both sets by SHA-256, and their overlap is looked for before the test set is sealed.",
)
IQ_TITLE = "Installation of the vial inspection pipeline"
IQ_PURPOSE = "Shows that what is installed is what was released, and that the plant around it works."
IQ_STEPS = (
    (("URS-002",), "Compare the SHA-256 of the installed model with that of its release.", "Both are the same.", "All 64 digits agree."),
    (("URS-001",), "Open the page of station CAM-1.", "Its key is in force and its qualification has not ended."),
    (("URS-006",), "Open the system page and read clock, sealing and backup.", "No line fails."),
)  # fmt: skip
IQ_ENVIRONMENT = "Demonstration plant, Countersign 0.1.0"
REPORT = {
    "summary": "Installation, operation and performance were tested against the approved baseline. One step of the OQ failed: the queue of the second person did not show the reason of an override. The cause was corrected and the step passed in the next run; the failed run stands in this report. The Knapp study found the machine at least as good as five inspectors, without a critical miss.",
    "limits": "Only for vials of 2R of the two injectables, only for mix-ups, only with the model listed here. Particles and cosmetic defects are inspected by people.",
    "conclusion": "The pipeline is fit for its use within these limits. It is recommended for release to routine use.",
}
