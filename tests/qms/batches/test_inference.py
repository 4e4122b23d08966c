"""The pinned model answers as recorded, the same every time, and never guesses."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from examples.make_lot_zip import VIALS, Photograph, load_photographs
from qms.batches import inference
from qms.batches.errors_images import (
    DecisionRuleInvalid,
    ImageUndecodable,
    ModelFileChanged,
    ModelFileMissing,
    ModelUnusable,
    RegionInvalid,
)
from qms.batches.inference import DecisionRule, PinnedModel, Prediction, decide_outcome, load_model, predict_units
from qms.batches.regions import Region, parse_region

MODELS = VIALS.parent / "models"
RECORDED = json.loads((VIALS / "predictions.json").read_text())
CLASSES = ("fentanyl_citrate", "midazolam")
FENTANYL = DecisionRule(CLASSES, "fentanyl_citrate", Decimal("0.965"), Decimal("0.90"), {"midazolam": "wrong_product"})


def load(name: str) -> PinnedModel:
    file = f"vial_identity_{name}.onnx"
    return load_model(MODELS / file, expected_sha256=RECORDED["models"][file])


@pytest.fixture(scope="module")
def candidate() -> PinnedModel:
    return load("candidate")


@pytest.fixture(scope="module")
def photographs() -> tuple[Photograph, ...]:
    return load_photographs("fentanyl-100") + load_photographs("midazolam-30")


def as_units(photographs: tuple[Photograph, ...]) -> Iterator[tuple[str, bytes, Region | None]]:
    return ((p.file, p.read(), parse_region(*p.region)) for p in photographs)


@pytest.mark.parametrize("name", ["candidate", "baseline"])
def test_every_recorded_prediction_is_met(name: str, photographs: tuple[Photograph, ...]) -> None:
    assert tuple(RECORDED["classes"]) == CLASSES
    recorded = {row["file"]: row[f"vial_identity_{name}"] for row in RECORDED["rows"]}
    predictions = list(predict_units(load(name), as_units(photographs)))
    assert [prediction.key for prediction in predictions] == [photograph.file for photograph in photographs]
    assert len(predictions) == len(recorded) == 130
    for prediction in predictions:
        assert prediction.scores == pytest.approx(
            [Decimal(str(v)) for v in recorded[prediction.key]], abs=Decimal("0.001")
        )


def test_the_same_photographs_give_the_same_bytes_in_any_batch_size(
    candidate: PinnedModel, photographs: tuple[Photograph, ...]
) -> None:
    inputs = np.stack([inference.preprocess(inference.decode_image(c), r) for _, c, r in as_units(photographs) if r])
    outputs = {
        size: b"".join(inference.predict(candidate, inputs[i : i + size]).tobytes() for i in range(0, 130, size))
        for size in (130, 1, 7, 32)
    }
    assert len(set(outputs.values())) == 1
    assert inference.predict(load("candidate"), inputs).tobytes() == outputs[130]


def test_predictions_do_not_depend_on_how_units_are_batched(
    candidate: PinnedModel, photographs: tuple[Photograph, ...]
) -> None:
    some = photographs[:20]
    expected = list(predict_units(candidate, as_units(some)))
    assert list(predict_units(candidate, as_units(some), batch_size=1)) == expected
    assert list(predict_units(candidate, as_units(some), batch_size=7)) == expected


def test_the_example_lot_holds_good_wrong_and_undecided_vials(
    candidate: PinnedModel, photographs: tuple[Photograph, ...]
) -> None:
    lot = photographs[:100]
    outcomes = [decide_outcome(p, rule=FENTANYL) for p in predict_units(candidate, as_units(lot))]
    assert Counter(outcome.kind for outcome in outcomes) == {"good": 93, "undecided": 4, "reject": 3}
    mixed_up = {p.unit_id for p in lot if p.product != "fentanyl_citrate"}
    assert len(mixed_up) == 5
    good = {p.unit_id for p, outcome in zip(lot, outcomes, strict=True) if outcome.kind == "good"}
    assert not mixed_up & good


@pytest.mark.clause("11.10(a)")
def test_a_changed_model_file_is_not_loaded(tmp_path: Path) -> None:
    content = bytearray((MODELS / "vial_identity_candidate.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileChanged) as refused:
        load_model(path, expected_sha256=RECORDED["models"]["vial_identity_candidate.onnx"])
    assert str(refused.value.facts["expected"]) in str(refused.value)
    assert str(refused.value.facts["found"]) in str(refused.value)


def test_the_baseline_in_place_of_the_candidate_is_not_loaded() -> None:
    with pytest.raises(ModelFileChanged):
        load_model(
            MODELS / "vial_identity_baseline.onnx",
            expected_sha256=RECORDED["models"]["vial_identity_candidate.onnx"],
        )


def test_a_missing_model_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing, match=r"gone\.onnx"):
        load_model(tmp_path / "gone.onnx", expected_sha256="0" * 64)


def refuse_model(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ModelUnusable) as refused:
        load_model(path, expected_sha256=hashlib.sha256(content).hexdigest())
    return refused.value.text


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    assert "does not accept it" in refuse_model(tmp_path / "m.onnx", b"not a model")


@pytest.mark.parametrize(
    ("shape_in", "shape_out", "says"),
    [
        (["n", 3, 64, 64], ["n", 2], "input"),
        (["n", 3, 96, 96], ["n", 1, 2], "output"),
        (["n", 3, 96, 96], ["n", 1], "output"),
    ],
)
def test_a_model_of_another_shape_is_refused(
    tmp_path: Path, shape_in: list[str | int], shape_out: list[str | int], says: str
) -> None:
    float_ = onnx.TensorProto.FLOAT
    width = int(shape_out[-1])
    dims = [-1, *(int(side) for side in shape_out[1:])]
    shape = onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [len(dims)], dims)
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=1),
            onnx.helper.make_node("Concat", ["mean"] * width, ["row"], axis=1),
            onnx.helper.make_node("Reshape", ["row", "shape"], ["out"]),
        ],
        "g",
        [onnx.helper.make_tensor_value_info("image", float_, shape_in)],
        [onnx.helper.make_tensor_value_info("out", float_, shape_out)],
        [shape],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    assert says in refuse_model(tmp_path / "m.onnx", model.SerializeToString())


def test_the_identity_says_what_answered(candidate: PinnedModel) -> None:
    identity = candidate.identity
    assert identity.sha256 == "0a19fe29340b278bf4e91fa78f14d68600c547108176431c501d2115bc0421b6"
    assert identity.runtime.startswith("onnxruntime 1.")
    assert identity.provider == "CPUExecutionProvider"


def test_a_damaged_photograph_and_one_without_region_get_a_reason_instead_of_scores(
    candidate: PinnedModel, photographs: tuple[Photograph, ...]
) -> None:
    whole = photographs[0].read()
    region = parse_region(*photographs[0].region)
    units = [("whole", whole, region), ("broken", whole[: len(whole) // 2], region), ("none", whole, None)]
    predictions = list(predict_units(candidate, units))
    assert [bool(prediction.scores) for prediction in predictions] == [True, False, False]
    outcomes = [decide_outcome(prediction, rule=FENTANYL) for prediction in predictions]
    assert [outcome.kind for outcome in outcomes] == ["good", "undecided", "undecided"]
    assert "cannot be read" in outcomes[1].reason
    assert "found no unit" in outcomes[2].reason


def test_a_region_too_small_to_judge_is_undecided(candidate: PinnedModel, photographs: tuple[Photograph, ...]) -> None:
    region = parse_region("0.5", "0.5", "0.00000001", "0.00000001")
    (prediction,) = predict_units(candidate, [("tiny", photographs[0].read(), region)])
    assert prediction.scores == ()
    assert decide_outcome(prediction, rule=FENTANYL).kind == "undecided"


def test_no_units_give_no_predictions(candidate: PinnedModel) -> None:
    assert list(predict_units(candidate, [])) == []


def encode(image: Image.Image, fmt: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def test_a_photograph_is_taken_upright() -> None:
    image = Image.new("RGB", (40, 20))
    image.paste((255, 0, 0), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    turned = inference.decode_image(encode(image, "PNG", exif=exif))
    assert turned.size == (20, 40)
    assert turned.getpixel((10, 5)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_other_colour_modes_become_rgb(mode: str) -> None:
    fmt = "JPEG" if mode == "CMYK" else "PNG"
    assert inference.decode_image(encode(Image.new(mode, (9, 9)), fmt)).mode == "RGB"


def test_a_crop_beyond_the_image_is_black_there() -> None:
    image = Image.new("RGB", (100, 100), (255, 255, 255))
    pixels = inference.preprocess(image, parse_region("0", "0", "0.2", "0.2"))
    assert pixels.shape == (3, 96, 96)
    assert pixels.dtype == np.float32
    assert (pixels[:, 0, 0] == 0).all()
    assert (pixels[:, 50, 50] == 1).all()


def test_a_region_of_few_pixels_cannot_be_prepared() -> None:
    with pytest.raises(RegionInvalid):
        inference.preprocess(Image.new("RGB", (4, 4)), parse_region("0.1", "0.1", "0.5", "0.5"))


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_bytes_that_are_no_photograph_are_refused(content: bytes) -> None:
    with pytest.raises(ImageUndecodable):
        inference.decode_image(content)


@given(st.integers(0, 76_000), st.integers(0, 255), st.integers(1, 400))
def test_any_damage_to_a_photograph_gives_pixels_or_a_refusal(at: int, value: int, length: int) -> None:
    content = bytearray((VIALS / "images" / "000.jpg").read_bytes())
    content[at : at + length] = bytes([value]) * length
    try:
        image = inference.decode_image(bytes(content))
    except ImageUndecodable:
        return
    assert image.mode == "RGB"


def predicted(*scores: str) -> Prediction:
    return Prediction("unit", tuple(Decimal(score) for score in scores))


@pytest.mark.parametrize(
    ("scores", "kind", "defect"),
    [
        (("1.000000", "0.000000"), "good", ""),
        (("0.965000", "0.035000"), "good", ""),
        (("0.964999", "0.035001"), "undecided", ""),
        (("0.500000", "0.500000"), "undecided", ""),
        (("0.100001", "0.899999"), "undecided", ""),
        (("0.100000", "0.900000"), "reject", "wrong_product"),
        (("0.000000", "1.000000"), "reject", "wrong_product"),
    ],
)
def test_the_thresholds_themselves_belong_to_good_and_reject(scores: tuple[str, ...], kind: str, defect: str) -> None:
    outcome = decide_outcome(predicted(*scores), rule=FENTANYL)
    assert (outcome.kind, outcome.defect) == (kind, defect)


@pytest.mark.parametrize(
    "scores",
    [("NaN", "NaN"), ("2", "-1"), ("0.99", "0.99"), ("0.99",), ("0.97", "0.02", "0.01"), (), ("Infinity", "0")],
)
def test_scores_that_are_no_probabilities_are_undecided(scores: tuple[str, ...]) -> None:
    outcome = decide_outcome(predicted(*scores), rule=FENTANYL)
    assert (outcome.kind, outcome.score) == ("undecided", None)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38, -0.25, 1.01])
def test_a_model_that_answers_with_odd_values_gives_no_scores(candidate: PinnedModel, odd: float) -> None:
    class OddSession:
        def run(self, output_names: list[str], inputs: dict[str, inference.Pixels], /) -> list[inference.Pixels]:
            return [np.array([[odd, 0.5]], dtype=np.float32)]

    model = PinnedModel(OddSession(), candidate.identity, "image", "out", 2)
    photograph = load_photographs("midazolam-30")[0]
    (prediction,) = predict_units(model, as_units((photograph,)))
    assert prediction.scores == ()
    assert decide_outcome(prediction, rule=FENTANYL).reason == "The model's scores are not probabilities."


def test_a_class_without_defect_is_undecided() -> None:
    rule = DecisionRule(CLASSES, "fentanyl_citrate", Decimal("0.9"), Decimal("0.9"), {})
    outcome = decide_outcome(predicted("0", "1"), rule=rule)
    assert outcome.kind == "undecided"
    assert "no defect class" in outcome.reason


@given(st.integers(0, 1_000_000), st.integers(500_001, 1_000_000), st.integers(500_001, 1_000_000))
@pytest.mark.clause("11.10(a)")
def test_a_unit_below_its_threshold_is_never_accepted(score: int, accept: int, reject: int) -> None:
    step = Decimal("0.000001")
    rule = DecisionRule(CLASSES, "midazolam", accept * step, reject * step, {"fentanyl_citrate": "wrong_product"})
    expected, other = score * step, (1_000_000 - score) * step
    outcome = decide_outcome(Prediction("unit", (other, expected)), rule=rule)
    assert (outcome.kind == "good") == (expected >= rule.accept_at)
    assert (outcome.kind == "reject") == (other >= rule.reject_at)
    assert outcome.reason


@pytest.mark.parametrize(
    ("classes", "expected", "accept", "reject", "says"),
    [
        (("a",), "a", "0.9", "0.9", "at least two"),
        (("a", "a"), "a", "0.9", "0.9", "each once"),
        (("a", "b"), "c", "0.9", "0.9", "does not know the class c"),
        (("a", "b"), "a", "0.5", "0.9", "accept threshold"),
        (("a", "b"), "a", "1.1", "0.9", "accept threshold"),
        (("a", "b"), "a", "0.9", "NaN", "reject threshold"),
    ],
)
def test_thresholds_that_cannot_decide_are_refused(
    classes: tuple[str, ...], expected: str, accept: str, reject: str, says: str
) -> None:
    with pytest.raises(DecisionRuleInvalid, match=says):
        DecisionRule(classes, expected, Decimal(accept), Decimal(reject), {})
