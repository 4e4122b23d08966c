"""The words of the house that a newcomer may not know, each in one sentence. Pure."""

from __future__ import annotations

TERMS: dict[str, str] = {
    "AQL": "Acceptable quality limit: the worst average quality that a sampling plan still accepts.",
    "Audit trail": "The list of all events on a record: who did what, when and why. Nobody can change or delete it.",
    "CA": "Certificate authority: the part that issues the certificates which signatures rest on.",
    "CAPA": "Corrective and preventive action.",
    "CCB": "Change control board: the people who decide on a change together.",
    "Ceremony": "One person signing one version with one meaning, from opening the page to the signature.",
    "CMS": "Cryptographic message syntax: the file format of a signature, which common tools can check.",
    "Content hash": "The SHA-256 of exactly what was signed. If one character changes, the hash changes.",
    "Controlled record": "A record that must be kept under a regulation: a batch, a protocol, a change request.",
    "Digest": "A short number computed from data. Equal data give equal digests; changed data give another.",
    "Disposition": "What quality assurance decides for a batch: released, rejected, on hold or to inspect again.",
    "IQ": "Installation qualification: proof that the system is installed as specified.",
    "Ledger": "All events in one sealed sequence, so that rewriting any of them would show.",
    "Manifestation": "How a signature shows: printed name, role, date and time, meaning and reason.",
    "Meaning": "What a signature says: authorship, review, approval, responsibility.",
    "OQ": "Operational qualification: proof that the system does what its requirements say.",
    "Override": "A person's decision on an image that differs from the model's, with a reason.",
    "PQ": "Performance qualification: proof that the process works with the system in daily use.",
    "QA": "Quality assurance.",
    "Random check": "Accepted units drawn at random, which a person looks at to check the model.",
    "Rendition": "The PDF of a version with its signatures: a true copy of the record in the database.",
    "Second person": "Another qualified person who must confirm a decision before it counts.",
    "Signing route": "Who must sign, with which meanings, in what order, and who may not be the same person.",
    "Undecided": "The model's score lies between its limits, so a person always looks at the image.",
    "URS": "User requirements specification: what the users need the system to do.",
    "UTC": "Coordinated universal time: the same everywhere, without summer time.",
    "Version": "A frozen copy of a record's content. People sign versions, and a version never changes.",
}
