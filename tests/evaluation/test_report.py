from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from astroclf.evaluation.bins import Bin, BinnedAccuracy
from astroclf.evaluation.label_metrics import score_labels_with_intervals
from astroclf.evaluation.report import write_report
from astroclf.evaluation.report_content import ReportContent, SplitResult
from astroclf.evaluation.vote_metrics import score_votes_with_intervals

HISTORY = [
    {"epoch": e, "lr": 0.1 / e, "train_loss": 1 / e, "val_loss": 1.1 / e, "val_accuracy": 0.5}
    for e in (1, 2, 3)
]
VOID = {"meta", "img", "br", "link", "input"}
ALWAYS = ["metrics", "learning", "images", "weights"]


class Page(HTMLParser):
    """Sections, links and text of a page; fails on a tag that is closed in the wrong place."""

    def __init__(self, source):
        super().__init__()
        self.source, self.open, self.sections, self.links, self.text = source, [], [], [], ""
        self.feed(source)
        assert self.open == []
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "section":
            self.sections.append(attributes["id"])
        self.links += [attributes[key] for key in ("src", "href") if key in attributes]
        assert tag != "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.links += [value for key, value in attrs if key in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += f" {data}"


def thumbnails(positions):
    return np.random.default_rng(0).integers(0, 256, (len(positions), 16, 16, 3)).astype(np.uint8)


def labels(n=60, n_classes=2, seed=0, ids=None, **options):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, n_classes, n)
    p = rng.dirichlet(np.ones(n_classes), n) + np.eye(n_classes)[targets]
    p /= p.sum(axis=1, keepdims=True)
    names = [f"class {k}" for k in range(n_classes)]
    scores = score_labels_with_intervals(
        p, targets, -np.log(p.max(axis=1)), names, bins=10, groups=None, resamples=20, seed=0
    )
    ids = np.array([f"image-{i}" for i in range(n)]) if ids is None else ids
    return SplitResult(scores, p, targets, ids, thumbnails, **options)


def votes(n=40, n_answers=8):
    rng = np.random.default_rng(0)
    truth = rng.random((n, n_answers))
    predicted = np.clip(truth + rng.normal(0, 0.1, truth.shape), 0, 1)
    names = [f"answer {k}" for k in range(n_answers)]
    scores = score_votes_with_intervals(
        predicted, truth, np.ones(n), names, groups=None, resamples=20, seed=0
    )
    ids = np.array([f"image-{i}" for i in range(n)])
    return SplitResult(scores, predicted, truth, ids, thumbnails)


def content(splits, classes=("class 0", "class 1"), **options):
    weights = {"features.0": np.append(np.random.default_rng(0).normal(size=999), 40.0)}
    facts = {"seed": 3, "device": "cpu"}
    given = {"history": HISTORY, "weights": weights, "facts": facts, **options}
    return ReportContent(
        "cnn on stars",
        classes,
        splits,
        monitor="loss",
        best_epoch=3,
        calibration_bins=10,
        resamples=20,
        **given,
    )


@pytest.fixture
def page(tmp_path):
    return lambda report: write_and_read(tmp_path, report)


@pytest.fixture(scope="module")
def shown():
    rows = (Bin(14, 18, 30, 0.9, (0.8, 0.95)), Bin(18, 22, 25, 0.7, (0.6, 0.8)))
    return labels(binned=[BinnedAccuracy("mag_r", rows, 55, 60)])


@pytest.fixture(scope="module")
def class_page(tmp_path_factory, shown):
    splits = {"train": labels(90), "val": labels(40), "test": shown, "hand_test": labels(7)}
    report = content(splits, warnings=["Trained from random weights."])
    return write_and_read(tmp_path_factory.mktemp("report"), report)


def write_and_read(folder, report):
    write_report(folder / "report.html", report)
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def check_self_contained(page):
    assert "http" not in page.source
    assert all(link.startswith(("data:image/", "#")) for link in page.links)
    assert "@import" not in page.source
    assert set(re.findall(r"url\((.)", page.source)) <= {"#"}
    targets = {link[1:] for link in page.links if link.startswith("#")}
    assert targets <= set(re.findall(r' id="([^"]+)"', page.source))
    assert len(page.source) < 3_000_000


def test_a_page_for_classes_has_every_section_and_needs_nothing_else(class_page):
    check_self_contained(class_page)
    expected = ["confusion", "classes", "probabilities", "columns"]
    assert sorted(class_page.sections) == sorted([*ALWAYS, *expected])
    assert "55 of 60 images have a value" in class_page.text
    assert "1 of 1,000 weights (0.100 %) are large" in class_page.text


def test_figures_show_test_and_every_split_has_its_column(class_page, shown):
    assert "accuracy on test, 60 images" in class_page.text
    assert "There is no test split" not in class_page.text
    for column in ("train 90 images", "val (chosen on) 40 images", "hand_test 7 images"):
        assert column in class_page.text
    accuracy = shown.scores.overall["accuracy"]
    assert f"{100 * accuracy['value']:.1f} %" in class_page.text
    assert "{:.3f} – {:.3f}".format(*accuracy["ci95"]) in class_page.text


def test_warnings_and_facts_stand_before_the_metrics(class_page):
    head = class_page.text.split("what training minimises")[0]
    assert "Trained from random weights." in head
    assert "seed 3" in head


def test_a_page_for_votes_shows_answers_instead_of_classes(page):
    names = [f"answer {k}" for k in range(8)]
    history = [{**row, "val_rmse": 0.1} for row in HISTORY]
    report = page(content({"val": votes(), "test": votes()}, names, history=history))
    check_self_contained(report)
    assert sorted(report.sections) == sorted([*ALWAYS, "answers"])
    assert "rmse on test, 40 images" in report.text
    assert "Furthest from the votes 6 of 40 images" in report.text
    assert "answer 7" in report.text


def test_without_a_test_split_the_figures_are_those_of_val_and_say_so(page):
    report = page(content({"train": labels(90), "val": labels(40)}))
    assert "accuracy on val (chosen on), 40 images" in report.text
    assert "There is no test split" in report.text


def test_names_from_outside_are_shown_as_they_are(page):
    ids = np.array(["<script>alert(1)</script>", *map(str, range(59))])
    shown = labels(ids=ids)
    shown.predictions[0] = [1.0, 0.0]
    names = ("<b>$a$", "_b$ & co")
    scores = {new: shown.scores.per_class[f"class {k}"] for k, new in enumerate(names)}
    shown = replace(shown, scores=replace(shown.scores, per_class=scores))
    report = page(replace(content({"test": shown}, names), title="<i>run</i>"))
    assert "<script>" not in report.source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in report.source
    assert "<script>alert(1)</script>" in report.text
    assert "<i>" not in report.source
    assert "<b>$a$" in report.text
    assert "_b$ & co" in re.search("roc.*", report.text, re.IGNORECASE).group()


@pytest.mark.parametrize("n_classes", [2, 3, 9])
def test_a_split_with_one_image_after_one_epoch_still_gives_a_page(page, n_classes):
    names = [f"class {k}" for k in range(n_classes)]
    splits = {"val": labels(1, n_classes)}
    report = page(content(splits, names, history=HISTORY[:1], weights={}))
    check_self_contained(report)
    assert "weights" not in report.sections
    assert "1 image " in report.text
    assert "–" in report.text


def test_a_run_that_was_not_trained_has_no_curves(page):
    assert "learning" not in page(content({"test": labels()}, history=[])).sections


def test_no_intervals_are_called_so(page):
    report = page(replace(content({"test": labels()}, history=[]), resamples=0))
    assert "No intervals were asked for." in report.text
