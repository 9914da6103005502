"""Training loop: device, batches, precision, early stopping."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Count, NonNegative, Positive, Section, Text

Probability = Annotated[float, Field(ge=0, le=1)]


class Trainer(Section):
    device: Text
    epochs: Count
    batch_size: Count
    accumulate_batches: Count
    sampler: Literal["shuffle", "balanced"]
    sampler_strength: Probability
    sampler_epoch: Literal["same", "over", "under"]
    mixup: NonNegative
    cutmix: NonNegative
    mixup_prob: Probability
    mixup_switch_prob: Probability
    precision: Literal["auto", "fp32", "tf32", "bf16", "fp16"]
    channels_last: Literal["auto"] | bool
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=1024, strict=True)]
    grad_clip_norm: Positive | None
    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None
    monitor: Text
    patience: Count | None
    min_delta: NonNegative
    max_steps: Annotated[int, Field(ge=1, le=10**12, strict=True)] | None
    device_cache_fraction: Annotated[float, Field(ge=0, le=1)]

    @property
    def mixes_images(self) -> bool:
        """True if training batches are mixed (mixup, cutmix)."""
        return self.mixup_prob > 0 and (self.mixup > 0 or self.cutmix > 0)
