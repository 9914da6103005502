"""task=export: the trained network in formats of other programs."""

from __future__ import annotations

import logging

import torch

from astroclf.files import shortest
from astroclf.tasks.model_from import open_model
from astroclf.tasks.run import Run

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Write the network as a PyTorch 2 archive."""
    assert run.settings.export is not None
    model = open_model(run.settings)
    if "torch_export" in run.settings.export.format:
        example = torch.zeros(2, len(model.pixels.bands), model.image_px, model.image_px)
        batch = torch.export.Dim("batch")
        program = torch.export.export(
            model.predictor.network, (example,), dynamic_shapes=[{0: batch}]
        )
        file = run.folder.path / "model.pt2"
        torch.export.save(program, file)
        log.info("%-12s%s", "exported", shortest(file))
