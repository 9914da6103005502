"""task=prepare: download the files of a dataset, or list them."""

from __future__ import annotations

import logging
from pathlib import Path

from astroclf.data.downloads import (
    MANIFEST,
    DownloadOptions,
    damaged_files,
    download_files,
    missing_files,
)
from astroclf.data.sources.sdss_archive import archive_files
from astroclf.errors import UserError, counted, listed
from astroclf.settings import sections
from astroclf.tasks.run import Run

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Download the files of the data set that are missing or damaged, or log where they belong.

    Raise UserError for a source without downloads, and as `download_files`.
    """
    dataset, options = run.settings.dataset, run.settings.prepare
    assert options is not None
    if not isinstance(dataset, sections.SdssFrames):
        raise UserError(
            f"dataset={dataset.name}: task=prepare has nothing to download for it. Choose dataset=sdss_frames."
        )
    root = Path(str(dataset.root))
    files = archive_files(dataset, options.server)
    damaged = damaged_files(root, files)
    wanted = missing_files(root, files) + damaged
    if damaged:
        log.warning(
            "%s below %s differ from %s and are downloaded again: %s.",
            counted(len(damaged), "file"), root, MANIFEST, listed((str(file.path) for file in damaged), 3),
        )  # fmt: skip
    if not options.download:
        for file in wanted:
            log.info("%s -> %s", file.url, root / file.path)
        log.info(
            "%s of %s to download to %s", counted(len(wanted), "file"), f"{len(files):,}", root
        )
        return
    download_files(
        root,
        wanted,
        DownloadOptions(options.parallel, options.retries, options.timeout_s, options.backoff_s),
    )
    log.info(
        "%s: %s downloaded, %s there before; checksums in %s",
        root, counted(len(wanted), "file"), f"{len(files) - len(wanted):,}", root / MANIFEST,
    )  # fmt: skip
