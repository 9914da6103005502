"""Coverage of prediction sets and power of `unlike_training` on real images.

    python benchmarks/prediction_sets.py --images ../shared/data/star_galaxy_sdss

The folder holds index.csv with the columns path, label, objID, run, camcol and field. Two small
networks are trained: on SDSS cutouts of 20 fields, and on simulated cutouts drawn like color images.

- Coverage: the predictions for the cutouts of all other fields are resampled many times. Each time,
  some calibrate the sets and one image of each class tests them: 500 images and one more, or the
  images of 25 fields and a random one of another field.
- Novelty: AUROC of the p-values of each network for images of its own kind against the other kind,
  and the rate of p <= 0.05. Images of its own kind are the test split of the simulation, and the
  SDSS cutouts of other fields.
- Cost: seconds and bytes of a reference, and images/s with and without p-values.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import betabinom, binom
from sklearn.metrics import roc_auc_score

import astroclf
from astroclf.bundle import Bundle, read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.evaluation.decisions.conformal import fit_prediction_sets
from astroclf.evaluation.novelty import Novelty, conformal_p_values

ROOT = Path(__file__).parents[1]
CLASSES = {"galaxy": "galaxies", "star": "stars"}  # of the simulation -> of the SDSS folder
TRAIN_FIELDS, CALIBRATION_FIELDS, CALIBRATION_IMAGES = 20, 25, 500
CUTOUT_PX, NATIVE_PX, IMAGE_PX = 120, 30, 32  # 12 arcsec at 0.1 and at 0.4 arcsec per pixel
MODEL = (
    "tracking=none", "trainer.device=cpu", "trainer.precision=fp32", "trainer.channels_last=false",
    "model=cnn", "model.widths=[16,32,64]", "trainer.epochs=6", "augment=flips",
    "evaluation.report=false", "evaluation.bootstrap_resamples=0",
)  # fmt: skip


def write_simulated(folder: Path, n_images: int = 4000) -> None:
    """Write simulated cutouts as JPEG files, enlarged as the SDSS cutout server enlarges its own."""
    import cv2

    sky = astroclf.read_dataset(
        "simulated", f"dataset.n_images={n_images}", f"dataset.image_px={NATIVE_PX}"
    )
    for number, image in enumerate(make_thumbnails(sky, np.arange(len(sky)))):
        name = CLASSES[sky.classes[sky.targets[number]]]
        (folder / name).mkdir(parents=True, exist_ok=True)
        large = cv2.resize(image, (CUTOUT_PX, CUTOUT_PX), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / name / f"{name}-{number}.jpg"), large[..., ::-1])


def write_tables(images: Path, folder: Path) -> None:
    """Write train.csv and other.csv: the cutouts of 20 random fields, and those of all others."""
    with (images / "index.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    field_of = ["-".join((row["run"], row["camcol"], row["field"])) for row in rows]
    fields = np.random.default_rng(0).permutation(sorted(set(field_of)))
    for name, chosen in (("train", fields[:TRAIN_FIELDS]), ("other", fields[TRAIN_FIELDS:])):
        with (folder / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("file", "class", "field"))
            kept = set(chosen.tolist())
            writer.writerows(
                (row["path"], row["label"], field)
                for row, field in zip(rows, field_of, strict=True)
                if field in kept
            )


def train(folder: Path, *dataset: str) -> Bundle:
    """Return the model trained on a data set, in a folder that is kept."""
    if not (folder / "bundle").is_dir():
        command = [sys.executable, "run.py", *MODEL, *dataset, f"hydra.run.dir={folder}"]
        subprocess.run(command, cwd=ROOT, check=True)
    return read_bundle(folder / "bundle", device="cpu")


def coverage(
    p: np.ndarray, targets: np.ndarray, fields: np.ndarray | None, level: float, draws: int
) -> tuple[np.ndarray, float]:
    """Return the number of draws (K,) whose test image of each class is in its set, and the mean size.

    Calibration and test images of a draw are exchangeable, whatever the images are.
    """
    rng, n_classes = np.random.default_rng(0), p.shape[1]
    hits, sizes = np.zeros(n_classes, np.int64), []
    for _ in range(draws):
        for k in range(n_classes):
            known, tested = draw(rng, targets == k, fields)
            of_known = None if fields is None else fields[known]
            fitted = fit_prediction_sets(p[known], targets[known], of_known, level)
            hits[k] += fitted.sets(p[tested][None])[0, k]
            sizes.append(fitted.sets(p[tested][None]).sum())
    return hits, float(np.mean(sizes))


def draw(
    rng: np.random.Generator, of_class: np.ndarray, fields: np.ndarray | None
) -> tuple[np.ndarray, int]:
    """Return the calibration images and a test image of a class."""
    if fields is None:
        chosen = rng.permutation(len(of_class))
        known, rest = chosen[:CALIBRATION_IMAGES], chosen[CALIBRATION_IMAGES:]
        return known, int(rest[of_class[rest]][0])
    order = rng.permutation(np.unique(fields[of_class]))
    known = np.isin(fields, order[:CALIBRATION_FIELDS])
    tested = np.flatnonzero(of_class & (fields == order[CALIBRATION_FIELDS]))
    return np.flatnonzero(known), int(rng.choice(tested))


def print_coverage(bundle: Bundle, other: ImageDataset, draws: int) -> None:
    p = bundle.predict(other.images)
    assert other.groups is not None
    accuracy = np.mean(p.argmax(axis=1) == other.targets)
    print(
        f"\n{len(p):,} images of {len(set(other.groups.tolist()))} fields, accuracy {accuracy:.3f}"
    )
    print(
        f"coverage in {draws:,} draws, and the 95 % binomial interval: from that of the level to that"
    )
    print("of the level and the weight of one calibration image or field")
    for name, fields in (("images", None), ("fields", other.groups)):
        for level in (0.9, 0.95):
            hits, size = coverage(p, other.targets, fields, level, draws)
            highest = level + 1 / (1 + (CALIBRATION_FIELDS if fields is not None else 200))
            low, high = binom.ppf([0.025, 0.975], draws, [level, highest]) / draws
            covered = ", ".join(
                f"{each} {n / draws:.4f}" for each, n in zip(other.classes, hits, strict=True)
            )
            print(f"  {name} {level:g}: {covered}  [{low:.4f}, {high:.4f}]  mean size {size:.2f}")


def outputs(bundle: Bundle, images: np.ndarray) -> tuple[Novelty, np.ndarray]:
    """Return the novelty of a model, and the (N, F) features of images."""
    assert bundle.reference is not None
    assert bundle.reference.novelty is not None
    features = bundle.predictor.logits_and_features(images)[1]
    assert features is not None
    return bundle.reference.novelty, features.numpy()


def print_novelty(name: str, bundle: Bundle, own: np.ndarray, other: ImageDataset) -> None:
    mine, theirs = (
        novelty.p_values(features)
        for novelty, features in (outputs(bundle, own), outputs(bundle, other.images))
    )
    assert bundle.reference is not None
    n_val = len(bundle.reference.val_ids)
    lowest = int(0.05 * (n_val + 1))
    low, high = betabinom.ppf([0.025, 0.975], len(mine), lowest, n_val + 1 - lowest) / len(mine)
    print(f"\n{name} ({n_val} images of val): p <= 0.05 for {np.mean(mine <= 0.05):.3f}")
    print(f"  of {len(mine):,} images of its own kind, 95 % interval [{low:.3f}, {high:.3f}]")
    for k, of_class in enumerate(other.classes):
        shown = theirs[other.targets == k]
        truth = np.repeat([0, 1], [len(mine), len(shown)])
        auroc = roc_auc_score(truth, -np.append(mine, shown))
        print(f"  other {of_class}: AUROC {auroc:.3f}, p <= 0.05 for {np.mean(shown <= 0.05):.3f}")


def print_flags(bundle: Bundle, other: ImageDataset, draws: int) -> None:
    """Print the rate of p <= 0.05 of one more image, or of an image of one more field."""
    novelty, features = outputs(bundle, other.images)
    distances, everything = novelty.train.distances(features), np.ones(len(features), bool)
    print("\nflags of one more image in", draws, "draws")
    for name, fields in (("images", None), ("fields", other.groups)):
        rng, flags = np.random.default_rng(0), 0
        for _ in range(draws):
            known, tested = draw(rng, everything, fields)
            of_known = None if fields is None else fields[known]
            p = conformal_p_values(distances[[tested]], distances[known], of_known)
            flags += int(p[0] <= 0.05)
        low, high = binom.ppf([0.025, 0.975], draws, 0.05) / draws
        print(f"  {name}: p <= 0.05 for {flags / draws:.4f}  [{low:.4f}, {high:.4f}]")


def print_cost(bundle: Bundle, train_images: np.ndarray) -> None:
    """Print the cost of novelty for features of 2,000 training and 500 validation images."""
    images = np.resize(train_images, (2500, *train_images.shape[1:]))
    predictor = bundle.predictor
    started = time.perf_counter()
    predictor.logits(images)
    forward = time.perf_counter() - started
    features = predictor.logits_and_features(images)[1]
    assert features is not None
    values = features.numpy()
    started = time.perf_counter()
    novelty = Novelty.fit(values[:2000], values[2000:], None, seed=0)
    fit = time.perf_counter() - started
    assert novelty is not None
    started = time.perf_counter()
    novelty.p_values(values)
    of_p_values = time.perf_counter() - started
    print(f"\nfeatures {values.shape[1]}: fit {fit:.2f} s, forward pass {forward:.2f} s, p-values")
    print(
        f"  {of_p_values:.3f} s ({of_p_values / forward:.1%} of the forward pass) of 2,500 images"
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True, help="folder of SDSS cutouts")
    parser.add_argument("--folder", type=Path, default=Path("outputs/prediction_sets"))
    parser.add_argument("--draws", type=int, default=2000)
    given = parser.parse_args(arguments)
    folder, size = given.folder.absolute(), f"dataset.image_px={IMAGE_PX}"
    if not (folder / "other.csv").is_file():
        write_simulated(folder / "simulated")
        write_tables(given.images, folder)

    def table(name: str) -> tuple[str, ...]:
        root = f"dataset.image_root={given.images.absolute()}"
        return (f"dataset.table={folder / name}.csv", root, "dataset.group_column=field", size)

    simulated = ("dataset=image_folder", f"dataset.root={folder / 'simulated'}", size)
    of_sdss = train(folder / "sdss", "dataset=catalog", *table("train"))
    of_simulation = train(folder / "simulation", *simulated)
    other = astroclf.read_dataset("catalog", *table("other"))
    sky = astroclf.read_dataset("image_folder", *simulated[1:])
    print_coverage(of_sdss, other, given.draws)
    print_flags(of_sdss, other, given.draws)
    print_novelty("trained on SDSS", of_sdss, other.images, sky)
    print_novelty("trained on simulations", of_simulation, sky.images[sky.indices("test")], other)
    print_cost(of_sdss, sky.images)


if __name__ == "__main__":
    main(sys.argv[1:])
