"""The acts of model versions, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "releases.model.registered": ("registered {number}: {title}", "change", True),
        "releases.model.released": ("released {number}", "signature"),
        "releases.model.retired": ("retired {number}", "signature"),
        "releases.artefact.stored": ("stored the model file {sha256}", "change"),
    }
)
