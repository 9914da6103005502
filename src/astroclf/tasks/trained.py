"""A finished training: the network with its best weights, and the data it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from astroclf.inference.predictor import Predictor
from astroclf.models.lora import merge_adapters
from astroclf.tasks.training import Training


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished training.

    origin: commit, versions and fingerprint of the data. measured: the metrics of val and the costs
    that a search may optimize (see `Training.measured`).
    """

    training: Training
    origin: Mapping[str, str]
    measured: dict[str, float]

    def predictor(self, tta_views: int) -> Predictor:
        """Return the predictor of the bundle: the best weights, with adapters merged into a copy."""
        self.training.learner.load_weights(self.training.learner.best)
        network = merge_adapters(self.training.classifier)
        return replace(self.training.predictor, network=network, tta_views=tta_views)
