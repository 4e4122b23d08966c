"""The acts of the demonstration, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "home.demonstration.made": ("made the demonstration plant: {people} people, {lots} lots", "system"),
    }
)
