"""Names of metrics in MLflow: `<group>/<metric>`, which its pages show as one section a group.

Groups are sorted by name: `test` is first, then `train` and `val` (each epoch) and `val_best` (the
epoch whose weights were kept). MLflow shows the group `system` on a page of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from astroclf.settings.metrics import METRICS

TRAIN, VAL, SELECTED = "train", "val", "val_best"
# Columns of history.csv that belong to no split.
EPOCH_COLUMNS = {"lr": "train/lr", "time_s": "system/time_s"}
EPOCH_NUMBER = "epoch"
# Prefixes of the names of former versions, which had no groups.
FORMER_GROUPS = {"best_val": SELECTED} | {
    group: group for group in ("best", "trials", "importance", "pooled")
}


def metric_name(group: str, metric: str) -> str:
    """Return `<group>/<metric>` without the characters that MLflow refuses.

    group: a split, or one of the groups above. metric: as in settings.metrics, or another name.
    """
    return f"{_allowed(group)}/{_allowed(metric)}"


def split_group(split: str) -> str:
    """Return the group of the final metrics of a split: `val_best` for val, whose epochs are `val`."""
    return SELECTED if split == VAL else split


def epoch_names(row: Mapping[str, float]) -> dict[str, float]:
    """Return the columns of history.csv for one epoch by their names in MLflow, without the epoch."""
    return {_epoch_name(column): value for column, value in row.items() if column != EPOCH_NUMBER}


def migrate_names(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return metrics of a former version, such as `best_val_accuracy`, by their present names."""
    return {_present_name(name): value for name, value in metrics.items()}


def _epoch_name(column: str) -> str:
    if column in EPOCH_COLUMNS:
        return EPOCH_COLUMNS[column]
    group, _, metric = column.partition("_")
    return metric_name(group, metric) if group in (TRAIN, VAL) else column


def _present_name(name: str) -> str:
    if "/" in name:
        return name
    for former, group in FORMER_GROUPS.items():
        if name.startswith(f"{former}_"):
            return metric_name(group, name.removeprefix(f"{former}_"))
    plain, std = name.removesuffix("_std"), "_std" if name.endswith("_std") else ""
    for metric in sorted(METRICS, key=len, reverse=True):  # balanced_accuracy before accuracy
        if plain.endswith(f"_{metric}"):
            return metric_name(plain.removesuffix(f"_{metric}"), metric + std)
    return name


def _allowed(text: str) -> str:
    return re.sub(r"[^\w.-]+|^\.+$", "-", text, flags=re.ASCII)
