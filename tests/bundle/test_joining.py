from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroclf.bundle import Bundle, join, read_bundle
from astroclf.bundle.joining import averaged_activation
from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX, Activation
from astroclf.evaluation.decisions.calibration import fit_temperature
from astroclf.evaluation.decisions.conformal import fit_prediction_sets
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.tree_activation import QuestionConcentrations, QuestionSoftmax
from astroclf.evaluation.labels import make_labels
from astroclf.vote_tree import Question, VoteTree
from fixtures.bundles import TREE, make_bundle
from fixtures.references import make_reference

N = 120
NAMES = [f"image-{i}" for i in range(N)]
TARGETS = np.arange(N) % 2


def noisy_logits(seed: int) -> np.ndarray:
    """(N, 2) float32 logits that are right more often than not, and far too certain."""
    rng = np.random.default_rng(seed)
    signal = np.where(np.arange(2) == TARGETS[:, None], 2.0, 0.0)
    return (4 * (signal + 2 * rng.standard_normal((N, 2)))).astype(np.float32)


@pytest.fixture
def write_member(tmp_path: Path, write_tiny: Callable[..., Path]) -> Callable[..., Bundle]:
    """write_member(name, split_of, seed, **changes): a model with the images of the module."""

    def write(
        name: str,
        split_of: Callable[[int], str] = lambda i: "val",
        seed: int = 0,
        **changes: object,
    ) -> Bundle:
        images = [(each, split_of(i)) for i, each in enumerate(NAMES)]
        is_val = np.array([split == "val" for _, split in images])
        order = [1, 0] if changes.get("classes") == ("star", "galaxy") else [0, 1]
        reference = make_reference(
            images,
            noisy_logits(seed)[is_val][:, order],
            np.array(order)[TARGETS][is_val],
        )
        folder = write_tiny(tmp_path / name, seed=seed, reference=reference, **changes)
        return read_bundle(folder, "cpu")

    return write


def averaged(*seeds: int, temperature: float = 1.5) -> np.ndarray:
    decision = Decision(SOFTMAX, temperature=temperature)
    return np.mean([decision.probabilities(noisy_logits(seed)) for seed in seeds], axis=0)


def test_the_temperature_is_fitted_to_the_averaged_probabilities(
    write_member: Callable[..., Bundle],
) -> None:
    flipped = ("star", "galaxy")
    members = [write_member("a", seed=1), write_member("b", seed=2, classes=flipped)]
    ensemble = join(members, ["a", "b"])
    labels = make_labels(TARGETS, ("galaxy", "star"))
    expected = fit_temperature(averaged(1, 2), labels, SOFTMAX)
    assert ensemble.decision.temperature == pytest.approx(expected, rel=1e-5)
    assert expected > 1.2  # it is overconfident
    assert ensemble.notes == ()


def test_images_that_a_member_was_trained_on_calibrate_nothing(
    write_member: Callable[..., Bundle],
) -> None:
    def trained_on(i: int) -> str:
        return "train" if i < 40 else "val"

    ensemble = join([write_member("a", seed=1), write_member("b", trained_on, seed=2)], ["a", "b"])
    labels = make_labels(TARGETS[40:], ("galaxy", "star"))
    expected = fit_temperature(averaged(1, 2)[40:], labels, SOFTMAX)
    assert ensemble.decision.temperature == pytest.approx(expected, rel=1e-5)
    with_all = fit_temperature(averaged(1, 2), make_labels(TARGETS, ("galaxy", "star")), SOFTMAX)
    assert abs(expected - with_all) > 1e-3
    assert ensemble.reference is not None
    uses = dict(zip(ensemble.reference.ids, ensemble.reference.split, strict=True))
    assert [uses[name] for name in NAMES] == ["train"] * 40 + ["val"] * 80


def test_prediction_sets_are_fitted_where_all_members_have_the_level(
    write_member: Callable[..., Bundle],
) -> None:
    own = fit_prediction_sets(averaged(1), TARGETS, None, 0.8)
    decision = Decision(SOFTMAX, temperature=1.5, conformal=own)
    members = [
        write_member(name, seed=seed, decision=decision) for name, seed in (("a", 1), ("b", 2))
    ]
    ensemble = join(members, ["a", "b"])
    calibrated = replace(ensemble.decision, conformal=None).probabilities(np.log(averaged(1, 2)))
    expected = fit_prediction_sets(calibrated, TARGETS, None, 0.8)
    assert ensemble.decision.conformal is not None
    assert ensemble.decision.conformal.thresholds == pytest.approx(expected.thresholds, abs=1e-6)
    other = write_member("c", seed=3)  # without sets
    assert join([members[0], other], ["a", "c"]).decision.conformal is None


def test_members_without_common_images_are_averaged_and_not_calibrated(
    write_member: Callable[..., Bundle],
) -> None:
    members = [
        write_member("a", lambda i: "val" if i % 2 else "train", seed=1),
        write_member("b", lambda i: "train" if i % 2 else "val", seed=2),
    ]
    ensemble = join(members, ["a", "b"])
    assert ensemble.decision == Decision(SOFTMAX)
    (note,) = ensemble.notes
    assert note.startswith("The members share 0 validation images that none of them was trained on")
    assert ensemble.reference is not None
    assert set(ensemble.reference.split) == {"train"}


def test_members_of_a_former_format_are_averaged_and_not_calibrated(
    tmp_path: Path, write_tiny: Callable[..., Path], write_member: Callable[..., Bundle]
) -> None:
    old = read_bundle(write_tiny(tmp_path / "old"), "cpu")
    ensemble = join([write_member("a"), old], ["a", "old"])
    assert ensemble.decision == Decision(SOFTMAX)
    assert ensemble.notes[0].startswith("old has no record of its validation images")
    assert ensemble.reference is None


def test_one_model_is_no_ensemble(write_member: Callable[..., Bundle]) -> None:
    with pytest.raises(UserError, match="two members or more"):
        join([write_member("a")], ["a"])


OTHER_TREE = VoteTree((Question("shape", "", ("elliptical", "spiral", "star")),))


@pytest.mark.parametrize(
    ("activations", "expected"),
    [
        ((QuestionSoftmax(TREE), QuestionConcentrations(TREE, 100.0)), QuestionSoftmax(TREE)),
        ((QuestionSoftmax(TREE), SIGMOID), SIGMOID),
        ((SIGMOID, QuestionSoftmax(TREE)), SIGMOID),
        ((QuestionSoftmax(TREE), QuestionSoftmax(OTHER_TREE)), SIGMOID),
        ((SIGMOID, SIGMOID), SIGMOID),
    ],
)
def test_averaged_votes_obey_the_tree_that_all_members_share(
    activations: tuple[Activation, ...], expected: Activation
) -> None:
    members = [make_bundle(decision={"activation": each.to_json()}) for each in activations]
    assert averaged_activation(members) == expected
    ensemble = join(members, ["a", "b"])
    images = np.random.default_rng(0).normal(0, 3, (3, 3, 32, 32)).astype(np.float32)
    mean = np.mean([member.predict(images) for member in members], axis=0)
    assert ensemble.predict(images) == pytest.approx(mean, abs=1e-9)
