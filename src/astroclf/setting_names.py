"""Names of settings and their choices: those of conf/, of former versions, and of other tools."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

FOLDER = "dataset=image_folder dataset.root"
# What other tools call a setting -> what is written here before the value.
FOREIGN_NAMES = {
    "checkpoint": "resume",
    "ckpt_path": "resume",
    "csv": "dataset=catalog dataset.table",
    "data": FOLDER,
    "data_dir": FOLDER,
    "data_path": FOLDER,
    "early_stopping": "trainer.patience",
    "image_size": "dataset.image_px",
    "img_size": "dataset.image_px",
    "learning_rate": "optimizer.lr",
    "logger": "tracking",
    "n_trials": "hydra.sweeper.n_trials",
    "num_epochs": "trainer.epochs",
    "num_threads": "trainer.threads",
    "num_workers": "trainer.threads",
    "output_dir": "hydra.run.dir",
    "path": FOLDER,
    "run_name": "tracking.run_name",
    "schema": "dataset.vote_schema",
    "wd": "optimizer.weight_decay",
    "workers": "trainer.threads",
}
# What other tools call a choice of a group -> its name here.
FOREIGN_CHOICES = {
    "crossentropy": "ce",
    "csv": "catalog",
    "effnet": "efficientnet_lite",
    "efficientnet": "efficientnet_lite",
    "folder": "image_folder",
    "frozen": "classifier",
    "head": "classifier",
    "labelsmoothing": "ce_smooth",
    "linear": "classifier",
    "linearprobe": "classifier",
    "resnet": "resnet34",
    "table": "catalog",
}
# Key of a former version -> its name in the same group.
RENAMED_KEYS = {
    "evaluation.views": "tta_views",
    "evaluation.bootstrap": "bootstrap_resamples",
    "evaluation.catalog": "metadata",
    "evaluation.catalog_id": "metadata_id",
    "trainer.accumulate": "accumulate_batches",
    "trainer.clip_norm": "grad_clip_norm",
    "trainer.min_gain": "min_delta",
    "trainer.resident_share": "device_cache_fraction",
    "dataset.neighbour_arcsec": "neighbor_arcsec",
}
ALONE = (
    "seed",
    "seeds",
    "folds",
    "resume",
    "rerun",
    "model_from",
)  # keys of conf/config.yaml itself
ANY_NETWORK = "timm"  # the file for any network of timm

Keys = Mapping[str, Mapping[str, set[str]]]  # group -> file of the group -> its keys


def read_keys(conf: Path) -> Keys:
    """Return the keys of every file of every group, those that a file takes from another included."""
    keys: dict[str, dict[str, set[str]]] = {}
    for file in sorted(conf.glob("*/*.yaml")):
        keys.setdefault(file.parent.name, {})[file.stem] = _keys_of(file)
    return keys


def _keys_of(file: Path) -> set[str]:
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    bases = bases_of(file, content.pop("defaults", []))
    return set(map(str, content)).union(*map(_keys_of, bases))


def bases_of(file: Path, defaults: Iterable[object]) -> list[Path]:
    """Return the files that a file of conf/ builds on: of the same group, or of conf/ itself (/<name>@_here_)."""
    conf = file.parent if (file.parent / "config.yaml").is_file() else file.parents[1]
    names = [name for name in defaults if isinstance(name, str) and name != "_self_"]
    return [
        conf / f"{name[1:].partition('@')[0]}.yaml"
        if name.startswith("/")
        else file.with_stem(name)
        for name in names
    ]


def names_here(key: str, keys: Keys) -> list[str]:
    """Return what may be written for a key without a group, of another group, or of another tool."""
    known = {
        f"{group}.{own}"
        for group, files in keys.items()
        if group not in ("debug", *keys["task"])  # epochs are those of the trainer
        for own in set().union(*files.values())
    }
    name = key.split(".")[-1]
    foreign = FOREIGN_NAMES.get(name)
    if key in known or key in ALONE:
        return [key]
    if foreign:
        return [foreign]
    return sorted(each for each in known if each.split(".")[-1] == name != "name")


def new_name(key: str) -> str | None:
    """Return the present key for one of a former version, such as trainer.min_gain; else None."""
    group = key.partition(".")[0]
    return f"{group}.{RENAMED_KEYS[key]}" if key in RENAMED_KEYS else None


def close_keys(key: str, keys: Keys) -> list[str]:
    """Return the keys of its group with a similar name, groups where there is no such; the best first."""
    group, _, name = key.rpartition(".")
    own = sorted(set().union(*keys.get(group, {}).values()))
    near = [f"{group}.{each}" for each in difflib.get_close_matches(name, own)]
    return near if group in keys else difflib.get_close_matches(key, [*keys, *ALONE])


def explain_choice(group: str, choice: str, options: Sequence[str]) -> str:
    """Return the sentence for a file that a group does not have."""
    there = f"{group}={choice}: there is no such {group}; choose one of {', '.join(options)}."
    word = _plain(choice)
    same = {_plain(each): each for each in options}.get(word) or FOREIGN_CHOICES.get(word)
    if same in options:
        return f"{there} Did you mean {group}={same}?"
    if ANY_NETWORK in options:
        return f"{there} For any other network of timm, write {group}=timm {group}.name={choice}."
    near = difflib.get_close_matches(choice.lower(), options, n=1)
    return f"{there} Did you mean {group}={near[0]}?" if near else there


def _plain(text: str) -> str:
    return re.sub("[_-]", "", text.lower())
