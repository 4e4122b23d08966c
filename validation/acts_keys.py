"""The acts of the keys of test tools, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "validation.key.made": ("made the key “{key}” for results of {number}, good until {until}", "security"),
        "validation.key.revoked": ("revoked the key “{key}” of {owner} for {number}", "security", True),
        "validation.key.unknown": ("offered a key that nobody made for results of {wanted}", "security"),
        "validation.key.misused": ("offered the key “{key}” of {owner} for results of {wanted}: {code}", "security"),
        "validation.results.delivered": (
            "recorded {steps} of {number} from {name}, delivered with the key “{key}”: {summary}{left}",
            "change",
        ),
        "validation.results.refused": ("delivered results to {number} with the key “{key}”: {code}", "security"),
    }
)
