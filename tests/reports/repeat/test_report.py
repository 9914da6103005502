from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.reports.repeat.content import RepeatContent, Spread
from astroclf.reports.repeat.report import write_repeat_report
from astroclf.reports.run.formats import bounds, headline_value, number
from fixtures.repeats import repeat_content


@pytest.fixture
def page(tmp_path: Path, read_page: Any) -> Any:
    def build(content: RepeatContent) -> Any:
        write_repeat_report(tmp_path / "report.html", content)
        found = read_page(tmp_path / "report.html")
        found.check_self_contained()
        return found

    return build


def test_seeds_have_a_page_with_the_mean_its_interval_and_the_spread(page: Any) -> None:
    text = page(repeat_content()).text
    assert "3 seeds <of> cnn" in text
    assert "60.0 %" in text
    assert "95 % interval 55.0 % – 65.0 %" in text
    assert "standard deviation between seeds" in text
    assert "python run.py 'seeds=[0,1,2]'" in text


def test_each_training_has_a_row_with_a_link_to_its_report(page: Any, tmp_path: Path) -> None:
    page(repeat_content())
    source = (tmp_path / "report.html").read_text()
    for seed in range(3):
        assert f'href="seed-{seed}/report.html"' in source


def test_folds_are_headed_by_all_out_of_fold_images(page: Any) -> None:
    seeds = repeat_content(1)
    pooled = {"accuracy": Spread(0.51, (0.4, 0.62)), "log_loss": Spread(0.7)}
    text = page(replace(seeds, in_folds=True, pooled=pooled)).text
    assert "all 40 images out of fold" in text
    assert "51.0 %" in text
    assert "95 % interval 40.0 % – 62.0 %" in text


def test_votes_have_a_page_without_confusion(page: Any) -> None:
    votes = np.random.default_rng(0).random((20, 3))
    spread = Spread(0.1, None, 0.01, (0.1, 0.11, 0.09))
    content = repeat_content(
        labels=make_labels(votes, ["smooth", "disk", "star"]),
        predictions=[Predicted(votes, votes > 0.5)],
        spreads={"test": {"rmse": spread}},
    )
    text = page(content).text
    assert "0.1000" in text
    assert "Confusion matrix" not in text


def test_every_figure_is_saved_beside_the_page(page: Any, tmp_path: Path) -> None:
    page(repeat_content())
    names = {file.name for file in (tmp_path / "figures").iterdir()}
    for name in (
        "spread-accuracy",
        "spread-log_loss",
        "confusion-true",
        "confusion-predicted",
        "curves",
    ):
        assert {f"{name}.svg", f"{name}.pdf", f"{name}.png"} <= names


def test_numbers_have_the_decimals_of_their_metric() -> None:
    assert (number(0.12345, "accuracy"), number(0.12345, "rmse")) == ("0.123", "0.1235")
    assert number(None, "accuracy") == "–"
    assert bounds((0.41, 0.62), "accuracy") == "0.410 – 0.620"
    assert headline_value("accuracy", 0.5) == "50.0 %"
    assert headline_value("rmse", 0.5) == "0.5000"
