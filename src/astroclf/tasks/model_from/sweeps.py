"""Models of the best trials of a search: top3, or <sweep folder>/top3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from astroclf.errors import UserError, counted
from astroclf.files import named_path, shortest
from astroclf.runs.folder import KEPT_MODELS, RunFolder
from astroclf.runs.kept_models import KeptModels, KeptTrial, read_kept_models
from astroclf.tasks.model_from.folders import is_bundle

TOP = re.compile(r"(?:(?P<folder>.+)/)?top(?P<k>\d+)")
# Sweeps below `outputs`, named by their study or by their time (conf/config.yaml).
SWEEPS = (f"sweeps/*/{KEPT_MODELS}", f"sweeps/*/*/{KEPT_MODELS}")


@dataclass(frozen=True)
class TopTrials:
    """The name of the k best trials of a sweep; folder None stands for the latest sweep."""

    k: int
    folder: Path | None

    @classmethod
    def parse(cls, name: str) -> TopTrials | None:
        """Return what `top<K>` or `<sweep folder>/top<K>` names; None for any other name."""
        found = TOP.fullmatch(name)
        if found is None or int(found["k"]) == 0:
            return None
        folder = None if found["folder"] is None else named_path(found["folder"], "model_from")
        return cls(int(found["k"]), folder)


def find_top(top: TopTrials, outputs: Path, key: str) -> list[tuple[Path, str]]:
    """Return the bundles of the best trials, the best first, each with the reason in words.

    outputs: folder of the sweeps. key: the setting with the name. Raises UserError if there are fewer
    trials, or a model was not kept.
    """
    folder = RunFolder(latest_sweep(outputs, key) if top.folder is None else top.folder)
    if not folder.kept_models.is_file():
        raise UserError(
            f"{key}: {shortest(folder.path)} is no folder of a search that keeps models. Give that of a search with "
            "Optuna, such as outputs/sweeps/<study>/top3."
        )
    kept = read_kept_models(folder)
    _require(top.k, kept, folder, key)
    return [
        (_bundle_of(trial, folder, key), _reason(trial, rank, kept))
        for rank, trial in enumerate(kept.trials[: top.k], start=1)
    ]


def latest_sweep(outputs: Path, key: str) -> Path:
    """Return the folder of the search in which a trial ended last. Raises UserError if there is none."""
    folders = [file.parent for pattern in SWEEPS for file in outputs.glob(pattern)]
    if not folders:
        raise UserError(
            f"{key}: there is no search in {shortest((outputs / 'sweeps').absolute())}. Search first with -m "
            "hydra/sweeper=optuna, or give <sweep folder>/top3."
        )
    return max(folders, key=lambda folder: read_kept_models(RunFolder(folder)).updated_ms)


def _require(k: int, kept: KeptModels, folder: RunFolder, key: str) -> None:
    place = shortest(folder.path)
    if kept.n_complete < k:
        raise UserError(
            f"{key}: the search in {place} has {counted(kept.n_complete, 'complete trial')}. Run more, or give "
            f"top{max(1, min(kept.n_complete, kept.n_kept))}."
        )
    if kept.n_kept < k:
        raise UserError(
            f"{key}: the search in {place} keeps the models of {counted(kept.n_kept, 'trial')}. Search with "
            f"search.keep_models={k}."
        )


def _bundle_of(trial: KeptTrial, folder: RunFolder, key: str) -> Path:
    bundle = folder.child(str(trial.number)).bundle
    if not is_bundle(bundle):
        raise UserError(
            f"{key}: trial {trial.number} of {shortest(folder.path)} has no model: it was deleted, or the trial was run "
            "with search.keep_models=0, with several seeds or folds, or by a former version. Its parameters are in "
            "trials.csv."
        )
    return bundle


def _reason(trial: KeptTrial, rank: int, kept: KeptModels) -> str:
    return (
        f"rank {rank} of {counted(kept.n_complete, 'complete trial')} of {kept.study}: "
        f"{kept.objective} {trial.value:.4g}"
    )
