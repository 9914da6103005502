from __future__ import annotations

import os
import platform
import stat
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

import astroclf.provenance as provenance_module
from astroclf.provenance import git_commit, provenance


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the module, in a repository with one commit that holds it."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "code/src/provenance.py"
    file.parent.mkdir(parents=True)
    file.write_text("one\n")
    start_repository(tmp_path / "code")
    monkeypatch.setattr(provenance_module, "THIS_FILE", file)
    return file


def start_repository(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    git(folder, *author, "commit", "-q", "--allow-empty", "-m", folder.name)


def git(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def head(file: Path) -> str:
    return git(file.parent, "rev-parse", "HEAD")


def test_a_clean_repository_gives_its_commit(code: Path) -> None:
    assert git_commit() == head(code)
    code.with_name("new.txt").touch()  # untracked files are not the code that ran
    assert git_commit() == head(code)


def test_changes_are_recorded(code: Path) -> None:
    code.write_text("two\n")
    assert git_commit() == head(code) + "+changes"


def test_the_working_directory_does_not_matter(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_repository(tmp_path / "paper")
    monkeypatch.chdir(tmp_path / "paper")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "paper/.git"))
    assert git_commit() == git(tmp_path / "code", "--git-dir=.git", "rev-parse", "HEAD")


def test_an_installed_package_has_no_commit_of_the_project_around_it(
    code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = code.parent / "site-packages/provenance.py"
    installed.parent.mkdir()
    installed.touch()
    monkeypatch.setattr(provenance_module, "THIS_FILE", installed)
    assert git_commit() == ""


def test_no_program_of_the_repository_is_started(code: Path) -> None:
    program = code.with_name("program.sh")
    program.write_text(f"#!/bin/sh\ntouch '{code.with_name('started')}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    git(code.parent, "config", "core.fsmonitor", str(program))
    assert git_commit() == head(code)
    code.with_name("started").unlink(missing_ok=True)  # of the test's own git
    git_commit()
    assert not code.with_name("started").exists()


def test_outside_a_repository_there_is_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance_module, "THIS_FILE", tmp_path / "provenance.py")
    assert git_commit() == ""


def test_a_hanging_git_is_abandoned(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "bin/git"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{hanging.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(provenance_module, "GIT_TIMEOUT_S", 0.1)
    assert git_commit() == ""


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit() == ""


def test_versions_are_those_that_are_installed(code: Path) -> None:
    facts = provenance()
    assert facts.pop("git_commit") == head(code)
    assert facts.pop("python") == platform.python_version()
    assert facts == {name: version(name) for name in facts}
    assert {"astroclf", "torch", "timm"} <= set(facts)
    assert all(isinstance(value, str) for value in facts.values())
