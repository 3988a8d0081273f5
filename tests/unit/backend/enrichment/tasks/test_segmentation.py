"""Shares of the classes, and the boxes of what belongs together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.tasks.regions import Region, regions
from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture

SPEC = MODELS["segformer-b2-clothes"]


def mask(*rows: str) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    return np.array([[cell == "#" for cell in row] for row in rows])


def test_shares_and_boxes_are_those_of_the_picture() -> None:
    logits = np.zeros((1, 18, 128, 128), np.float32)
    logits[0, 0] = 1
    logits[0, 4, 64:128, 32:64] = 2  # upper clothes: an eighth
    logits[0, 1, 0:16, 0:16] = 2  # two hats: a 64th each
    logits[0, 1, 0:16, 112:128] = 2
    logits[0, 11, 50, 50] = 2  # a single cell of a face
    answer = asked(SPEC, {"logits": logits}, picture(640, 1280))
    background, clothes, hat, face = answer["classes"]
    assert (background["label"], background["regions"]) == ("background", [])
    assert background["area_ratio"] == round(1 - 1 / 8 - 2 / 64 - 1 / 128**2, 4)
    assert clothes == {
        "label": "upper_clothes",
        "area_ratio": 0.125,
        "regions": [
            {"box": {"x": 160, "y": 640, "width": 160, "height": 640}, "area_ratio": 0.125}
        ],
    }
    assert [region["box"]["x"] for region in hat["regions"]] == [0, 560]
    assert (face["label"], face["regions"]) == ("face", [])


def test_parts_that_touch_by_a_side_are_one_region() -> None:
    shape = mask(
        "##..#",
        "....#",
        "#.#.#",
        "###.#",
        "..#..",
        "##...",
    )
    assert regions(shape) == [
        Region(0, 2, 3, 5, cells=6),
        Region(4, 0, 5, 4, cells=4),
        Region(0, 0, 2, 1, cells=2),
        Region(0, 5, 2, 6, cells=2),
    ]
    assert regions(mask("...", "...")) == []


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=7))
def test_regions_are_those_that_filling_finds(cells: list[list[bool]]) -> None:
    shape = np.array(cells)
    left = {(int(row), int(column)) for row, column in np.argwhere(shape)}
    expected = []
    while left:
        waiting = [left.pop()]
        part = set(waiting)
        while waiting:
            row, column = waiting.pop()
            beside = {(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)}
            waiting += beside & left
            part |= beside & left
            left -= beside
        rows, columns = zip(*part, strict=True)
        edges = (min(columns), min(rows), max(columns) + 1, max(rows) + 1)
        expected.append(Region(*edges, cells=len(part)))
    assert sorted(map(repr, regions(shape))) == sorted(map(repr, expected))
