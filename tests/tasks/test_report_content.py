"""Content of the report of a training."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from astroclf.runs.metrics import RunFacts
from astroclf.tasks.report_content import date_of, describe_software


@pytest.fixture(scope="module")
def page(train_run: Callable[..., Path]) -> str:
    folder = train_run("model.widths=[4]", "trainer.epochs=1", "dataset.image_px=16")
    return re.sub(r"<[^>]+>", " ", (folder / "report.html").read_text())


def test_the_report_states_what_was_run_in_words(page: str) -> None:
    text = " ".join(page.split("</style>")[-1].split())
    assert "star / galaxy, cnn, trained from scratch, simulated stars and galaxies" in text or (
        "galaxy / star, cnn, trained from scratch" in text
    )
    for fact in (
        "image size 16 × 16 px",
        "loss cross entropy",
        "augmentation random flips",
        "initial weights initialized at random",
        "strategy all weights",
        "seed 0",
        "torch ",
    ):
        assert fact in text, fact
    assert re.search(r"trained parameters ([\d,]+) of \1 \(100\.0%\)", text)
    assert re.search(r"date \d{4}-\d\d-\d\d \d\d:\d\d", text)
    for key in ("train_s", "images_per_s", "selection_metric", "dataset_fingerprint"):
        assert key not in text


def test_every_linked_result_is_there(train_run: Callable[..., Path]) -> None:
    folder = train_run("model.widths=[4]", "trainer.epochs=1", "dataset.image_px=16")
    links = set(re.findall(r'href="([^"#:]+)"', (folder / "report.html").read_text()))
    assert {"predictions.csv", "bundle/", "metrics.json", "figures/roc.pdf"} <= links
    assert all((folder / link).exists() for link in links)


def test_software_has_commit_and_versions() -> None:
    facts = RunFacts.model_validate(
        {
            "seed": 3,
            "device": "cpu",
            "precision": "fp32",
            "train_s": 1.0,
            "git_commit": "0123456789abcdef+changes",
            "astroclf": "0.1.0",
            "python": "3.11.2",
            "torch": "2.0",
        }
    )
    words = describe_software(facts)
    assert words["astroclf"] == "0.1.0 (commit 0123456789, with changes)"
    assert words["libraries"] == "Python 3.11.2, torch 2.0"
    assert words["date"] == "unknown"


def test_dates_have_their_offset() -> None:
    assert date_of("2026-11-26T07:16:05+00:00") == "2026-11-26 07:16 UTC+0000"
