"""From an evaluation to the content of metrics.json and predictions.csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from astroclf.errors import UserError
from astroclf.evaluation.results import Evaluation
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metrics, RunFacts, read_metrics
from astroclf.runs.predictions import Predictions


def metrics_of(
    evaluation: Evaluation, facts: RunFacts, shift: Mapping[str, Any] | None = None
) -> Metrics:
    """Return the content of metrics.json; parts without content are left out.

    shift: of task=evaluate, the differences from the training images.
    """
    splits = evaluation.splits
    parts: dict[str, dict[str, Any]] = {
        "without_overlap": {
            name: {"n": len(each) - each.n_overlapping, **each.without_overlap.overall}
            for name, each in splits.items()
            if each.without_overlap is not None
        },
        "binned": {
            name: {table.column: asdict(table) for table in each.binned}
            for name, each in splits.items()
            if each.binned
        },
        "prediction_sets": {
            name: asdict(each.sets) for name, each in splits.items() if each.sets is not None
        },
        "risk_coverage": {
            name: asdict(each.risk_coverage)
            for name, each in splits.items()
            if each.risk_coverage is not None
        },
        "per_question": {
            name: each.scores.per_question
            for name, each in splits.items()
            if each.scores.per_question
        },
        "parts": dict(evaluation.titles),
        "shift": dict(shift or {}),
    }
    return Metrics.of(
        {
            **{name: each.scores.overall for name, each in splits.items()},
            "per_class": {name: each.scores.per_class for name, each in splits.items()},
            "baseline": {name: asdict(each.baseline) for name, each in splits.items()},
            **{name: part for name, part in parts.items() if part},
            "decision": {
                name: {metric: asdict(of) for metric, of in each.metrics.items()}
                for name, each in evaluation.compared.items()
            },
            "run": facts.model_dump(exclude_unset=True),
        }
    )


def predictions_of(evaluation: Evaluation) -> Predictions:
    """Return the predictions for all splits; the class of votes is the answer with most of them."""
    results = list(evaluation.splits.values())
    labels = [each.labels for each in results]
    votes = np.concatenate([each.vote_fractions for each in labels])
    groups = [each.groups for each in labels if each.groups is not None]
    return Predictions(
        classes=tuple(labels[0].classes),
        ids=np.concatenate([each.ids for each in results]),
        parts=np.repeat(list(evaluation.splits), [len(each) for each in results]),
        truth=np.concatenate([each.leading for each in labels]),
        labels=np.concatenate([each.labels.leading_predicted(each.predicted) for each in results]),
        probabilities=np.concatenate([each.predicted.probabilities for each in results]),
        votes=votes if votes.size else None,
        groups=np.concatenate(groups).astype(str) if groups else None,
    )


def count_test_evaluations(folder: RunFolder, epochs: int) -> int:
    """Return the number of trainings of a run that were evaluated on test, this one included.

    folder: of the run, which may have a metrics.json from before it was resumed. epochs: of this
    training.
    """
    try:
        before = read_metrics(folder).run
    except UserError:
        return 1
    if before.test_evaluations is None:
        return 1
    return before.test_evaluations + int(before.epochs != epochs)
