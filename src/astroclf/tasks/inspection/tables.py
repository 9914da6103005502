"""Tables of an inspection as columns, for CSV files and DataFrames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.files import write_csv
from astroclf.reports.inspect.content import AblationContent, Map

Columns = Mapping[str, Sequence[object]]


@dataclass(frozen=True, eq=False)
class NearestImages:
    """Nearest images of Q images in feature space.

    asked: (Q,) positions. found: (Q, k) positions, the nearest first. distances: (Q, k).
    """

    asked: np.ndarray
    found: np.ndarray
    distances: np.ndarray

    @classmethod
    def none(cls) -> NearestImages:
        """Return the value for no images."""
        return cls(np.empty(0, np.int64), np.empty((0, 0), np.int64), np.empty((0, 0)))

    @property
    def parts(self) -> Iterator[np.ndarray]:
        """The three arrays."""
        yield from (self.asked, self.found, self.distances)


def neighbor_columns(dataset: ImageDataset, nearby: NearestImages) -> Columns:
    """Return the columns of neighbors.csv: one row a pair."""
    queries, k = nearby.found.shape
    found = nearby.found.ravel()
    return {
        "id": np.repeat(dataset.ids[nearby.asked], k).tolist(),
        "rank": np.tile(np.arange(1, k + 1), queries).tolist(),
        "neighbor": dataset.ids[found].tolist(),
        "distance": [f"{each:.6g}" for each in nearby.distances.ravel()],
        "class": np.array(dataset.classes)[dataset.leading[found]].tolist(),
        "split": dataset.split[found].tolist(),
    }


def ablation_columns(content: AblationContent) -> Columns:
    """Return the columns of ablations.csv: one row for all images and one for each class."""
    rows = content.rows
    bounds = [("", "") if row.ci95 is None else tuple(f"{b:.6g}" for b in row.ci95) for row in rows]
    return {
        "ablation": [row.ablation for row in rows],
        "class": [row.name or "all" for row in rows],
        "n": [row.n for row in rows],
        "accuracy": [f"{row.before:.6g}" for row in rows],
        "accuracy_under_ablation": [f"{row.after:.6g}" for row in rows],
        "loss": [f"{row.loss:.6g}" for row in rows],
        "loss_low": [low for low, _ in bounds],
        "loss_high": [high for _, high in bounds],
        "note": [row.note for row in rows],
    }


def embedding_columns(dataset: ImageDataset, positions: np.ndarray, maps: Sequence[Map]) -> Columns:
    """Return the columns of embedding.csv: two for each map."""
    columns: dict[str, Sequence[object]] = {
        "id": dataset.ids[positions].tolist(),
        "class": np.array(dataset.classes)[dataset.leading[positions]].tolist(),
    }
    for each in maps:
        for axis in range(2):
            name = f"{each.title.lower()}_{axis + 1}"
            columns[name] = [f"{value:.6g}" for value in each.points[:, axis]]
    return columns


def write_columns(file: Path, columns: Columns) -> None:
    """Replace a CSV by these columns."""
    write_csv(file, list(columns), zip(*columns.values(), strict=True))
