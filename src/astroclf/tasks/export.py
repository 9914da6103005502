"""task=export: a trained model in formats of other programs, checked against the bundle."""

from __future__ import annotations

import logging
from pathlib import Path

from astroclf.errors import counted
from astroclf.export.check import TOLERANCE
from astroclf.export.export import Exported, export_bundle
from astroclf.files import shortest
from astroclf.tasks.model_from import open_model
from astroclf.tasks.run import Run
from astroclf.text_table import text_table

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Write the model in the formats of export.format, and log how it is used."""
    options = run.settings.export
    assert options is not None
    bundle = open_model(run.settings)
    images = None if options.images is None else Path(options.images)
    exported = export_bundle(bundle, run.folder.path, options.format, images)
    log.info(summary(exported))


def summary(exported: Exported) -> str:
    """Return the files, their agreement with the bundle, the throughput, and lines that use them."""
    rows = [["exported", "", "largest difference", "labels"]]
    for name, each in exported.files.items():
        ties = counted(each.check.ties, "tie") if each.check.ties else "equal"
        difference = f"{each.check.largest_difference:.1e} of {TOLERANCE:g}"
        rows.append([name, str(shortest(each.path)), difference, ties])
    speeds = [[f"images/s ({counted(exported.threads, 'thread')})", ""]]
    speeds += [[name, f"{speed:.0f}"] for name, speed in exported.images_per_s.items()]
    usages = [each.usage for each in exported.files.values()]
    return "\n\n".join(
        [
            text_table(rows),
            f"checked on {exported.examples}",
            text_table(speeds),
            *usages,
            f"{'described in':<14}{shortest(exported.description)}",
        ]
    )
