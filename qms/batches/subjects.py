"""What a batch record tells the signing page and its PDF about itself."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import QuerySet
from PIL import Image

from qms.batches.access import batches_for
from qms.batches.challenges import region_of
from qms.batches.content_summary import PrintedOverride, summarise_content
from qms.batches.inference import CROP_MARGIN, decode_image
from qms.batches.models import BatchRecord
from records.errors import Refusal
from records.evidence import Actor
from records.stores import file_store
from signatures.subjects import Facts, Subject, SubjectFile, register_subject

#: Side of a picture in the PDF, and how many of them it carries.
PICTURE_PIXELS: Final = 240
PICTURES_AT_MOST: Final = 60


def batch_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    lot, model = content["lot"], content["model"]
    counts = summarise_content(content)
    waited = sum(bool(row.verified_by) for row in counts.overrides)
    aql, row = content["aql"], content["reconciliation"]
    facts = [
        ("Lot", f"{lot['number']}, {lot['product_name']}, {lot['container']}"),
        ("Model", f"{model['name']} {model['version']} ({model['number']})"),
        ("Units", f"{counts.inspected} inspected: {counts.accepted} accepted, {counts.rejected} rejected"),
        ("Overrides", f"{len(counts.overrides)} ({waited} verified by a second person)"),
        ("AQL sample", "not drawn" if not aql else ("passed" if aql["passed"] else "failed or not entered")),
    ]
    if row:
        facts.append(("Received", f"{row['received']}, destroyed {row['destroyed']}"))
    if content["investigations"]:
        opened = sum(not found["closed_by"] for found in content["investigations"])
        facts.append(("Investigations", f"{len(content['investigations'])}, {opened} not concluded"))
    return facts


def batch_rendition(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the PDF's body prints beside the content: its counts, and pictures of the overrides."""
    summary = summarise_content(content)
    pictured = [
        dataclasses.replace(row, picture=draw_picture(row)) if place < PICTURES_AT_MOST else row
        for place, row in enumerate(summary.overrides)
    ]
    return {"summary": dataclasses.replace(summary, overrides=pictured)}


def draw_picture(row: PrintedOverride) -> str:
    """Return a unit's part of its photograph as a data address, or nothing where it cannot be read.

    The bytes follow from the signed file's hash and region alone, so a PDF made again is the same.
    """
    try:
        photograph = decode_image(file_store().read_checked(row.sha256))
    except Refusal:
        return ""
    box = region_of(row.region)
    if box is not None:
        photograph = photograph.crop(box.square_crop(photograph.width, photograph.height, margin=CROP_MARGIN))
    photograph.thumbnail((PICTURE_PIXELS, PICTURE_PIXELS), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    photograph.save(buffer, "JPEG", quality=80, optimize=False, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def visible_batches(actor: Actor) -> QuerySet[BatchRecord]:
    """Return the batches a person may see."""
    return batches_for(actor.user_id)


def batch_files(batch: BatchRecord) -> Iterator[SubjectFile]:
    """Yield the photographs of a batch as they came in, in their order."""
    for image in batch.images.order_by("position").iterator(chunk_size=500):
        yield SubjectFile(f"{image.unit_id}-{image.name}", image.original_id, "photograph")


SUBJECT = register_subject(
    Subject(
        "batches.batchrecord",
        url_name="batches:batch-detail",
        facts=batch_facts,
        rendition_template="batches/rendition.html",
        rendition_context=batch_rendition,
        visible=visible_batches,
        pages={
            "sign_review": "batches:check-answers",
            "sign_trail_review": "batches:trail",
            "release": "batches:disposition",
            "reject": "batches:disposition",
            "hold": "batches:disposition",
            "reinspect": "batches:disposition",
        },
        files=batch_files,
    )
)
