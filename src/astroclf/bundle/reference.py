"""Reference of a trained model: its images, and what is calibrated on validation."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.errors import one_line
from astroclf.evaluation.novelty import Novelty, TrainingFeatures
from astroclf.integrity import hash_file
from astroclf.models.bundle_files import DESCRIPTION_FILE, REFERENCE_FILE, not_whole, unreadable

VAL = "val"
MOST_BYTES = 4 << 30  # of the arrays, so that a small file cannot fill the memory
OPTIONAL = ("groups", "sky_deg")
OF_NOVELTY = ("mean", "components", "scale", "rest", "coordinates")


@dataclass(frozen=True, eq=False)
class Reference:
    """Images that a model was trained, selected and tested on, without their pixels.

    ids, split: (N,) str; `train`, `val`, `test` or the name of a further split. picture_hashes:
    (N, 16) uint8, see `ImageDataset.picture_hashes`. groups: (N,) str, or None. sky_deg: (N, 2)
    float64, or None; neighbor_arcsec: width of an image on the sky, 0 where it is not known.
    val_logits: (V, K) float32, and val_targets: (V,) int64 or (V, K) float32, of the images of val,
    in their order. novelty: distances to the training images; None for a network without features.
    novelty_rows: (n,) int64, the validation images of its distances, counted in val.
    """

    ids: np.ndarray
    split: np.ndarray
    picture_hashes: np.ndarray
    groups: np.ndarray | None
    sky_deg: np.ndarray | None
    neighbor_arcsec: float
    val_logits: np.ndarray
    val_targets: np.ndarray
    novelty: Novelty | None = None
    novelty_rows: np.ndarray | None = None

    def __post_init__(self) -> None:
        n, n_val = len(self.ids), len(self.val_logits)
        demands = {
            "one row an image": self.split.shape == (n,)
            and self.picture_hashes.shape == (n, 16)
            and (self.groups is None or self.groups.shape == (n,))
            and (self.sky_deg is None or self.sky_deg.shape == (n, 2)),
            "one row an image of val": len(self.val_targets) == n_val == int(self.is_val.sum()),
        }
        for demand, is_met in demands.items():
            if not is_met:
                raise ValueError(f"it does not have {demand}")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_val(self) -> np.ndarray:
        """(N,) bool: whether an image is of val."""
        is_val: np.ndarray = self.split == VAL
        return is_val

    @property
    def val_ids(self) -> np.ndarray:
        """(V,) str."""
        return self.ids[self.is_val]

    @property
    def val_groups(self) -> np.ndarray | None:
        """(V,) str, or None for independent images."""
        return None if self.groups is None else self.groups[self.is_val]

    def to_bytes(self) -> bytes:
        """Return the content of reference.npz."""
        arrays: dict[str, np.ndarray] = {
            name: getattr(self, name)
            for name in ("ids", "split", "picture_hashes", "val_logits", "val_targets", *OPTIONAL)
            if getattr(self, name) is not None
        }
        arrays["neighbor_arcsec"] = np.array(self.neighbor_arcsec)
        if self.novelty is not None and self.novelty_rows is not None:
            arrays |= {name: getattr(self.novelty.train, name) for name in OF_NOVELTY}
            arrays |= {"distances": self.novelty.distances, "novelty_rows": self.novelty_rows}
        stream = io.BytesIO()
        np.savez_compressed(stream, allow_pickle=False, **arrays)
        return stream.getvalue()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Reference:
        """Return the reference with these arrays. Raises KeyError or ValueError if they do not fit."""
        groups, sky_deg = (arrays.get(name) for name in OPTIONAL)
        novelty = rows = None
        if "distances" in arrays:
            rows = arrays["novelty_rows"]
            of_val = None if groups is None else groups[arrays["split"] == VAL][rows]
            train = TrainingFeatures(*(arrays[name] for name in OF_NOVELTY))
            novelty = Novelty(train, arrays["distances"], of_val)
        return cls(
            ids=arrays["ids"],
            split=arrays["split"],
            picture_hashes=arrays["picture_hashes"],
            groups=groups,
            sky_deg=sky_deg,
            neighbor_arcsec=float(arrays["neighbor_arcsec"]),
            val_logits=arrays["val_logits"],
            val_targets=arrays["val_targets"],
            novelty=novelty,
            novelty_rows=rows,
        )


def read_reference(folder: Path, checksum: str) -> Reference:
    """Return the reference of a bundle.

    checksum: of the file. Raises UserError if the file is missing, unreadable or damaged, or belongs
    to another bundle.json.
    """
    file = folder / REFERENCE_FILE
    try:
        if hash_file(file) != checksum:
            raise ValueError(f"it does not match its checksum in {DESCRIPTION_FILE}")
        with zipfile.ZipFile(file) as archive:
            if sum(each.file_size for each in archive.infolist()) > MOST_BYTES:
                raise ValueError(f"it holds more than {MOST_BYTES >> 30} GiB")
        with np.load(file, allow_pickle=False) as arrays:
            return Reference.from_arrays(dict(arrays))
    except FileNotFoundError as error:
        raise not_whole(folder, f"{REFERENCE_FILE} is missing") from error
    except OSError as error:
        raise unreadable(file, error) from error
    except KeyError as error:
        raise not_whole(folder, f"{REFERENCE_FILE}: it lacks {error}") from error
    except Exception as error:  # zipfile, zlib and numpy each have their own for damaged files
        raise not_whole(folder, f"{REFERENCE_FILE}: {one_line(error)}") from error
