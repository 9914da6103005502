"""Ensemble: several trained models applied as one, with averaged probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from astroclf.bundle.averaging import class_orders, merge_p_values
from astroclf.bundle.bundle import Bundle
from astroclf.bundle.checks import require_columns, require_images
from astroclf.bundle.ensemble_network import EnsembleNetwork
from astroclf.bundle.prediction import Prediction
from astroclf.bundle.reference import Reference
from astroclf.data.preprocess import Preprocess
from astroclf.evaluation.decisions.decision import Decision
from astroclf.inference.predictor import Predictor


@dataclass(frozen=True)
class Ensemble(Bundle):
    """Several models of the same classes, whose probabilities are averaged.

    Each member outputs probabilities by its own decision. Their mean is calibrated by the decision
    of the ensemble; its labels are the most probable classes, whatever thresholds the members have.

    members: at least two. names: of the members. notes: sentences on what was not calibrated, and why.
    """

    members: tuple[Bundle, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), repr=False)

    def predict(self, images: np.ndarray, columns: np.ndarray | None = None) -> np.ndarray:
        """Return (N, K) float64 probabilities, see `Bundle.predict`."""
        return self.prediction(images, columns).probabilities

    def prediction(self, images: np.ndarray, columns: np.ndarray | None = None) -> Prediction:
        """Return everything that the ensemble outputs for images, see `Bundle.prediction`.

        The members are run one after another. The spread is their sample standard deviation.
        """
        require_images(images, self.pixels.bands, self.image_px, self.depth)
        require_columns(columns, self.columns, len(images))
        parts = [member.prediction(images, columns) for member in self.members]
        orders = class_orders([member.classes for member in self.members])
        of_members = np.stack(
            [part.probabilities[:, order] for part, order in zip(parts, orders, strict=True)]
        )
        logits = self.decision.activation.logits_of(of_members.mean(axis=0))
        predicted = self.decision.predict(logits)
        p_values = [part.unlike_training for part in parts if part.unlike_training is not None]
        return Prediction(
            predicted.probabilities,
            predicted.labels,
            predicted.sets,
            merge_p_values(p_values) if len(p_values) == len(parts) else None,
            of_members.std(axis=0, ddof=1),
        )


def combine(
    members: Sequence[Bundle],
    names: Sequence[str],
    decision: Decision,
    notes: Sequence[str] = (),
    load_reference: Callable[[], Reference] | None = None,
) -> Ensemble:
    """Return the ensemble of models that agree, with a decision on their averaged probabilities."""
    first = members[0]
    return Ensemble(
        predictor=average_predictor(members, decision),
        decision=decision,
        classes=first.classes,
        pixels=first.pixels,
        image_px=first.image_px,
        depth=first.depth,
        framing=first.framing,
        cutouts=first.cutouts,
        provenance={**shared_provenance(members), "members": ", ".join(names)},
        facts={
            "dataset": first.facts.get("dataset", {}),
            "metrics": {},
            **_shared_training_images(members),
        },
        load_reference=load_reference,
        columns=first.columns,
        members=tuple(members),
        names=tuple(names),
        notes=tuple(notes),
    )


def _shared_training_images(members: Sequence[Bundle]) -> dict[str, object]:
    """Return the summary of the training images if all members have the same one."""
    first, *others = (member.facts.get("training_images") for member in members)
    is_shared = first is not None and all(each == first for each in others)
    return {"training_images": first} if is_shared else {}


def average_predictor(members: Sequence[Bundle], decision: Decision) -> Predictor:
    """Return the predictor of the logits of the averaged probabilities.

    Its network takes stored pixels: each member has a preprocessing of its own.
    """
    first, n_bands = members[0], len(members[0].pixels.bands)
    zeros, ones = (0.0,) * n_bands, (1.0,) * n_bands
    return Predictor(
        EnsembleNetwork(members, decision.activation),
        Preprocess("asinh", unit=ones, mean=zeros, std=ones),  # changes nothing
        device=first.predictor.device,
        batch_size=first.predictor.batch_size,
    )


def shared_provenance(members: Sequence[Bundle]) -> dict[str, str]:
    """Return the facts on code, software and data that all members have in common."""
    first, *others = (member.provenance for member in members)
    return {
        key: text for key, text in first.items() if all(each.get(key) == text for each in others)
    }
