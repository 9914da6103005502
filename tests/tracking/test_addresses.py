from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.tracking.addresses import (
    RUNS_VIEW,
    database_file,
    experiment_name,
    page_address,
    sqlite_uri,
    store_identity,
    sync_advice,
    tracking_uri,
    ui_command,
)


@pytest.fixture(autouse=True)
def plain_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_the_address_is_the_given_one_then_the_environment_then_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tracking_uri(None) == f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert ui_command(tracking_uri(None)) == "mlflow ui"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////tmp/b.db")
    assert tracking_uri(None) == "sqlite:////tmp/b.db"
    assert tracking_uri("sqlite:///a.db") == "sqlite:///a.db"
    assert ui_command("sqlite:////tmp/b.db") == (
        "mlflow ui --backend-store-uri sqlite:////tmp/b.db"
    )


def test_the_experiment_is_the_given_one_then_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert experiment_name(None) == "astroclf"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "stars")
    assert experiment_name(None) == "stars"
    assert experiment_name("mine") == "mine"


def test_a_stored_address_takes_its_credentials_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UserError, match=r"tracking.uri=http://\*\*\*@host: .* not stored"):
        tracking_uri("http://***@host")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://bob:s3cret@elsewhere")
    with pytest.raises(UserError, match="anew"):
        tracking_uri("http://***@host")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://bob:s3cret@host")
    assert tracking_uri("http://***@host") == "http://bob:s3cret@host"


@pytest.mark.parametrize("name", ["plain", "Galaxy%20Zoo", "a?b", "a#b", "o'brien é", "a%41b"])
def test_an_address_leads_back_to_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    file = folder / "mlflow.db"
    assert database_file(sqlite_uri(file)) == file
    monkeypatch.chdir(folder)
    assert database_file(sqlite_uri(file)) == file
    assert "%25" not in sqlite_uri(file)
    assert store_identity(sqlite_uri(file)) == store_identity("sqlite:///mlflow.db")


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tracking_uri("sqlite:///~/runs.db") == f"sqlite:///{tmp_path}/home/runs.db"
    with pytest.raises(UserError, match=r"tracking\.uri=~nobody-here/runs\.db does not fit"):
        tracking_uri("sqlite:///~nobody-here/runs.db")


def test_a_server_has_no_database_file() -> None:
    assert database_file("http://host:5000") is None
    assert ui_command("http://host:5000") == ""


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("sqlite:////tmp/a.db", "http://127.0.0.1:5000/#/experiments/1/runs/2"),
        ("postgresql://me:pw@host/db", "http://127.0.0.1:5000/#/experiments/1/runs/2"),
        ("http://host:5000", "http://host:5000/#/experiments/1/runs/2"),
        ("https://bob:pw@host/mlflow/", "https://host/mlflow/#/experiments/1/runs/2"),
        ("databricks", ""),
    ],
)
def test_the_page_of_a_run_is_that_of_its_server(uri: str, page: str) -> None:
    view = f"?{RUNS_VIEW}" if page else ""
    assert page_address(uri, "1", "2") == page + view


def test_the_printed_command_can_be_pasted(tmp_path: Path) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    folder = tmp_path / "o'brien a=b"
    command = sync_advice(folder, "http://bob:s3cret@host").partition(": ")[2]
    *_, folders, uri = shlex.split(command)
    parse = OverridesParser.create().parse_override
    assert parse(folders).value() == "o'brien a=b"
    assert parse(uri).value() == "http://***@host"
