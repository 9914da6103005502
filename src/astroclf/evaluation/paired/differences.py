"""Differences of the metrics of two models: values, 95 % intervals and p-values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from astroclf.evaluation.intervals import t_interval, too_few_units
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.label_intervals import first_note, notes_of_classes
from astroclf.evaluation.paired.contender import IN_BINS, Column, Contender, Measurement
from astroclf.evaluation.paired.discordance import Discordance
from astroclf.evaluation.paired.sign_flips import sign_flip_p_value
from astroclf.evaluation.paired.spread import Spread, spread_of_difference
from astroclf.evaluation.resampling import Replicates
from astroclf.settings.metrics import METRICS, class_metric_names, metric_names

POWER = 0.8  # of a test, at the smallest detectable difference
MCNEMAR, SIGN_FLIPS, STUDENT = "exact McNemar", "sign flips of groups", "Student's t"
WITHOUT_INTERVAL = ("ece",)  # biased upwards, and resampling adds the bias again

Networks = Sequence[dict[str, Replicates]]


@dataclass(frozen=True)
class Difference:
    """Difference of one metric, B - A.

    a, b: the metric of each model, means over its networks. ci95: interval of b - a, None without one;
    note: the reason. p_value: of equal metrics, by `test`; p_holm: after Holm's correction. detectable:
    the smallest difference that a test at 5 % of such images would find in 80 % of the cases.
    """

    metric: str
    a: float
    b: float
    ci95: tuple[float, float] | None = None
    p_value: float | None = None
    p_holm: float | None = None
    test: str = ""
    detectable: float | None = None
    note: str = ""

    @property
    def value(self) -> float:
        return self.b - self.a

    @property
    def b_is_better(self) -> bool:
        return METRICS[self.metric].gain(self.b, self.a) > 0


@dataclass(frozen=True)
class BinDifference:
    """Difference of accuracy (rmse of votes) in one bin [low, high) of a column, of n images."""

    low: float
    high: float
    n: int
    difference: Difference


@dataclass(frozen=True, eq=False)
class PairOfModels:
    """Two contenders and the replicates of their networks on the same resamples."""

    a: Contender
    b: Contender
    networks_a: Networks
    networks_b: Networks
    labels: Labels
    measurement: Measurement

    @property
    def counts_images(self) -> bool:
        """True if both have one network and the images are independent, so that images are counted."""
        return len(self.a) == len(self.b) == 1 and self.labels.groups is None

    def overall(self, metrics: Sequence[str]) -> list[Difference]:
        """Return the difference of each metric over all images, with its test."""
        smallest = first_note(*_notes(self.labels, self.measurement))
        return [
            self._tested(metric, smallest if METRICS[metric].is_class_mean else "")
            for metric in metrics
        ]

    def per_class(self) -> dict[str, list[Difference]]:
        """Return class (or answer) -> the difference of each of its metrics, without tests."""
        labels, kind = self.labels, self.labels.kind
        notes = _notes(labels, self.measurement) or [""] * len(labels.classes)
        suffix = "of_class" if kind == "classes" else "of_answer"
        names = [
            name
            for name in class_metric_names(kind)
            if f"{name}_{suffix}" in self.networks_a[0].keys() & self.networks_b[0].keys()
        ]
        return {
            of_class: [
                self._difference(
                    name,
                    f"{name}_{suffix}",
                    k,
                    note=notes[k],
                    counted=labels.leading == k if name == "recall" else None,
                )
                for name in names
            ]
            for k, of_class in enumerate(labels.classes)
        }

    def in_bins(self, column: Column) -> list[BinDifference]:
        """Return the difference of accuracy (rmse of votes) in each bin that holds images."""
        members = column.members() > 0
        return [
            BinDifference(
                float(column.edges[k]),
                float(column.edges[min(k + 1, len(column.edges) - 1)]),
                int(inside.sum()),
                self._difference(
                    self.labels.headline,
                    IN_BINS + column.name,
                    k,
                    note=self._too_few(inside),
                    counted=inside if self.labels.kind == "classes" else None,
                ),
            )
            for k, inside in enumerate(members.T)
            if inside.any()
        ]

    def discordance(self) -> Discordance | None:
        """Return the numbers of images that each labels correctly; None for votes and several networks."""
        if self.labels.kind != "classes" or len(self.a) > 1 or len(self.b) > 1:
            return None
        return Discordance.of(*(each.right(self.labels) > 0 for each in (self.a, self.b)))

    def _tested(self, metric: str, note: str) -> Difference:
        everything = np.ones(len(self.labels), bool) if metric == "accuracy" else None
        found = self._difference(metric, metric, None, note=note, counted=everything)
        if found.ci95 is None:
            return found
        spread, test, p_value = self._spread(metric, None), STUDENT, None
        if metric == "accuracy" and self.counts_images:
            discordance = self.discordance()
            assert discordance is not None
            test, p_value = MCNEMAR, discordance.p_value()
        elif metric == "accuracy" and len(self.a) == len(self.b) == 1:
            assert self.labels.groups is not None
            gains = self.b.right(self.labels) - self.a.right(self.labels)
            seed = self.measurement.resampling.seed
            test, p_value = SIGN_FLIPS, sign_flip_p_value(gains, self.labels.groups, seed)
        else:
            p_value = _student_p_value(spread)
        return replace(found, p_value=p_value, test=test)

    def _difference(
        self, metric: str, key: str, k: int | None, *, note: str, counted: np.ndarray | None
    ) -> Difference:
        """Return the difference without a test.

        key, k: of the replicates, and of the class or bin in them. note: why there is no interval.
        counted: for a share of right labels, the images that it is of.
        """
        a, b = (
            float(np.mean([_of(each[key], k).value for each in networks]))
            for networks in (self.networks_a, self.networks_b)
        )
        spread, resampling = self._spread(key, k), self.measurement.resampling
        if metric in WITHOUT_INTERVAL or not math.isfinite(b - a) or not resampling.n:
            return Difference(metric, a, b)
        units = self.networks_a[0][key].units
        note = note or too_few_units(units, resampling.unit)
        if note:
            return Difference(metric, a, b, note=f"no interval: {note}")
        if counted is not None and self.counts_images:
            right = [each.right(self.labels)[counted] > 0 for each in (self.a, self.b)]
            ci95: tuple[float, float] | None = Discordance.of(*right).interval()
        else:
            ci95 = t_interval(spread.value, spread.error, math.floor(spread.dof), "linear")
        if ci95 is None:
            reason = f"no interval: no spread between {resampling.unit}s"
            return Difference(metric, a, b, note=reason)
        return Difference(metric, a, b, ci95, detectable=_detectable(spread))

    def _spread(self, key: str, k: int | None) -> Spread:
        a, b = (
            [_of(each[key], k) for each in networks]
            for networks in (self.networks_a, self.networks_b)
        )
        return spread_of_difference(a, b)

    def _too_few(self, inside: np.ndarray) -> str:
        resampling, groups = self.measurement.resampling, self.labels.groups
        n = int(inside.sum()) if groups is None else len(np.unique(groups[inside]))
        return too_few_units(n, resampling.unit)


def tested_metrics(labels: Labels) -> list[str]:
    """Return the metrics over all images that two models are compared by, in the order of the tables."""
    return [name for name in metric_names(labels.kind) if name != "loss"]


def _notes(labels: Labels, measurement: Measurement) -> list[str]:
    return notes_of_classes(labels, measurement.resampling) if labels.kind == "classes" else []


def _of(replicates: Replicates, k: int | None) -> Replicates:
    return replicates if k is None else replicates.of_class(k)


def _student_p_value(spread: Spread) -> float | None:
    from scipy.special import stdtr

    if not spread.error > 0:
        return None
    return float(2 * stdtr(math.floor(spread.dof), -abs(spread.value) / spread.error))


def _detectable(spread: Spread) -> float | None:
    """Return (t_0.975 + t_0.8) times the standard error (Cohen 1988, "Statistical Power Analysis", 2)."""
    from scipy.special import stdtrit

    if not spread.error > 0:
        return None
    dof = math.floor(spread.dof)
    return float((stdtrit(dof, 0.975) + stdtrit(dof, POWER)) * spread.error)
