"""Review comments: what somebody has to say beside a part of a document under review, and how it was settled."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord, DatabaseClock, Version


class ReviewComment(models.Model):
    """A remark on one part of a document, or on one paragraph of it. Append-only, and no part of what is signed.

    ``place`` is the part's key; ``heading`` and ``quote`` are how part and paragraph read at the time, so that the
    comment is understood beside every later version. ``version`` is the frozen version that read so; None on a draft
    that nobody had signed. Serves: 21 CFR 11.10(e); EU GMP Annex 15 §1.5.
    """

    record = models.ForeignKey(ControlledRecord, on_delete=models.PROTECT, related_name="review_comments")
    place = models.CharField(max_length=60)
    heading = models.CharField(max_length=200)
    quote = models.TextField(blank=True)
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.heading}: {self.text[:40]}"


class CommentEntry(models.Model):
    """What followed on a comment: an answer, or its end, of which it has one. Append-only."""

    class Kind(models.TextChoices):
        ANSWER = "answer", "Answered"
        SETTLED = "settled", "Settled"
        TAKEN_BACK = "taken_back", "Taken back"

    comment = models.ForeignKey(ReviewComment, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField(blank=True)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(db_default=DatabaseClock())

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "comment entries"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("comment",), condition=models.Q(kind__in=("settled", "taken_back")), name="comment_ends_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.comment_id}"
