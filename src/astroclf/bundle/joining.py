"""Join of several models into an ensemble, calibrated on the validation images that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from astroclf.bundle.agreement import require_agreement
from astroclf.bundle.averaging import class_orders
from astroclf.bundle.bundle import Bundle
from astroclf.bundle.common_images import CommonImages, find_common_images, join_images
from astroclf.bundle.ensemble import Ensemble, combine
from astroclf.bundle.reference import Reference
from astroclf.errors import UserError, counted
from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX, Activation
from astroclf.evaluation.decisions.calibration import fit_temperature
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.fitting import (
    FEWEST_FOR_TEMPERATURE,
    notes_of_sets,
    with_prediction_sets,
)
from astroclf.evaluation.decisions.tree_activation import QuestionSoftmax
from astroclf.evaluation.labels import Labels, make_labels

LIMIT = (
    "the averaged probabilities are not calibrated, and there are no prediction sets. Train the members "
    "with the same split to calibrate them together."
)


def join(members: Sequence[Bundle], names: Sequence[str]) -> Ensemble:
    """Return the ensemble of two or more models, calibrated where they share validation images.

    names: of the members, for messages. Raises UserError if the models differ in what they take or
    output, or if their references are damaged.
    """
    if len(members) < 2:
        raise UserError(
            "An ensemble has two members or more. Give several models, or use one alone."
        )
    require_agreement(members, names)
    plain = Decision(averaged_activation(members))
    references = [member.reference for member in members]
    known = [each for each in references if each is not None]
    if len(known) < len(members):
        old = names[references.index(None)]
        return combine(
            members, names, plain, [f"{old} has no record of its validation images: {LIMIT}"]
        )
    common = find_common_images(known)
    logits = logits_on_validation(members, known, common, plain.activation)
    labels = make_labels(common.targets, members[0].classes, common.groups)
    decision, notes = calibrate(plain, logits, labels, level_of(members))
    return combine(members, names, decision, notes, partial(join_images, known, logits, common))


def averaged_activation(members: Sequence[Bundle]) -> Activation:
    """Return the activation of averaged probabilities.

    Averages of fractions that obey a decision tree obey it too. Where a member does not, or obeys
    another tree, each averaged fraction is a sigmoid.
    """
    first, *others = (member.decision.activation for member in members)
    if first.rows_sum_to_one:
        return SOFTMAX
    if not isinstance(first, QuestionSoftmax):
        return SIGMOID
    is_shared = all(
        isinstance(other, QuestionSoftmax)
        and set(other.tree.questions) == set(first.tree.questions)
        for other in others
    )
    return QuestionSoftmax(first.tree) if is_shared else SIGMOID


def logits_on_validation(
    members: Sequence[Bundle],
    references: Sequence[Reference],
    common: CommonImages,
    activation: Activation,
) -> np.ndarray:
    """Return (V, K): the logits of the averaged probabilities of the common images."""
    orders = class_orders([member.classes for member in members])
    probabilities = [
        member.decision.probabilities(reference.val_logits[rows])[:, order]
        for member, reference, rows, order in zip(
            members, references, common.rows, orders, strict=True
        )
    ]
    return activation.logits_of(np.mean(probabilities, axis=0))


def level_of(members: Sequence[Bundle]) -> float | None:
    """Return the level of the members' prediction sets, None if they have none or several levels."""
    sets = [member.decision.conformal for member in members]
    levels = {None if each is None else each.level for each in sets}
    return levels.pop() if len(levels) == 1 else None


def calibrate(
    plain: Decision, logits: np.ndarray, labels: Labels, level: float | None
) -> tuple[Decision, list[str]]:
    """Return the decision with a temperature, and prediction sets of a level; and sentences on its limits."""
    if len(labels) < FEWEST_FOR_TEMPERATURE:
        shared = counted(len(labels), "validation image")
        return plain, [
            f"The members share {shared} that none of them was trained on, fewer than "
            f"{FEWEST_FOR_TEMPERATURE}: {LIMIT}"
        ]
    temperature = fit_temperature(plain.probabilities(logits), labels, plain.activation)
    decision = replace(plain, temperature=temperature)
    if level is None:
        return decision, []
    decision = with_prediction_sets(decision, logits, labels, level)
    return decision, notes_of_sets(decision, labels)
