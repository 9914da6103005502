"""Addresses of MLflow: the store of runs, and its pages."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from astroclf.commands import run_command
from astroclf.errors import UserError
from astroclf.files import named_path, shortest
from astroclf.redaction import MASK, redact

DATABASE = "mlflow.db"  # MLflow's own default, in the working directory
EXPERIMENT = "astroclf"
LOCAL_UI = "http://127.0.0.1:5000"  # where `mlflow ui` listens
SQLITE = "sqlite:///"
RUNS_VIEW = "workflowType=machine_learning"  # else MLflow shows its view for language models


def tracking_uri(wanted: str | None) -> str:
    """Return the given address, else MLFLOW_TRACKING_URI, else that of mlflow.db in this folder.

    Raises UserError for a redacted address, as stored with a run, unless MLFLOW_TRACKING_URI is the
    same address with its credentials.
    """
    given = os.environ.get("MLFLOW_TRACKING_URI")
    if wanted and MASK in wanted:
        if given is None or redact(given) != wanted:
            raise UserError(
                f"tracking.uri={wanted}: the credentials are not stored with a run. "
                "Give tracking.uri, MLFLOW_TRACKING_URI or tracking=none anew."
            )
        return given
    if wanted and wanted.startswith(f"{SQLITE}~"):
        return sqlite_uri(named_path(wanted.removeprefix(SQLITE), "tracking.uri"))
    return wanted or given or sqlite_uri(Path.cwd() / DATABASE)


def experiment_name(wanted: str | None) -> str:
    """Return the given name, else MLFLOW_EXPERIMENT_NAME, else `astroclf`."""
    return wanted or os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT


def sqlite_uri(file: Path) -> str:
    """Return the address of a database file, relative where its folder would have to be quoted.

    MLflow makes the folder of an address before SQLAlchemy decodes it, so that a quoted address
    leaves an empty folder named `Galaxy%20Zoo` beside `Galaxy Zoo`. A process that changes its
    working directory should give an address of its own.
    """
    if not _needs_quoting(str(file)):
        return f"{SQLITE}{file}"
    if file.is_relative_to(Path.cwd()) and not _needs_quoting(str(file.relative_to(Path.cwd()))):
        return f"{SQLITE}{file.relative_to(Path.cwd())}"
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(file)).render_as_string()


def database_file(uri: str) -> Path | None:
    """Return the file of an sqlite address, absolute; None for any other address."""
    if not uri.startswith(SQLITE):
        return None
    text = uri.removeprefix(SQLITE)
    if _needs_quoting(text):
        from sqlalchemy.engine import make_url

        text = str(make_url(uri).database)
    return Path(text).absolute()


def store_identity(uri: str) -> str:
    """Return the identity of a store of runs: its address, absolute and redacted."""
    file = database_file(uri)
    return redact(uri).rstrip("/") if file is None else f"{SQLITE}{file}"


def page_address(uri: str, experiment_id: str, run_id: str | None = None) -> str:
    """Return the page of a run, or of all runs of an experiment; "" where the server is unknown.

    For a database it is the page that `mlflow ui` serves.
    """
    base = LOCAL_UI
    if uri.startswith(("http://", "https://")):
        parts = urlsplit(uri)
        base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
    elif "://" not in uri:  # databricks
        return ""
    runs = f"{base}/#/experiments/{experiment_id}/runs"
    return f"{runs}?{RUNS_VIEW}" if run_id is None else f"{runs}/{run_id}?{RUNS_VIEW}"


def ui_command(uri: str) -> str:
    """Return the shell command that serves the runs of a database; "" for a server."""
    file = database_file(uri)
    if file is None and uri.startswith(("http://", "https://")):
        return ""
    if file == Path.cwd() / DATABASE and "MLFLOW_TRACKING_URI" not in os.environ:
        return "mlflow ui"
    return f"mlflow ui --backend-store-uri {shlex.quote(redact(uri))}"


def sync_advice(folder: Path, wanted: str | None) -> str:
    """Return the sentence with the command that sends the runs in a folder later."""
    settings: dict[str, object] = {"task": "sync", "task.folders": shortest(folder)}
    if wanted is not None:
        settings["tracking.uri"] = redact(wanted)
    return f"Send it later with: {run_command(**settings)}"


def _needs_quoting(path: str) -> bool:
    return re.fullmatch(r"[\w./~+=,@-]*", path, re.ASCII) is None
