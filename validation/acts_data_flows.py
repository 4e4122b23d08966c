"""The acts on data-flow diagrams, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "validation.data_flow.drafted": ("drafted {number}: {title}", "change"),
        "validation.data_flow.changed": ("changed {number}: {summary}", "change"),
        "validation.data_flow.explained": ("gave a reason for a finding of {number}: {finding}", "change", True),
        "validation.data_flow.approved": ("approved {number}", "signature"),
        "validation.data_flow.revised": ("opened {number} for revision", "change", True),
        "validation.data_flow.retired": ("retired {number}", "signature"),
    }
)
