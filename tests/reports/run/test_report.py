from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX
from astroclf.evaluation.decisions.decision import Decision, Predicted
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.decisions.thresholds import fit_threshold
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.baseline import Baseline
from astroclf.evaluation.metrics.bins import Bin, BinnedAccuracy, Share
from astroclf.evaluation.results import Evaluation
from astroclf.reports.canvas import draw
from astroclf.reports.pictures import Gallery, LeakContent, Picture, Table
from astroclf.reports.run import report as report_module
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.plots.reliability import reliability
from astroclf.reports.run.report import write_report
from fixtures.reports import (
    HISTORY,
    SCORER,
    classes_result,
    content,
    result,
    thumbnails,
    votes_result,
)

ALWAYS = ["metrics", "learning", "decision", "images", "weights"]


@pytest.fixture
def page(tmp_path, read_page, monkeypatch):
    # Charts are drawn for the page alone, which takes a third of the time.
    monkeypatch.setattr(report_module, "Figures", lambda folder: None)

    def write_and_read(report):
        write_report(tmp_path / "report.html", report)
        return read_page(tmp_path / "report.html")

    return write_and_read


@pytest.fixture(scope="module")
def shown():
    shares = {"class 0": Share(0.8, 10, (0.5, 0.9))}
    rows = (
        Bin(14, 18, 30, 0.9, (0.8, 0.95), shares, shares),
        Bin(18, 22, 25, 0.7, (0.6, 0.8), {}, shares),
    )
    return classes_result(binned=[BinnedAccuracy("mag_r", rows, 55, 60)])


@pytest.fixture(scope="module")
def class_page(tmp_path_factory, read_page, shown):
    splits = {
        "train": classes_result(90),
        "val": classes_result(40),
        "test": shown,
        "hand_test": classes_result(7),
    }
    report = content(splits, warnings=["Trained from random weights."])
    file = tmp_path_factory.mktemp("report") / "report.html"
    write_report(file, report)
    return read_page(file)


def test_a_page_for_classes_has_every_section_and_needs_nothing_else(class_page):
    class_page.check_self_contained()
    expected = ["run", "confusion", "classes", "probabilities", "columns"]
    assert sorted(class_page.sections) == sorted([*ALWAYS, *expected])
    assert "55 of 60 images have a value" in class_page.text
    assert "1 of 1,000 weights (0.100 %) are large" in class_page.text


def test_every_chart_is_a_file_of_three_formats_and_linked(tmp_path, read_page, shown):
    write_report(tmp_path / "report.html", content({"test": shown}))
    page = read_page(tmp_path / "report.html")
    files = sorted(f"figures/{file.name}" for file in (tmp_path / "figures").iterdir())
    assert sorted(link for link in page.links if link.startswith("figures/")) == files
    assert len(files) == 3 * page.source.count('<svg class="chart"')
    assert {file.stem for file in (tmp_path / "figures").iterdir()} == {
        "accuracy-mag_r", "completeness-mag_r", "confusion-by_predicted", "confusion-by_true",
        "learning_loss", "learning_metrics", "precision_recall", "probabilities", "purity-mag_r",
        "reliability", "roc",
    }  # fmt: skip


def test_figures_are_of_test_and_every_split_has_its_column(class_page, shown):
    assert "accuracy on test, 60 images" in class_page.text
    assert "There is no test split" not in class_page.text
    for column in (
        "train 90 images",
        "val used for model selection, 40 images",
        "hand_test 7 images",
    ):
        assert column in class_page.text
    accuracy = shown.scores.overall["accuracy"]
    assert f"{100 * accuracy['value']:.1f} %" in class_page.text
    assert "{:.3f} – {:.3f}".format(*accuracy["ci95"]) in class_page.text


def test_warnings_and_links_precede_the_metrics(class_page):
    head = class_page.text.split("training objective")[0]
    assert "Trained from random weights." in head
    assert "predictions.csv" in class_page.links


def test_what_was_run_is_stated_with_the_images_of_each_class(class_page):
    text = class_page.text.split(" What was run ")[-1].split(" Learning curves ")[0]
    assert text.startswith("python run.py seed=3 Training")
    assert "loss cross entropy" in text
    train, test = (classes_result(n).labels.targets for n in (90, 60))
    share = f"{100 * np.mean(train == 0):.1f} %"
    assert f"class test train val hand_test class 0 {np.sum(test == 0)} " in text
    assert f"{np.sum(train == 0)} {share}" in text


def test_the_shown_split_is_the_first_column_of_the_metrics(class_page):
    table = class_page.text.split("Metrics of each split")[1]
    assert table.index("test 60 images") < table.index("train 90 images")


def test_images_have_alternative_texts_and_tables_captions_and_scopes(class_page):
    source = class_page.source
    assert source.count("<img") == source.count("with probability 0.") + source.count(
        "probability 1."
    )
    assert source.count("<table") == source.count("<caption")
    headings = re.findall(r"<th(?: [^>]*)?>", source)
    assert len(headings) > 20
    assert all("scope=" in heading for heading in headings)


def test_no_metric_appears_under_its_key(class_page):
    visible = re.sub(r"evaluation\.\w+=\S+|hand_test|mag_r", "", class_page.text)
    assert re.findall(r"\b[a-z]+_[a-z0-9_]+\b", visible) == []


def test_a_page_for_votes_shows_answers_instead_of_classes(page):
    history = [{**row, "val_rmse": 0.1} for row in HISTORY]
    report = page(content({"val": votes_result(), "test": votes_result()}, history=history))
    report.check_self_contained()
    assert sorted(report.sections) == sorted([*ALWAYS, "run", "answers"])
    assert "RMSE on test, 40 images" in report.text
    assert "Furthest from the votes 6 of 40 images" in report.text
    assert "answer 7" in report.text


def test_without_a_test_split_the_figures_are_of_val_with_a_caution(page):
    report = page(content({"train": classes_result(90), "val": classes_result(40)}))
    assert "accuracy on val (used for model selection), 40 images" in report.text
    assert "There is no test split" in report.text


def test_names_are_escaped(page):
    ids = np.array(["<script>alert(1)</script>", *map(str, range(59))])
    names = ("<b>$a$", "_b$ & co")
    shown = classes_result(ids=ids, names=names)
    shown.predicted.probabilities[0] = [1.0, 0.0]
    report = page(
        replace(
            content({"test": shown}),
            title="<i>run</i>",
            command="<i>x",
            about={"<i>": {"<i>": "<i>"}},
        )
    )
    assert "<script>" not in report.source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in report.source
    assert "<script>alert(1)</script>" in report.text
    assert "<i>" not in report.source
    assert "<b>$a$" in report.text
    assert "_b$ & co" in re.search("ROC.*", report.text).group()


@pytest.mark.parametrize("n_classes", [2, 3, 9])
def test_a_split_with_one_image_after_one_epoch_still_gives_a_page(page, n_classes):
    splits = {"val": classes_result(1, n_classes)}
    report = page(content(splits, history=HISTORY[:1], weights={}))
    report.check_self_contained()
    assert "weights" not in report.sections
    assert "1 image " in report.text
    assert "–" in report.text


def test_an_evaluation_without_training_needs_no_facts_of_one(page):
    report = page(
        ReportContent(
            title="star / galaxy on another survey",
            evaluation=Evaluation(
                {"labeled": classes_result(), "val": classes_result(30)},
                FittedDecision(Decision(SOFTMAX), Decision(SOFTMAX)),
                titles={"labeled": "new images", "val": "chosen on"},
            ),
            thumbnails=thumbnails,
            calibration_bins=10,
            resamples=20,
        )
    )
    assert not {"learning", "weights"} & set(report.sections)
    for phrase in ("used for model selection", "selected the best epoch", "without augmentation"):
        assert phrase not in report.text


def test_leaking_images_are_shown_side_by_side_with_ids_and_splits(page):
    picture = thumbnails(np.arange(1))[0]
    pair = [Picture(picture, "a<1>", ["star, train"]), Picture(picture, "b2", ["star, test"])]
    table = Table("Leaks between splits", ["kind", "found"], [["near-duplicates", "1"]])
    leaks = LeakContent(table, [Gallery("near-duplicate, 2 images", "", pair)])
    shown = page(content({"test": classes_result()}, leaks=leaks))
    assert "leaks" in shown.sections
    assert "near-duplicate, 2 images" in shown.text
    assert "a<1>" in shown.text
    assert "star, test" in shown.text
    assert "leaks" not in page(content({"test": classes_result()})).sections


def test_missing_intervals_are_mentioned(page):
    report = page(replace(content({"test": classes_result()}, history=[]), resamples=0))
    assert "Intervals are off" in report.text


FIVE = ("smooth <b>", "disk", "edge-on", "spiral", "cigar")


def decided_content(n=300, n_classes=2, names=("class 0", "class 1"), objective="macro_f1"):
    """A report of tuned labels, with the content that a task gives it."""
    plain = Decision(SOFTMAX)
    decision = Decision(SOFTMAX, logit_shift=(0.3,) * n_classes, temperature=1.5)
    rng = np.random.default_rng(0)
    spoilt = 3 * (np.arange(n_classes) == 0)  # the first class is underestimated
    outputs = {}
    for split in ("val", "test"):
        targets = rng.choice(
            n_classes, n, p=np.arange(n_classes, 0, -1) / sum(range(n_classes + 1))
        )
        outputs[split] = (
            2 * rng.normal(size=(n, n_classes)) + 3 * np.eye(n_classes)[targets] - spoilt,
            make_labels(targets, names),
        )
    logits, labels = outputs["val"]
    fit = fit_threshold(decision.probabilities(logits), labels, objective, seed=0)
    cross_fitted = Predicted(decision.probabilities(logits), fit.labels)
    fitted = FittedDecision(plain, fit.apply_to(decision), fit, cross_fitted=cross_fitted)
    splits = {}
    for split, (logits, labels) in outputs.items():
        tuned = cross_fitted if split == "val" else fitted.tuned(logits)
        splits[split] = result(
            labels,
            fitted.decision.predict(logits),
            baseline=Baseline("", {}),
            comparison=SCORER.compare(plain.predict(logits), tuned, labels),
        )
    return content(splits, fitted)


def with_decision(report, **changes):
    decision = replace(report.evaluation.decision, **changes)
    return replace(report, evaluation=replace(report.evaluation, decision=decision))


def section(page, start="Calibration and labels", end="Images"):
    return page.text.split(f" {start} ", 2)[2].split(f" {end} ")[0]


def test_without_a_decision_its_section_has_the_reliability_alone(class_page):
    assert section(class_page).startswith("Reliability ECE")
    assert "Before calibration" not in class_page.text


def test_a_decision_that_changed_nothing_fills_no_table(page):
    predicted = classes_result(200)
    plain = Decision(SOFTMAX)
    same = SCORER.compare(predicted.predicted, predicted.predicted, predicted.labels)
    splits = {"val": replace(predicted, comparison=same)}
    text = section(page(content(splits, FittedDecision(plain, plain))))
    assert text.startswith("Temperature 1: the probabilities are not changed.")
    assert "gain" not in text
    assert "Before calibration" not in text
    assert "Reliability ECE" in text


def test_the_section_of_two_classes_names_the_threshold_and_compares(page):
    report = decided_content()
    fitted, compared_splits = report.evaluation.decision, report.evaluation.compared
    shown = page(report)
    shown.check_self_contained()
    text = section(shown)
    assert fitted.threshold.kept
    threshold = fitted.decision.class_factors[0]
    assert f"An image is labeled class 1 if its probability exceeds {threshold:.4g}." in text
    assert (
        "The network was overconfident on val; probabilities were softened (temperature 1.5)"
        in text
    )
    assert "the probabilities are corrected for it" in text
    assert (
        f"{fitted.threshold.tuned:.3f} cross-fitted, {fitted.threshold.plain:.3f} without it"
        in text
    )
    assert "the tuned labels are used" in text
    assert "val (cross-fitted)" in text
    assert "not used" not in text
    for compared in compared_splits.values():
        for metric in ("accuracy", "balanced_accuracy", "macro_f1", "mcc"):
            if compared.metrics[metric].gain["value"] == 0:
                continue
            for figure in (compared.metrics[metric].plain, compared.metrics[metric].tuned):
                interval = "{:.3f} – {:.3f}".format(*figure["ci95"])
                assert f"{figure['value']:.3f} {interval}" in text
    for side in ("plain", "tuned"):
        ece = getattr(compared_splits["test"].metrics["ece"], side)
        assert f"ECE {ece['value']:.3f}" in text
    assert 'aria-label="Reliability before calibration"' in shown.source
    assert 'aria-label="Reliability after calibration"' in shown.source


def test_the_section_of_many_classes_lists_factors_and_escapes_names_in_reasons(page):
    report = decided_content(n=40, n_classes=5, names=FIVE)
    fit = report.evaluation.decision.threshold
    assert not fit.kept
    shown = page(report)
    assert "<b>" not in re.sub("<b>[-0-9.%– ]*</b>", "", shown.source)
    text = section(shown)
    assert "the tuned labels are not used. Val has" in text
    assert "Class factors (fitted, not used)" in text
    for name, factor in zip(FIVE, fit.class_factors, strict=True):
        assert f"{name} {factor:.4g}" in text


def test_the_confusion_matrix_is_of_the_labels_of_the_decision(page):
    p = np.array([[0.7, 0.3]] * 7 + [[0.9, 0.1]] * 4)
    targets = np.array([1] * 7 + [0] * 4)
    predicted = Predicted(p, Decision(SOFTMAX, class_factors=(0.2, 0.8)).labels(p))
    labels = make_labels(targets, ("class 0", "class 1"))
    shown = page(content({"test": result(labels, predicted)}, history=[], weights={}))
    assert "true \\ predicted class 0 class 1 class 0 4 0 class 1 0 7" in shown.text
    assert "100.0 %" in shown.text.split("accuracy on test")[1][:60]


def test_reliability_of_grouped_images_has_no_wilson_intervals(page):
    alone = classes_result()
    grouped = replace(alone, labels=replace(alone.labels, groups=np.arange(60) // 3))
    pages = [page(content({"test": shown})).text for shown in (alone, grouped)]
    assert ["(with Wilson 95 % intervals)" in text for text in pages] == [True, False]
    with_bars, without = (
        draw(reliability(shown.predicted.probabilities, shown.labels, 10, "chart", "chart"))
        for shown in (alone, grouped)
    )
    assert with_bars.count("<path") > without.count("<path")


def test_labels_without_tuning_are_described_as_the_highest_probability(page):
    note = "Val has 9 images of <star>, too few."
    decision = Decision(SOFTMAX, temperature=0.8)
    report = with_decision(decided_content(), decision=decision, threshold=None, notes=(note,))
    text = section(page(report))
    assert "The network was underconfident on val" in text
    assert note in text
    assert "Each image gets the label of its highest probability." in text
    assert "cross-fitted" not in text


@pytest.mark.parametrize(
    ("plain", "expected"),
    [(0.9, "recall 0.900 without it"), (-0.04, "0.04 below the bound without")],
)
def test_a_constraint_that_is_not_met_is_described_by_its_distance(page, plain, expected):
    report = decided_content(objective="precision >= 0.8")
    threshold = replace(report.evaluation.decision.threshold, plain=plain)
    assert expected in section(page(with_decision(report, threshold=threshold)))


def test_the_section_of_votes_lists_one_threshold_per_answer(page):
    shown_votes = votes_result(n=200)
    p, labels = shown_votes.predicted.probabilities, shown_votes.labels
    fit = fit_threshold(p**2, labels, "macro_f1", seed=0)
    plain = Decision(SIGMOID)
    compared = SCORER.compare(Predicted(p**2, p**2 > 0.5), Predicted(p**2, fit.labels), labels)
    splits = {"val": replace(shown_votes, comparison=compared)}
    shown = page(content(splits, FittedDecision(plain, fit.apply_to(plain), fit), history=[]))
    shown.check_self_contained()
    text = section(shown)
    assert fit.kept
    for name, threshold in zip(labels.classes, fit.thresholds, strict=True):
        assert f"{name} {threshold:.4f}" in text
    assert "fraction of labels that are right" in text
    assert "balanced_accuracy" not in text


def test_the_headline_is_followed_by_the_baseline(page):
    shown = page(content({"test": classes_result(n_classes=2)}))
    assert re.search(r"baseline \d\d\.\d %: always class \d, the most frequent class", shown.text)
    shown = page(content({"test": votes_result()}))
    assert re.search(r"baseline 0\.\d{4}: always the mean vote fractions", shown.text)
