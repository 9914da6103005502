from __future__ import annotations

import logging
from pathlib import Path

import pytest

from astroclf.redaction import RedactingFormatter, redact, redact_files, redact_values

SECRETS = {
    "http://bob:s3cret@127.0.0.1:9": "http://***@127.0.0.1:9",
    "http://bob:s3/cret@host/x": "http://***@host/x",
    "http://bob:s3@cret@host": "http://***@host",
    "https://s3cret@host/path": "https://***@host/path",
    "postgresql://me:s3cret@host:5432/db": "postgresql://***@host:5432/db",
    "mysql+pymysql://host/db?user=u&passwd=s3cret&x=1": "mysql+pymysql://host/db?user=u&passwd=***&x=1",
    "postgresql://host/db?sslpassword=s3cret": "postgresql://host/db?sslpassword=***",
    "http://host/?o=1&access_token=s3cret#runs": "http://host/?o=1&access_token=***#runs",
    "https://host/?api_key=s3cret": "https://host/?api_key=***",
    "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3Ds3cret%3BServer%3Dh": (
        "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3D***%3BServer%3Dh"
    ),
    "python run.py 'tracking.uri=http://bob:s3cret@host' seed=1": (
        "python run.py 'tracking.uri=http://***@host' seed=1"
    ),
}
PLAIN = (
    "sqlite:///a@b.db",
    "sqlite:////home/me@work/mlflow.db",
    "postgresql://me@host/db",
    "http://host:5000/a@b",
    "http://127.0.0.1:5000/#/experiments/1/runs/2",
    "http://host/?author=me&o=1",
    "see http://host/page, or write to x@y.z",
)


@pytest.mark.parametrize(("text", "shown"), SECRETS.items())
def test_credentials_are_masked(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact(shown) == shown


@pytest.mark.parametrize("text", PLAIN)
def test_text_without_credentials_is_unchanged(text: str) -> None:
    assert redact(text) == text


def test_nested_values_are_redacted() -> None:
    content = {
        "tracking": {"uri": "http://a:b@c"},
        "list": ["http://a:b@c", 1],
        "pair": (None, "x"),
    }
    assert redact_values(content) == {
        "tracking": {"uri": "http://***@c"},
        "list": ["http://***@c", 1],
        "pair": (None, "x"),
    }


def test_yaml_files_are_redacted_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("tracking:\n  uri: http://bob:s3cret@host\n")
    (tmp_path / "plain.yaml").write_text("seed: 1\n")
    before_ns = (tmp_path / "plain.yaml").stat().st_mtime_ns
    redact_files(tmp_path)
    redact_files(tmp_path / "missing")
    assert (tmp_path / "config.yaml").read_text() == "tracking:\n  uri: http://***@host\n"
    assert (tmp_path / "plain.yaml").stat().st_mtime_ns == before_ns


def test_log_lines_and_tracebacks_are_redacted() -> None:
    try:
        raise OSError("http://bob:s3cret@host refused")
    except OSError as error:
        trace = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", 30, "", 0, "at %s", ("http://a:s3cret@h",), trace)
    line = RedactingFormatter("%(message)s").format(record)
    assert "s3cret" not in line
    assert line.startswith("at http://***@h\n")
