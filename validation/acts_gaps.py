"""The acts of gap assessments and record determinations, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "validation.gaps.drafted": ("began {number}: {title}", "change"),
        "validation.gaps.answered": ("answered {clauses} of {number}", "change"),
        "validation.gaps.evidence": ("added {name} to the evidence of {number}", "change"),
        "validation.gaps.unlinked": ("took {names} off the evidence of {citation} in {number}", "change"),
        "validation.gaps.approved": ("approved {number}", "signature"),
        "validation.gaps.revised": ("opened {number} for revision", "change", True),
        "validation.gaps.retired": ("retired {number}", "signature"),
        "validation.gap.closed": ("closed the remediation of {citation} in {number}", "change", True),
        "validation.determination.drafted": ("drafted {number}: {title}", "change"),
        "validation.determination.decided": ("determined {number}", "signature"),
        "validation.determination.revised": ("opened {number} for revision", "change", True),
        "validation.determination.retired": ("retired {number}", "signature"),
    }
)
