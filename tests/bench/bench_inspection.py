"""An inspection run with everything recorded, beside a bare ONNX Runtime loop over the same files."""

from __future__ import annotations

import io
import statistics
import time

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from qms.batches.importing import take_chosen
from qms.batches.inspecting import work_off_run
from qms.batches.model_pinning import load_pinned_model
from qms.batches.models import BatchRecord
from qms.batches.runs import start_inspection
from records.stores import file_store
from tests.bench.measuring import report
from tests.plant_data import MODELS, Plant, batch_open, delivery_files, make_plant, offer, photographs

pytestmark = pytest.mark.django_db(transaction=True)

IMAGES = 100
ROUNDS = 4


def bare_loop(batch: BatchRecord) -> float:
    """Read, decode, cut, resize and run each file as a plain script would; return the seconds."""
    session = onnxruntime.InferenceSession(
        str(MODELS / "vial_identity_candidate.onnx"), providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    files = [(file_store().path_of(image.original_id), image.region or {}) for image in batch.images.all()]
    started = time.perf_counter()
    for path, region in files:
        picture = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
        x, y, width, height = (float(region[key]) for key in ("x", "y", "width", "height"))
        left, top = (x - width / 2) * picture.width, (y - height / 2) * picture.height
        box = (int(left), int(top), int(left + width * picture.width), int(top + height * picture.height))
        pixels = np.asarray(picture.crop(box).resize((96, 96)), dtype=np.float32) / 255
        session.run(None, {name: pixels.transpose(2, 0, 1)[None]})
    return time.perf_counter() - started


def start_batch(plant: Plant) -> BatchRecord:
    """Return a batch whose images are in and whose run waits for a worker."""
    batch = batch_open(plant, units=IMAGES)
    made = offer(plant, batch, delivery_files(plant, batch, photographs(IMAGES, mix_ups=5)))
    take_chosen(made.pk)  # what the worker does for a set of this size
    return start_inspection(BatchRecord.objects.get(pk=batch.pk), actor=plant.operator.actor())


def test_an_inspection_run(operator, qa_manager, data_scientist):
    plant = make_plant(operator=operator, qa_manager=qa_manager, data_scientist=data_scientist)
    ratios = []
    for _ in range(ROUNDS):
        batch = start_batch(plant)
        load_pinned_model(batch)  # both begin with the file in the page cache
        bare = bare_loop(batch)
        started = time.perf_counter()
        work_off_run(batch.runs.get().pk)
        ratios.append(bare / (time.perf_counter() - started))
        assert BatchRecord.objects.get(pk=batch.pk).state == "in_review"
    ratio = statistics.median(ratios[1:])
    report(
        f"inspection run of {IMAGES} images, challenges and results recorded, to a bare ONNX loop",
        f"{ratio:.2f} x",
        ">= 0.80 x",
        is_reached=ratio >= 0.80,
    )
