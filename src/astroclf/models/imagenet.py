"""ImageNet weights of a timm network: from the cache of the model hub, or downloaded."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import timm

from astroclf.models.hub import WEIGHT_FILES, find_hub_file


@cache
def find_imagenet_weights(name: str) -> Path | str:
    """Return the file of weights, downloaded if necessary, or the reason why there is none.

    The hub gets one request in a process.
    """
    published = timm.get_pretrained_cfg(name)
    if published is None or not published.hf_hub_id:
        return "timm publishes none for it on the model hub"
    named = published.hf_hub_filename
    return find_hub_file(published.hf_hub_id, (named,) if named else WEIGHT_FILES)
