"""Checksum of a trained model, by which a run that goes on finds that it is the same one."""

from __future__ import annotations

import hashlib

from astroclf.bundle import Bundle
from astroclf.bundle.ensemble import Ensemble
from astroclf.inference.predictor import Predictor


def checksum_of(model: Bundle) -> str:
    """Return a checksum of the weights, the preprocessing, the framing and the decision."""
    digest = hashlib.blake2b(digest_size=16)
    facts = (
        model.classes,
        model.decision,
        model.framing,
        model.cutouts,
        model.image_px,
        model.depth,
    )
    digest.update(repr(facts).encode())
    if model.cutouts is not None:
        digest.update(repr(model.cutouts).encode())
    if isinstance(model, Ensemble):
        digest.update(" ".join(map(checksum_of, model.members)).encode())
    else:
        _add(digest, model.predictor)
    return digest.hexdigest()


def _add(digest: hashlib.blake2b, predictor: Predictor) -> None:
    digest.update(repr((predictor.preprocess, predictor.tta_views)).encode())
    for name, tensor in predictor.network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
