"""The acts of Knapp studies and data sets, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "validation.study.designed": ("designed {number}: {title}", "change"),
        "validation.study.edited": ("changed {number}: {what}", "change"),
        "validation.study.approved": ("approved the design of {number}", "signature"),
        "validation.study.revised": ("opened the design of {number} for revision", "change", True),
        "validation.study.runs_imported": ("imported {count} runs into {number}: {runs}", "change"),
        "validation.study.runs_replaced": ("imported {count} runs into {number} again: {runs}", "change", True),
        "validation.study.concluded": ("wrote the conclusion of {number}", "change"),
        "validation.study.reported": ("approved the report of {number}", "signature"),
        "validation.study.abandoned": ("abandoned {number}", "signature"),
        "validation.dataset.begun": ("began {number}: {title}", "change"),
        "validation.dataset.edited": ("changed {number}: {what}", "change"),
        "validation.dataset.items_imported": ("imported {count} items into {number}", "change"),
        "validation.dataset.item_excluded": ("excluded {name} from {number}", "change", True),
        "validation.dataset.approved": ("approved {number}", "signature"),
        "validation.dataset.sealed": ("sealed {number} with its criteria", "signature"),
        "validation.dataset.revised": ("opened {number} for revision", "change", True),
        "validation.dataset.opened": ("opened the sealed set {number}", "signature"),
        "validation.dataset.manifest_read": ("read the manifest of {number}", "access"),
        "validation.dataset.consumed": ("marked {number} as consumed", "change", True),
        "validation.dataset.retired": ("retired {number}", "signature"),
    }
)
