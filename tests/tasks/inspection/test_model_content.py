from __future__ import annotations

import numpy as np

from astroclf.tasks.inspection.model_content import GRID, spread_over


def test_thumbnails_are_spread_over_the_map_one_in_a_cell() -> None:
    points = np.random.default_rng(0).normal(size=(5000, 2))
    chosen = spread_over(points)
    assert len(chosen) <= GRID[0] * GRID[1]
    low, high = points.min(axis=0), points.max(axis=0)
    cells = ((points[chosen] - low) / (high - low) * np.array(GRID)).astype(int)
    cells = np.minimum(cells, np.array(GRID) - 1)
    assert len({tuple(cell) for cell in cells.tolist()}) == len(chosen)
    occupied = np.minimum(
        ((points - low) / (high - low) * np.array(GRID)).astype(int), np.array(GRID) - 1
    )
    assert len({tuple(cell) for cell in occupied.tolist()}) == len(chosen)


def test_equal_points_have_one_thumbnail() -> None:
    assert len(spread_over(np.zeros((10, 2)))) == 1
