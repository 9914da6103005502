"""Comparison of finished runs on the images that all of them predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from astroclf.errors import UserError
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metadata import metadata_values
from astroclf.evaluation.metrics.bins import bin_edges
from astroclf.evaluation.paired.comparison import Comparison, compare
from astroclf.evaluation.paired.contender import Column, Measurement
from astroclf.evaluation.paired.differences import WITHOUT_INTERVAL, tested_metrics
from astroclf.evaluation.resampling import Resampling
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.status import status
from astroclf.tasks.comparison.common_images import CommonImages, find_common
from astroclf.tasks.comparison.compared_run import ComparedRun, read_runs
from astroclf.tasks.comparison.pictures import match_pictures


@dataclass(frozen=True, eq=False)
class ComparedRuns:
    """Runs, the images that they share, and the differences between them.

    bins: of confidence, for ece and the reliability diagram.
    """

    runs: Sequence[ComparedRun]
    common: CommonImages
    comparison: Comparison
    bins: int


def compare_runs(folders: Sequence[RunFolder], settings: Settings) -> ComparedRuns:
    """Compare the runs in these folders. Raises UserError for runs that cannot be compared."""
    options = settings.compare
    assert options is not None
    runs, matches = match_pictures(read_runs(folders))
    common = find_common(runs)
    common = replace(common, warnings=[*matches, *common.warnings])
    require_metrics(options.metrics, common.labels)
    with status("comparing"):
        comparison = compare(
            common.contenders,
            common.labels,
            common.ids,
            _measurement(settings, common),
            pairing=options.pairs,
            tested=options.metrics,
        )
    return ComparedRuns(runs, common, comparison, settings.evaluation.calibration_bins)


def require_metrics(metrics: Sequence[str] | None, labels: Labels) -> None:
    """Raise UserError for a metric that these labels do not have, or that has no test."""
    known = [name for name in tested_metrics(labels) if name not in WITHOUT_INTERVAL]
    for name in metrics or ():
        if name not in known:
            raise UserError(
                f"compare.metrics={name}: there is no test of it. Choose among {', '.join(known)}."
            )


def _measurement(settings: Settings, common: CommonImages) -> Measurement:
    evaluation = settings.evaluation
    values = metadata_values(evaluation, common.ids)
    return Measurement(
        evaluation.calibration_bins,
        Resampling(evaluation.bootstrap_resamples, settings.seed, common.labels.groups),
        [Column(name, each, bin_edges(each, evaluation.bins)) for name, each in values.items()],
    )
