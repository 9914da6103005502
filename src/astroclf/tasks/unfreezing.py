"""Gradual unfreezing of a backbone during fine-tuning."""

from __future__ import annotations

from astroclf.models import Classifier
from astroclf.models.finetune import layer_depths
from astroclf.training.callbacks import Callback
from astroclf.training.learner import Learner


class GradualUnfreezing(Callback):
    """Unfreezes a backbone stage by stage, from the head on (Howard & Ruder 2018, arXiv:1801.06146)."""

    def __init__(self, classifier: Classifier, epochs_per_stage: int) -> None:
        self.backbone = classifier.backbone
        self.epochs_per_stage = epochs_per_stage
        self.stages = layer_depths(classifier.backbone, coarse=True)

    def on_epoch_start(self, learner: Learner) -> None:
        """Train the head alone in epoch 0, and one more stage after every few epochs."""
        open_stages = min(learner.progress.epoch // self.epochs_per_stage, len(self.stages))
        frozen = {name for stage in self.stages[: len(self.stages) - open_stages] for name in stage}
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad = name not in frozen
