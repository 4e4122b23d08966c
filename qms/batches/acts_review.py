"""The acts of review and disposition, each with the sentence that the timeline prints."""

from records.acts import register

UNITS = {
    "batches.unit.agreed": ("agreed with the model on unit {unit}: {verdict}", "change"),
    "batches.unit.overridden": ("overrode the model on unit {unit}: {was} → {verdict}", "change", True),
    "batches.unit.decided": ("decided unit {unit}, which the model left undecided: {verdict}", "change"),
    "batches.unit.undone": ("took back the decision on unit {unit}: {was} → {verdict}", "change"),
    "batches.override.verified": ("verified the override of unit {unit} by {by}: {verdict}", "change"),
    "batches.override.refused": ("did not verify the override of unit {unit} by {by}", "change", True),
}

SAMPLE = {
    "batches.aql.drawn": ("drew the AQL sample of {number}: {n} of {accepted} accepted units", "change"),
    "batches.aql.inspected": ("entered the AQL findings of {number}: {summary}", "change"),
    "batches.reconciliation.counted": ("reconciled {number}: {summary}", "change"),
    "batches.investigation.closed": ("concluded the investigation “{trigger}” of {number}", "change", True),
}

DISPOSITION = {
    "batches.review.signed": ("completed the review of {number}", "signature"),
    "batches.trail.reviewed": ("completed the audit trail review of {number}", "signature"),
    "batches.batch.returned": ("returned {number} to review", "change", True),
    "batches.batch.released": ("released {number}", "signature"),
    "batches.batch.rejected": ("rejected {number}", "signature"),
    "batches.batch.held": ("put {number} on hold", "signature"),
    "batches.batch.sent_back": ("sent {number} to be inspected again", "signature"),
}

ACTS = register({**UNITS, **SAMPLE, **DISPOSITION})
