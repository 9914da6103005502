"""Downloads of public data: few at a time, resumed, verified, and never of a file that is there."""

from astroclf.data.downloads.download import DownloadOptions, RemoteFile, download_files
from astroclf.data.downloads.manifest import MANIFEST, damaged_files, missing_files

__all__ = [
    "MANIFEST",
    "DownloadOptions",
    "RemoteFile",
    "damaged_files",
    "download_files",
    "missing_files",
]
