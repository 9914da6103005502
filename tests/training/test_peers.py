"""Processes that train at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from astroclf.training import peers
from astroclf.training.peers import find_peers, register

REGISTER = "from astroclf.training.peers import register; register(); print(1, flush=True); input()"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(peers, "runtime_folder", lambda: tmp_path / "astroclf")
    yield tmp_path
    register.cache_clear()


def start_peer(temporary: Path) -> subprocess.Popen[bytes]:
    code = f"from astroclf.training import peers; from pathlib import Path; peers.runtime_folder = lambda: Path({str(temporary / 'astroclf')!r}); {REGISTER}"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"1\n"
    return process


def test_a_peer_counts_until_it_ends_or_is_killed(temporary: Path) -> None:
    with start_peer(temporary) as ended, start_peer(temporary) as killed:
        assert find_peers() == sorted([ended.pid, killed.pid])
        killed.kill()
        killed.wait()
        assert find_peers() == [ended.pid]
        ended.communicate(b"\n")
        assert find_peers() == []
    assert not list((temporary / "astroclf").iterdir())


def test_a_process_is_not_its_own_peer(temporary: Path) -> None:
    register()
    assert [file.stem for file in (temporary / "astroclf").iterdir()] == [str(os.getpid())]
    assert find_peers() == []


def test_a_process_on_other_cores_is_no_peer(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_peer(temporary) as peer:
        monkeypatch.setattr(
            peers, "usable_cores", lambda pid=None: frozenset({0} if pid is None else {1})
        )
        assert find_peers() == []
        peer.communicate(b"\n")


def test_an_unwritable_folder_is_no_error(temporary: Path) -> None:
    (temporary / "astroclf").write_text("")
    register()
    assert find_peers() == []
