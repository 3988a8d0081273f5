"""Connected parts of a mask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Region:
    """Cells that touch by their sides, and the edges around them.

    Attributes:
        cells: how many.
    """

    left: int
    top: int
    right: int
    bottom: int
    cells: int

    def joined(self, other: "Region") -> "Region":
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
            self.cells + other.cells,
        )


def regions(mask: NDArray[np.bool_]) -> list[Region]:
    """The connected parts of a mask (rows, columns), the largest first."""
    runs = _runs(mask)
    parents = list(range(len(runs)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    # Runs come row by row; those of the row above that lie wholly before a run are done with.
    above = 0
    for index, run in enumerate(runs):
        while runs[above].bottom < run.top or (
            runs[above].bottom == run.top and runs[above].right <= run.left
        ):
            above += 1
        touching = above
        while runs[touching].bottom == run.top and runs[touching].left < run.right:
            parents[root(touching)] = root(index)
            touching += 1
    found: dict[int, Region] = {}
    for index, run in enumerate(runs):
        key = root(index)
        found[key] = found[key].joined(run) if key in found else run
    return sorted(found.values(), key=lambda region: region.cells, reverse=True)


def _runs(mask: NDArray[np.bool_]) -> list[Region]:
    """Cells in a row without a gap, row by row from the left."""
    bordered = np.pad(mask.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(bordered, axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    return [
        Region(left, row, right, row + 1, right - left)
        for row, left, right in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True)
    ]
