from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from astroclf.provenance import git_commit, provenance


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a repository with one commit of notes.txt."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "notes.txt").write_text("one\n")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    git("init", "-q")
    git("add", "notes.txt")
    git(*author, "commit", "-q", "-m", "one")
    return tmp_path


def git(*arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_a_clean_repository_gives_its_commit(repository: Path) -> None:
    assert git_commit() == git("rev-parse", "HEAD")
    (repository / "new.txt").touch()  # untracked files are not the code that ran
    assert git_commit() == git("rev-parse", "HEAD")


def test_changes_are_said(repository: Path) -> None:
    (repository / "notes.txt").write_text("two\n")
    assert git_commit() == git("rev-parse", "HEAD") + "+changes"


def test_outside_a_repository_there_is_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit() == ""


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit() == ""


def test_versions_are_those_that_are_installed(repository: Path) -> None:
    facts = provenance()
    assert facts.pop("git_commit") == git("rev-parse", "HEAD")
    assert facts.pop("python") == platform.python_version()
    assert facts == {name: version(name) for name in facts}
    assert {"astroclf", "torch", "timm"} <= set(facts)
    assert all(isinstance(value, str) for value in facts.values())
