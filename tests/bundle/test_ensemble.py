from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroclf.bundle import Bundle, Ensemble, join, read_bundle
from astroclf.bundle.averaging import merge_p_values
from astroclf.data.preprocess import Preprocess
from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX
from astroclf.evaluation.decisions.decision import Decision

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 8, 8), dtype=np.uint8)
OTHER_SCALE = Preprocess("srgb", (255.0,) * 3, (0.1, 0.5, 0.7), (0.1, 0.3, 0.2))


@pytest.fixture
def members(tmp_path: Path, write_tiny: Callable[..., Path]) -> list[Bundle]:
    """Three models: one counts the classes the other way round, one averages eight views."""
    folders = [
        write_tiny(tmp_path / "a", seed=1),
        write_tiny(tmp_path / "b", seed=2, classes=("star", "galaxy"), preprocess=OTHER_SCALE),
        write_tiny(
            tmp_path / "c", seed=3, tta_views=8, decision=Decision(SOFTMAX, temperature=0.3)
        ),
    ]
    return [read_bundle(folder, "cpu") for folder in folders]


def by_hand(members: list[Bundle]) -> np.ndarray:
    """(M, N, 2): the probabilities of galaxy and star of each member."""
    one, two, three = (member.predict(IMAGES) for member in members)
    return np.stack([one, two[:, ::-1], three])


def test_probabilities_are_the_average_of_the_members_by_class_name(members: list[Bundle]) -> None:
    ensemble = join(members, ["a", "b", "c"])
    expected = by_hand(members)
    predicted = ensemble.prediction(IMAGES)
    assert ensemble.classes == ("galaxy", "star")
    assert predicted.probabilities == pytest.approx(expected.mean(axis=0), abs=1e-12)
    assert predicted.labels.tolist() == expected.mean(axis=0).argmax(axis=1).tolist()
    mean = expected.mean(axis=0)
    spread = np.sqrt(np.square(expected - mean).sum(axis=0) / 2)
    assert predicted.spread == pytest.approx(spread, abs=1e-12)
    assert ensemble.predict(IMAGES).tolist() == predicted.probabilities.tolist()
    assert predicted.sets is None
    assert predicted.unlike_training is None


def test_the_predictor_outputs_the_logits_of_the_average(members: list[Bundle]) -> None:
    ensemble = join(members, ["a", "b", "c"])
    logits = ensemble.predictor.logits(IMAGES).numpy()
    expected = ensemble.predict(IMAGES)
    assert ensemble.decision.probabilities(logits) == pytest.approx(expected, abs=1e-6)


def test_vote_fractions_are_averaged_too(tmp_path: Path, write_tiny: Callable[..., Path]) -> None:
    decision = Decision(SIGMOID, temperature=0.7)
    members = [
        read_bundle(write_tiny(tmp_path / str(seed), seed=seed, decision=decision), "cpu")
        for seed in (1, 2)
    ]
    ensemble = join(members, ["a", "b"])
    expected = (members[0].predict(IMAGES) + members[1].predict(IMAGES)) / 2
    assert ensemble.predict(IMAGES) == pytest.approx(expected, abs=1e-12)
    assert ensemble.label(IMAGES).tolist() == (expected > 0.5).tolist()
    logits = ensemble.predictor.logits(IMAGES).numpy()
    assert ensemble.decision.probabilities(logits) == pytest.approx(expected, abs=1e-6)


def test_p_values_are_merged(members: list[Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    values = iter([np.array([0.01] * 5), np.array([0.02] * 5), np.array([0.9] * 5)])
    monkeypatch.setattr(Bundle, "_p_values", lambda self, features: next(values))
    predicted = join(members, ["a", "b", "c"]).prediction(IMAGES)
    assert predicted.unlike_training is not None
    assert (
        predicted.unlike_training.tolist()
        == merge_p_values([np.full(5, v) for v in (0.01, 0.02, 0.9)]).tolist()
    )
    assert predicted.unlike_training[0] == pytest.approx(2 * 0.93 / 3)


def test_no_images_have_empty_predictions(members: list[Bundle]) -> None:
    predicted = join(members, ["a", "b", "c"]).prediction(IMAGES[:0])
    assert predicted.probabilities.shape == (0, 2)
    assert predicted.spread is not None
    assert predicted.spread.shape == (0, 2)


def test_images_that_do_not_fit_are_refused(members: list[Bundle]) -> None:
    with pytest.raises(UserError, match="do not fit"):
        join(members, ["a", "b", "c"]).predict(IMAGES[:, :2])


def test_an_ensemble_names_its_members_and_what_they_share(members: list[Bundle]) -> None:
    ensemble = join(members, ["a", "b", "c"])
    assert isinstance(ensemble, Bundle)
    assert isinstance(ensemble, Ensemble)
    assert ensemble.names == ("a", "b", "c")
    assert ensemble.provenance["members"] == "a, b, c"
    assert ensemble.provenance["astroclf"] == "1.0"
    assert ensemble.facts["dataset"] == {"name": "image_folder"}
