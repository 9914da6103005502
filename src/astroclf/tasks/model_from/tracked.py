"""Bundles and results of runs and registered models of MLflow, downloaded if their folder is gone."""

from __future__ import annotations

import re
from pathlib import Path

from astroclf.errors import State, UserError
from astroclf.integrity import hash_bytes
from astroclf.runs.folder import RunFolder
from astroclf.tasks.model_from.folders import bundles_in, is_bundle, repetitions_of
from astroclf.tasks.model_from.places import Places
from astroclf.tracking.lookup import KnownRun
from astroclf.tracking.record import read_record

RUN_ID = re.compile(r"[0-9a-f]{32}")
RUN_URI = re.compile(r"runs:/([^/]+)(/.*)?")
MODEL_URI = "models:/"
NUMBERED = re.compile(r"models:/([^/@]+)/(\d+|latest)|models:/[^/]+|models:/.*@.*")


def run_id_in(name: str) -> str | None:
    """Return the run id of `<id>` or `runs:/<id>`, None for any other name."""
    if RUN_ID.fullmatch(name):
        return name
    found = RUN_URI.fullmatch(name)
    return found[1] if found else None


def bundles_of_run(run: KnownRun, places: Places, key: str) -> list[Path]:
    """Return the bundles of a run: those in its folder, else its artifacts, which are downloaded."""
    if has_folder(run):
        return bundles_in(run.folder, key)
    folder = cached_folder(run, places)
    bundle = RunFolder(folder).bundle
    if is_bundle(bundle):
        return [bundle]
    if bundle.name in places.store.artifacts(run.run_id):
        places.store.download(run.run_id, bundle.name, bundle)
        return [bundle]
    parts = places.store.nested(run.run_id)
    if not parts:
        reason = (
            "MLflow has no bundle of it"
            if run.state == State.COMPLETE
            else f"the run is {run.state} and has no model yet"
        )
        raise UserError(
            f"{key}: its folder {run.folder} is gone, and {reason}. Train it again, or give another run."
        )
    return [path for part in parts for path in bundles_of_run(part, places, key)]


def results_of_run(run: KnownRun, places: Places) -> RunFolder:
    """Return the folder of a run, or one with its metrics and predictions from MLflow."""
    if has_folder(run):
        return RunFolder(run.folder)
    folder = RunFolder(cached_folder(run, places))
    _download_results(run, folder, places)
    for part, repetition in zip(
        places.store.nested(run.run_id) if folder.metrics.is_file() else (),
        repetitions_of(folder),
        strict=False,
    ):
        _download_results(part, repetition, places)
    return folder


def bundle_of_model(uri: str, places: Places) -> Path:
    """Return the bundle among the artifacts of a registered model, which are downloaded.

    uri: models:/<name>/<version or alias>, or any form that MLflow accepts. An alias is resolved
    anew each time.
    """
    if not NUMBERED.fullmatch(uri):
        name, _, alias = uri.removeprefix(MODEL_URI).partition("/")
        uri = f"{MODEL_URI}{name}@{alias}"
    version = places.store.resolve_model(uri)
    folder = places.cache / hash_bytes(f"{places.store.uri} {version}".encode())
    if not folder.is_dir():
        places.store.download_model(version, folder)
    found = next(
        (path.parent for path in sorted(folder.rglob("*.json")) if is_bundle(path.parent)), None
    )
    if found is None:
        raise UserError(
            f"model_from={uri}: the model holds no bundle of astroclf. Register one with tracking.register=<name>."
        )
    return found


def has_folder(run: KnownRun) -> bool:
    """Return whether the folder of a run exists, and has not been given to another run."""
    record = read_record(run.folder) if run.folder.is_dir() else None
    return record is not None and record.run_id == run.run_id


def cached_folder(run: KnownRun, places: Places) -> Path:
    """Return the folder of the downloads of a run, another one after the run was resumed."""
    return places.cache / f"{run.run_id}-{run.end_ms}"


def _download_results(run: KnownRun, folder: RunFolder, places: Places) -> None:
    known = places.store.artifacts(run.run_id)
    for file in (folder.metrics, folder.predictions):
        if file.name in known and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            places.store.download(run.run_id, file.name, file)
