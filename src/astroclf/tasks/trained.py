"""A finished training: the network with its best weights, and the data it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from astroclf.inference.predictor import Predictor
from astroclf.models.lora import merge_adapters
from astroclf.tasks.build import Setup


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished training.

    origin: commit, versions and fingerprint of the data.
    """

    setup: Setup
    origin: Mapping[str, str]

    def predictor(self, tta_views: int) -> Predictor:
        """Return the predictor of the bundle: the best weights, with adapters merged into a copy."""
        self.setup.learner.load_weights(self.setup.learner.best)
        network = merge_adapters(self.setup.classifier)
        return replace(self.setup.predictor, network=network, tta_views=tta_views)
