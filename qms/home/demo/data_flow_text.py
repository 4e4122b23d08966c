"""The texts of the demonstration's data-flow diagram: the vial pipeline from image capture to disposition."""

TITLE = "Vial images and results, from capture to disposition"
SCOPE = (
    "Every record of the automated visual inspection of a lot: where it is created, what changes it, where it is kept, "
    "and which outside systems it goes to."
)

#: Outside systems that the inventory holds, with the version of their agreement.
INTERFACES = (("ERP", "interface agreement 2"),)

#: Key, name, kind, records, controls.
STAGES = (
    ("camera", "Inspection station", "create", "photographs, manifest", ("access_control", "time_stamp", "signature")),
    ("operator", "Lot entry", "create", "lot, units received", ("access_control", "audit_trail")),
    ("import", "Delivery check", "process", "photographs, manifest", ("integrity_check", "reconciliation")),
    (
        "files",
        "File store",
        "store",
        "photographs under their SHA-256",
        ("access_control", "audit_trail", "integrity_check", "backup"),
    ),
    ("model", "Model run", "process", "scores, model version", ("integrity_check", "audit_trail")),
    (
        "review",
        "Review by a person",
        "process",
        "decisions, reasons",
        ("access_control", "audit_trail", "second_person"),
    ),
    (
        "database",
        "Batch records",
        "store",
        "results, decisions, signatures",
        ("access_control", "audit_trail", "integrity_check", "encryption", "backup"),
    ),
    ("disposition", "Disposition", "process", "signed disposition", ("access_control", "signature", "audit_trail")),
    (
        "ledger",
        "Sealed ledger and archive",
        "store",
        "events, checkpoints, signed versions",
        ("audit_trail", "integrity_check", "time_stamp", "archive"),
    ),
    ("erp", "ERP", "interface", "lot status", ("access_control",)),
)

#: Key, from, to, data, controls.
LINKS = (
    ("1", "camera", "import", "signed delivery: photographs and manifest", ("integrity_check", "encryption")),
    ("2", "operator", "database", "lot and units received", ("integrity_check", "access_control")),
    ("3", "import", "files", "checked photographs", ("integrity_check", "reconciliation")),
    ("4", "import", "database", "units and their SHA-256", ("integrity_check", "reconciliation")),
    ("5", "files", "model", "photographs", ("integrity_check",)),
    ("6", "model", "database", "one result per photograph", ("integrity_check", "reconciliation")),
    ("7", "files", "review", "photographs as shown", ("integrity_check", "access_control")),
    ("8", "database", "review", "results that wait for a person", ("integrity_check", "access_control")),
    ("9", "review", "database", "decisions with their reasons", ("integrity_check", "access_control")),
    ("10", "database", "disposition", "the reviewed batch record", ("integrity_check", "access_control")),
    ("11", "disposition", "database", "the signed disposition", ("integrity_check",)),
    ("12", "database", "ledger", "events and signed versions", ("integrity_check", "time_stamp")),
    ("13", "disposition", "erp", "released or rejected", ("integrity_check", "encryption")),
)
