"""task=crossval and seeds=[...]: train and evaluate several times, and report the results together."""

from __future__ import annotations

from astroclf.tasks.repeat.repeat import repeat
from astroclf.tasks.repeat.results import write_results
from astroclf.tasks.run import Run
from astroclf.tasks.train import train_and_evaluate
from astroclf.tracking import closing


def main(run: Run) -> dict[str, float]:
    """Return the mean of the metrics and costs that a search may optimize."""
    with closing(run.tracker):
        repeated = repeat(run, train_and_evaluate)
        write_results(run, repeated)
    return repeated.measured
