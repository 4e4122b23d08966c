"""The acts on periodic reviews, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "validation.review.begun": ("began {number}: {title}", "change"),
        "validation.review.gathered": ("gathered the facts of {number} up to {until}", "change"),
        "validation.review.concluded": ("wrote conclusions of {number}: {topics}", "change"),
        "validation.review.approved": ("signed {number}", "signature"),
        "validation.system.review_set": ("set the next periodic review of {number} to {day} by {review}", "change"),
    }
)
