"""True labels of the images of a data set, and the decision that belongs to the loss."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.decisions.activation import SIGMOID, Activation
from astroclf.evaluation.decisions.decision import Decision, shift_of_alpha
from astroclf.evaluation.decisions.tree_activation import QuestionConcentrations, QuestionSoftmax
from astroclf.evaluation.labels import Labels, make_labels
from astroclf.settings import Settings, sections
from astroclf.settings.metrics import CLASSES
from astroclf.training.class_weights import class_weights


def labels_of(dataset: ImageDataset, positions: np.ndarray) -> Labels:
    """Return the labels of the images at these positions."""
    groups = None if dataset.groups is None else dataset.groups[positions]
    counts = None if dataset.vote_counts is None else dataset.vote_counts[positions]
    return make_labels(
        dataset.targets[positions], dataset.classes, groups, tree=dataset.tree, vote_counts=counts
    )


def activation_of(loss: sections.Loss, dataset: ImageDataset) -> Activation:
    """Return the activation that belongs to a loss: of classes, of vote fractions, or of a decision tree."""
    if dataset.target_kind == CLASSES:
        return Activation.from_json(loss.activation)
    if dataset.tree is None or not loss.obeys_tree(has_tree=True):
        return SIGMOID
    if isinstance(loss, sections.DirichletMultinomial):
        return QuestionConcentrations(dataset.tree, loss.concentration_scale)
    return QuestionSoftmax(dataset.tree)


def plain_decision(settings: Settings, dataset: ImageDataset) -> Decision:
    """Return the activation that belongs to the loss, with the effect of its weights undone.

    Weights of vote fractions weigh both sides of an answer alike, so nothing is undone there.
    """
    loss = settings.loss
    activation = activation_of(loss, dataset)
    weights = class_weights(loss.class_weights, dataset) if activation.rows_sum_to_one else None
    return Decision(
        activation,
        logit_shift=shift_of_alpha(activation, getattr(loss, "alpha", None), len(dataset.classes)),
        focal_gamma=loss.focal_gamma,
        class_weights=None if weights is None else tuple(weights.tolist()),
    )
