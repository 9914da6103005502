from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings
from astroclf.settings.metrics import metric_names

VOTES = ("dataset.target=votes", "loss=mse")
TABLE = ("dataset=catalog", "dataset.table=labels.csv")
CATALOG_VOTES = (*TABLE, "dataset.label_column=null", "dataset.vote_columns=[a,b]")
NO_TREE = (
    "needs votes on the questions of a decision tree, which dataset=catalog does not have. "
    "Choose dataset=galaxy_zoo, or loss=mse with loss.head=sigmoid."
)
BINS = ("evaluation.bin_columns=[r]", "evaluation.metadata=a.csv", "evaluation.metadata_id=id")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["seeds=[1,2]", "task=crossval"],
            "seeds=[1, 2]: only task=train is repeated, not task=crossval. Set seeds=null.",
        ),
        (
            ["folds=2", "task=crossval"],
            "folds=2: too few, since one fold is test, one is val and the others are train. Choose folds=3 or more.",
        ),
        (
            ["dataset.target=votes"],
            "loss=ce: needs classes, but the dataset has vote fractions. Choose loss=bce or loss=mse or loss=custom.",
        ),
        (
            [*CATALOG_VOTES, "loss=focal"],
            "loss=focal: needs classes, but the dataset has vote fractions. Choose loss=bce or loss=mse or loss=custom.",
        ),
        (
            [*CATALOG_VOTES, "loss=multinomial", "trainer.monitor=rmse"],
            f"loss=multinomial: {NO_TREE}",
        ),
        (
            ["dataset.target=votes", "loss=dirichlet_multinomial", "trainer.monitor=rmse"],
            f"loss=dirichlet_multinomial: {NO_TREE}".replace("catalog", "simulated"),
        ),
        (
            [*CATALOG_VOTES, "loss=mse", "loss.head=tree", "trainer.monitor=rmse"],
            f"loss.head=tree: {NO_TREE}",
        ),
        (
            ["loss=mse"],
            "loss=mse: needs vote fractions, but the dataset has classes. Choose loss=ce or loss=bce or loss=focal or loss=custom.",
        ),
        (
            ["loss=custom", "loss.target=fixtures.own_options.hinge", "trainer.mixup=0.2"],
            "trainer.mixup=0.2: its targets are fractions of several labels, which loss=custom does not take. Choose loss=ce, ce_smooth, bce or focal.",
        ),
        (
            [
                *TABLE,
                "dataset.annotator_columns=[a,b]",
                "loss=custom",
                "loss.target=fixtures.own_options.hinge",
            ],
            "dataset.soft_label_columns or dataset.annotators=fractions: its targets are fractions of several labels, which loss=custom does not take. Choose loss=ce, ce_smooth, bce or focal.",
        ),
        (
            [*VOTES, "trainer.sampler=balanced"],
            "trainer.sampler=balanced: needs classes, but the dataset has vote fractions. Set trainer.sampler=shuffle.",
        ),
        (
            ["loss.class_weights=balanced", "trainer.sampler=balanced"],
            "trainer.sampler=balanced and loss.class_weights=balanced: both counter class imbalance, and rare classes would count twice. Set one of them to its default, trainer.sampler=shuffle or loss.class_weights=none.",
        ),
        (
            ["model.features_columns=[mag_r]"],
            "model.features_columns=[mag_r]: dataset=simulated has no table with columns. Choose dataset=catalog, or set model.features_columns=[].",
        ),
        (
            ["trainer.monitor=rmse"],
            "trainer.monitor=rmse: not a metric of classes. Choose one of "
            + ", ".join(metric_names("classes"))
            + ".",
        ),
        (
            [*VOTES, "trainer.monitor=accuracy"],
            "trainer.monitor=accuracy: not a metric of vote fractions. Choose one of loss, rmse, r2.",
        ),
        (
            [*VOTES, "evaluation.logit_adjustment=1"],
            "evaluation.logit_adjustment=1: adjusts labels of classes, but the dataset has vote fractions. Set it to 0.",
        ),
        (
            [*VOTES, "evaluation.threshold=acuracy"],
            "evaluation.threshold=acuracy: the thresholds of vote fractions are tuned for the F1 of each answer. Choose macro_f1 or none.",
        ),
        (
            [*VOTES, "evaluation.conformal=0.95"],
            "evaluation.conformal=0.95: prediction sets are for classes, but the dataset has vote fractions. Set it to null.",
        ),
        (
            [*VOTES, *BINS],
            "evaluation.bin_columns=['r']: reports accuracy, which vote fractions do not have. Set it to [].",
        ),
    ],
)
def test_sections_that_contradict_each_other_are_refused(
    refusal: Callable[..., str], overrides: list[str], sentence: str
) -> None:
    assert refusal(*overrides) == sentence


@pytest.mark.parametrize(
    "overrides",
    [
        [*CATALOG_VOTES, "loss=mse"],
        [*CATALOG_VOTES, "loss=bce", "trainer.monitor=rmse"],
        [*VOTES, "loss=bce"],
        ["loss=bce", *BINS],
        *([f"trainer.monitor={metric}"] for metric in metric_names("classes")),
    ],
    ids=" ".join,
)
def test_sections_that_agree_are_accepted(
    settings: Callable[..., Settings], overrides: list[str]
) -> None:
    settings(*overrides)
