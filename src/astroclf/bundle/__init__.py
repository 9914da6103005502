"""The trained model as one folder: weights, classes, preprocessing, decision."""

from astroclf.bundle.bundle import Bundle
from astroclf.bundle.description import Depth, Description, FileCut
from astroclf.bundle.folder import read_bundle, write_bundle

__all__ = ["Bundle", "Depth", "Description", "FileCut", "read_bundle", "write_bundle"]
