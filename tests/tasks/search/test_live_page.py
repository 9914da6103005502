from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from astroclf.sweep.content import SweepContent
from astroclf.tasks.search import live_page
from astroclf.tasks.search.live_page import FIRST_AFTER_S, LARGEST_SHARE, LivePage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that sets the time, at which writing a page takes no time."""
    now = [0.0]
    monkeypatch.setattr(live_page, "monotonic", lambda: now[0])

    def set_time(seconds: float) -> None:
        now[0] = seconds

    return set_time


def test_a_short_search_writes_no_page_while_it_runs(
    clock: Callable[[float], None], content: SweepContent, tmp_path: Path
) -> None:
    page = LivePage(tmp_path / "sweep.html")
    clock(FIRST_AFTER_S - 1)
    page.update(content)
    assert not page.path.exists()


def test_the_page_of_a_running_search_reloads_itself(
    clock: Callable[[float], None], content: SweepContent, tmp_path: Path
) -> None:
    page = LivePage(tmp_path / "sweep.html")
    clock(FIRST_AFTER_S)
    page.update(content)
    assert '<meta http-equiv="refresh"' in page.path.read_text()


def test_pages_take_a_bounded_share_of_the_time(
    clock: Callable[[float], None],
    content: SweepContent,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = []

    def write(path: Path, content: SweepContent, *, is_running: bool) -> None:
        written.append(live_page.monotonic())
        clock(live_page.monotonic() + 2)  # seconds that the page takes

    monkeypatch.setattr(live_page, "write_sweep_report", write)
    page = LivePage(tmp_path / "sweep.html")
    for seconds in range(10, 110, 5):
        clock(seconds)
        page.update(content)
    assert written == [10, 10 + 2 / LARGEST_SHARE, 10 + 4 / LARGEST_SHARE]


def test_a_full_disk_does_not_end_the_search(
    clock: Callable[[float], None],
    content: SweepContent,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = LivePage(tmp_path / "missing" / "sweep.html")
    clock(FIRST_AFTER_S)
    with caplog.at_level(logging.WARNING):
        page.update(content)
    assert "cannot be written" in caplog.text
