"""Upload of the files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

BUNDLE = "bundle"


def file_version(path: Path) -> str:
    """Return size and time of a file, or of all files in a folder; "" if there is none."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    states = [file.stat() for file in files if file.is_file()]
    size, newest_ns = (
        sum(s.st_size for s in states),
        max((s.st_mtime_ns for s in states), default=0),
    )
    return f"{size}-{newest_ns}" if states else ""


def upload(client: MlflowClient, run_id: str, path: Path) -> None:
    """Upload a file or folder to the run; replace one of the same name."""
    if path.is_dir():
        client.log_artifacts(run_id, str(path), path.name)
    else:
        client.log_artifact(run_id, str(path))
