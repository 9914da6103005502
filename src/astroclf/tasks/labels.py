"""True labels of the images of a data set, and the decision that belongs to the loss."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.sampling import sampling_of
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
    """Return the activation that belongs to the loss, with the effect of its weights and of sampling undone.

    An image that is drawn twice as often counts as one of twice the weight. Weights of vote fractions weigh both sides of an answer alike, so nothing is undone there.
    """
    loss = settings.loss
    activation = activation_of(loss, dataset)
    weights = training_weights_of_classes(settings, dataset) if activation.rows_sum_to_one else None
    return Decision(
        activation,
        logit_shift=shift_of_alpha(activation, getattr(loss, "alpha", None), len(dataset.classes)),
        focal_gamma=loss.focal_gamma,
        class_weights=weights,
    )


def training_weights_of_classes(
    settings: Settings, dataset: ImageDataset
) -> tuple[float, ...] | None:
    """Return the weight of each class in training, by class weights and sampling; None for none."""
    weights = class_weights(settings.loss.class_weights, dataset)
    sampling = sampling_of(settings.trainer, dataset)
    if sampling is None:
        return None if weights is None else tuple(weights.tolist())
    drawn = sampling.factors * (1 if weights is None else weights.numpy())
    return tuple(drawn.tolist())
