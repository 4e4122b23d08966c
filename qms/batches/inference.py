"""Running a pinned ONNX model over photographs, and turning its scores into an outcome.

Owns four steps, each pure but for reading the model file: load exactly the released
bytes, prepare a photograph exactly as in training, predict, decide. The model
recommends; a unit below its threshold, without a region or with odd scores goes to a
person, never to "good" (draft Annex 22, 9). It never writes a record.

Bit-equality of scores holds for one ONNX Runtime build on one processor family and is
independent of batch size; ``ModelIdentity`` says on what a run was made.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import platform
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image, ImageOps

from qms.batches.errors_images import (
    DecisionRuleInvalid,
    ImageUndecodable,
    ModelFileChanged,
    ModelFileMissing,
    ModelUnusable,
    RegionInvalid,
)
from qms.batches.regions import Region

PREPROCESSING: Final = "vial-crop-1"
INPUT_SIDE: Final = 96
CROP_MARGIN: Final = Decimal("1.15")
BATCH_SIZE: Final = 32
#: Decoding is most of the work and releases the interpreter lock.
DECODERS: Final = 2
#: A crop with a shorter side shows no vial that anyone could judge. Units: pixels.
MIN_CROP: Final = 8
#: One pixel more is refused before it is decoded (see records.uploads).
MAX_PIXELS: Final = 40_000_000
#: Scores are recorded, and decided upon, with six digits after the point.
SCORE_STEP: Final = Decimal("0.000001")
#: How far the scores of one unit may be from adding up to 1.
SUM_TOLERANCE: Final = Decimal("0.001")

_NO_PROBABILITIES: Final = "The model's scores are not probabilities."
_PROVIDER: Final = "CPUExecutionProvider"
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
#: What Pillow's decoders raise on damaged files.
_DECODER_ERRORS: Final = (
    OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError, MemoryError,
    struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip

Pixels = npt.NDArray[np.float32]
OutcomeKind = Literal["good", "reject", "undecided"]


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What exactly answered: the model's bytes, the runtime, the processor, the options."""

    sha256: str
    runtime: str
    provider: str
    machine: str
    options: str
    preprocessing: str


class Session(Protocol):
    """What a run needs of a loaded model."""

    def run(self, output_names: list[str], inputs: dict[str, Pixels], /) -> Sequence[Pixels]:
        """Return the named outputs for these inputs."""
        ...


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """A loaded model together with the identity of the bytes that were loaded."""

    session: Session
    identity: ModelIdentity
    input_name: str
    output_name: str
    class_count: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's answer for one unit: scores in class order, or why there are none."""

    key: str
    scores: tuple[Decimal, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the model recommends for a unit; ``reason`` is a sentence for the reviewer."""

    kind: OutcomeKind
    defect: str
    score: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """A released model's classes and thresholds for one product.

    ``class_to_defect`` names the defect class of the library for each other model class.
    Raises (when made): DecisionRuleInvalid. Units: thresholds as probabilities.
    """

    classes: tuple[str, ...]
    expected_class: str
    accept_at: Decimal
    reject_at: Decimal
    class_to_defect: Mapping[str, str]

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise DecisionRuleInvalid(why="the model's classes must be at least two, each once")
        if self.expected_class not in self.classes:
            raise DecisionRuleInvalid(why=f"the model does not know the class {self.expected_class}")
        for name, value in (("accept", self.accept_at), ("reject", self.reject_at)):
            if not value.is_finite() or not Decimal("0.5") < value <= 1:
                raise DecisionRuleInvalid(why=f"the {name} threshold {value} is not above 0.5 and at most 1")


def load_model(path: Path, *, expected_sha256: str) -> PinnedModel:
    """Load the released model, hashing the very bytes that are handed to the runtime.

    Serves: 21 CFR 11.10(a), draft Annex 22, 10. Raises: ModelFileMissing,
    ModelFileChanged, ModelUnusable.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileMissing(name=path.name) from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected_sha256:
        raise ModelFileChanged(name=path.name, expected=expected_sha256, found=found)
    try:
        session = onnxruntime.InferenceSession(content, _session_options(), providers=[_PROVIDER])
    except Exception as error:  # the runtime's own exceptions share no base class
        raise ModelUnusable(name=path.name, why="ONNX Runtime does not accept it") from error
    return _pin(session, name=path.name, sha256=found)


def decode_image(content: bytes) -> Image.Image:
    """Decode a photograph upright, as RGB. Raises: ImageUndecodable."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ImageUndecodable(why=f"it has more than {MAX_PIXELS // 1_000_000} million pixels")
            upright = ImageOps.exif_transpose(image)
            return upright if upright.mode == "RGB" else upright.convert("RGB")
    except _DECODER_ERRORS as error:
        raise ImageUndecodable(why="its data are damaged") from error


def preprocess(image: Image.Image, region: Region) -> Pixels:
    """Return the model's input for one unit: CHW, float32, 0 to 1.

    Square crop around the region, its side 1.15 times the larger side of the box in
    fractions of the image; resized to 96 x 96, bicubic; parts beyond the image are black.
    Raises: RegionInvalid when the crop is too small.
    """
    return _to_pixels(crop_region(image, region))


def crop_region(image: Image.Image, region: Region) -> Image.Image:
    """Return the 96 x 96 picture that the model sees. Raises: RegionInvalid."""
    box = region.square_crop(image.width, image.height, margin=CROP_MARGIN)
    if box[2] - box[0] < MIN_CROP or box[3] - box[1] < MIN_CROP:
        raise RegionInvalid(why=f"it covers fewer than {MIN_CROP} pixels of the photograph")
    return image.crop(box).resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.BICUBIC)


def predict(model: PinnedModel, batch: Pixels) -> Pixels:
    """Return the model's probabilities, one row per input."""
    (output,) = model.session.run([model.output_name], {model.input_name: batch})
    return np.asarray(output, dtype=np.float32)


def to_scores(row: Pixels) -> tuple[Decimal, ...]:
    """Return one unit's probabilities as they are recorded; none if any is not in 0 to 1."""
    if not bool(((row >= 0) & (row <= 1)).all()):
        return ()
    return tuple(Decimal(float(value)).quantize(SCORE_STEP) for value in row)


def predict_units(
    model: PinnedModel, units: Iterable[tuple[str, bytes, Region | None]], *, batch_size: int = BATCH_SIZE
) -> Iterator[Prediction]:
    """Yield a prediction for every unit (key, photograph, region), in order.

    Two threads decode the next photographs while the model works on the last ones.
    A photograph that cannot be read, or has no region, gets a prediction without scores.
    """
    with ThreadPoolExecutor(max_workers=DECODERS, thread_name_prefix="decode") as decoder:
        waiting = iter(units)
        ahead = _submit(decoder, waiting, batch_size)
        while ahead:
            following = _submit(decoder, waiting, batch_size)
            yield from _predict_batch(model, [(key, future.result()) for key, future in ahead])
            ahead = following


def decide_outcome(prediction: Prediction, *, rule: DecisionRule) -> Outcome:
    """Return good, reject (with defect class) or undecided for one unit.

    Good only if the expected class is the likeliest and reaches ``accept_at``; reject
    only if another one does and reaches ``reject_at``; everything else is undecided.
    Serves: draft Annex 22, 9; 21 CFR 211.68.
    """
    odd = prediction.problem or _oddity(prediction.scores, rule)
    if odd:
        return Outcome("undecided", "", None, odd)
    score, best = max(zip(prediction.scores, rule.classes, strict=True), key=lambda pair: pair[0])
    if best == rule.expected_class:
        if score >= rule.accept_at:
            return Outcome("good", "", score, f"Scored {score} as {best}; {rule.accept_at} is enough.")
        return Outcome("undecided", "", score, f"Scored only {score} as {best}; good needs {rule.accept_at}.")
    defect = rule.class_to_defect.get(best, "")
    if not defect:
        return Outcome("undecided", "", score, f"Scored {score} as {best}, which has no defect class.")
    if score >= rule.reject_at:
        return Outcome("reject", defect, score, f"Scored {score} as {best}, not {rule.expected_class}.")
    return Outcome("undecided", "", score, f"Scored {score} as {best}; reject needs {rule.reject_at}.")


def _session_options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    return options


def _pin(session: onnxruntime.InferenceSession, *, name: str, sha256: str) -> PinnedModel:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if session.get_providers() != [_PROVIDER]:
        raise ModelUnusable(name=name, why="it does not run on the processor alone")
    if len(inputs) != 1 or inputs[0].shape[1:] != [3, INPUT_SIDE, INPUT_SIDE] or inputs[0].type != "tensor(float)":
        raise ModelUnusable(name=name, why=f"its input is not one picture of 3 x {INPUT_SIDE} x {INPUT_SIDE} floats")
    shape = outputs[0].shape
    if len(outputs) != 1 or len(shape) != 2 or not isinstance(shape[1], int) or shape[1] < 2:
        raise ModelUnusable(name=name, why="its output is not one row of class probabilities")
    identity = ModelIdentity(
        sha256=sha256,
        runtime=f"onnxruntime {onnxruntime.__version__}",
        provider=_PROVIDER,
        machine=f"{platform.system()} {platform.machine()}",
        options="1 thread, sequential, deterministic, all graph optimisations",
        preprocessing=PREPROCESSING,
    )
    return PinnedModel(session, identity, inputs[0].name, outputs[0].name, shape[1])


def _to_pixels(crop: Image.Image) -> Pixels:
    return np.asarray(crop, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)


def _submit(
    decoder: ThreadPoolExecutor, units: Iterator[tuple[str, bytes, Region | None]], count: int
) -> list[tuple[str, Future[Pixels | str]]]:
    return [(key, decoder.submit(_prepare, content, region)) for key, content, region in itertools.islice(units, count)]


def _prepare(content: bytes, region: Region | None) -> Pixels | str:
    """Return the model's input, or the sentence that tells why there is none."""
    if region is None:
        return "The station found no unit in the photograph. A person must inspect it."
    try:
        return preprocess(decode_image(content), region)
    except (ImageUndecodable, RegionInvalid) as refusal:
        return refusal.text


def _predict_batch(model: PinnedModel, prepared: Sequence[tuple[str, Pixels | str]]) -> Iterator[Prediction]:
    pictures = [pixels for _, pixels in prepared if not isinstance(pixels, str)]
    rows = iter(predict(model, np.stack(pictures)) if pictures else ())
    for key, pixels in prepared:
        if isinstance(pixels, str):
            yield Prediction(key, (), pixels)
        else:
            scores = to_scores(next(rows))
            yield Prediction(key, scores, "" if scores else _NO_PROBABILITIES)


def _oddity(scores: Sequence[Decimal], rule: DecisionRule) -> str:
    if len(scores) != len(rule.classes):
        return f"The model gave {len(scores)} scores for {len(rule.classes)} classes."
    if not all(score.is_finite() and 0 <= score <= 1 for score in scores):
        return _NO_PROBABILITIES
    if abs(sum(scores, Decimal(0)) - 1) > SUM_TOLERANCE:
        return "The model's scores do not add up to 1."
    return ""
