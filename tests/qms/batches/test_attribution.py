"""The overlay shows what the model looked at, in the same bytes every time."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from examples.make_lot_zip import VIALS, load_photographs
from qms.batches import attribution, inference
from qms.batches.inference import PinnedModel, load_model
from qms.batches.regions import parse_region


@pytest.fixture(scope="module")
def candidate() -> PinnedModel:
    path = VIALS.parent / "models" / "vial_identity_candidate.onnx"
    return load_model(path, expected_sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@dataclass
class PatchWatcher:
    """A model that looks at nothing but the middle of one cell: bright there means class 1."""

    row: int
    column: int

    def run(self, output_names: list[str], inputs: dict[str, inference.Pixels], /) -> list[inference.Pixels]:
        middle = attribution.STRIDE // 2
        batch = inputs["image"]
        spot = batch[:, 0, self.row * attribution.STRIDE + middle, self.column * attribution.STRIDE + middle]
        return [np.stack([1 - spot, spot], axis=1).astype(np.float32)]


def watcher(model: PinnedModel, row: int, column: int) -> PinnedModel:
    return PinnedModel(PatchWatcher(row, column), model.identity, "image", "out", 2)


@pytest.mark.parametrize("place", [(0, 0), (3, 5), (7, 7), (0, 7), (6, 1)])
def test_the_strongest_cell_is_where_the_model_looks(candidate: PinnedModel, place: tuple[int, int]) -> None:
    row, column = place
    pixels = np.full((3, 96, 96), 0.2, dtype=np.float32)
    cell = attribution.STRIDE
    pixels[:, row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = 0.9
    answer, grid = attribution.measure_occlusion(watcher(candidate, row, column), pixels)
    assert answer == 1
    assert grid[row, column] == grid.max() > 1
    far = np.abs(grid - 0) < 1e-12
    assert far.sum() >= 64 - 9


def test_a_mix_up_is_explained_by_the_brown_glass_of_the_vial(candidate: PinnedModel) -> None:
    (photograph,) = (p for p in load_photographs("fentanyl-100") if p.file == "256.jpg")
    image = inference.decode_image(photograph.read())
    found = attribution.explain(candidate, image=image, region=parse_region(*photograph.region))
    assert found.answer == 1
    grid = np.array(found.grid)
    assert grid.shape == (8, 8)
    assert 1 <= np.unravel_index(grid.argmax(), grid.shape)[0] <= 6
    assert 1 <= np.unravel_index(grid.argmax(), grid.shape)[1] <= 6


@pytest.mark.clause("11.10(a)")
def test_the_same_unit_gives_the_same_bytes(candidate: PinnedModel) -> None:
    photograph = load_photographs("midazolam-30")[3]
    region = parse_region(*photograph.region)
    first, second = (
        attribution.explain(candidate, image=inference.decode_image(photograph.read()), region=region) for _ in range(2)
    )
    assert first == second
    assert (first.method, first.version) == ("occlusion", "1")
    assert "patch 24" in first.parameters


def test_the_overlay_is_a_small_png_of_fixed_size(candidate: PinnedModel) -> None:
    for photograph in load_photographs("midazolam-30")[:5]:
        image = inference.decode_image(photograph.read())
        found = attribution.explain(candidate, image=image, region=parse_region(*photograph.region))
        with Image.open(io.BytesIO(found.png)) as overlay:
            assert (overlay.format, overlay.size) == ("PNG", (192, 192))
            assert not overlay.info
        assert len(found.png) < 30_000


def test_support_is_amber_and_opposition_blue(candidate: PinnedModel) -> None:
    grid = np.zeros((8, 8))
    grid[1, 1], grid[6, 6], grid[4, 1] = 2.0, -2.0, 2.1
    png = attribution.draw_overlay(Image.new("RGB", (96, 96), (128, 128, 128)), grid)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    amber, blue, untouched = (picture.getpixel(point) for point in ((36, 36), (156, 156), (100, 10)))
    assert isinstance(amber, tuple)
    assert isinstance(blue, tuple)
    assert amber[0] > amber[2] + 60
    assert blue[2] > blue[0] + 60
    assert untouched == pytest.approx((128, 128, 128), abs=4)


def test_a_model_that_looks_nowhere_gives_an_empty_map(candidate: PinnedModel) -> None:
    pixels = np.full((3, 96, 96), 0.5, dtype=np.float32)
    _, grid = attribution.measure_occlusion(candidate, pixels)
    assert np.abs(grid).max() < 1e-4
    assert attribution.draw_overlay(Image.new("RGB", (96, 96)), np.zeros((8, 8)))
