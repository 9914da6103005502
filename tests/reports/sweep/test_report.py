from __future__ import annotations

import copy
import math
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from astroclf.reports.sweep.plots import ORANGE
from astroclf.reports.sweep.report import (
    MOST_ROWS,
    duration,
    figure,
    pruning_sentences,
    write_sweep_report,
)
from astroclf.sweep.content import SweepContent

SECTIONS = ["history", "importance", "parallel", "slices", "pruning", "trials"]


@pytest.fixture
def page(tmp_path, read_page):
    def build(content):
        write_sweep_report(tmp_path / "sweep.html", content)
        assert [file.name for file in tmp_path.iterdir()] == ["sweep.html"]
        found = read_page(tmp_path / "sweep.html")
        found.check_self_contained()
        return found

    return build


def test_a_search_of_one_objective_shows_all_of_it(page, content):
    found = page(content)
    assert found.sections == SECTIONS
    best = content.best
    assert f"highest accuracy {best.value:.4f} trial {best.number}" in found.text
    assert "complete 16 trials pruned 6 trials running 1 trial failed 3 trials" in found.text
    assert "python run.py -m x='<y>'" in found.text
    assert "sampler tpe <x>" in found.text
    assert "not used" in found.text  # the axis of loss.gamma
    assert "PED-ANOVA from 16 complete and 6 pruned trials" in found.text
    assert "ran out of <memory>" in found.text
    assert "a_<long>_$na" in found.text
    assert '<tr class="complete best"><td class="number" title="sweeps/' in found.source
    table = found.text.split(" epochs time ")[1].split()
    assert table[:2] == [str(best.number), "complete"]


def test_replicates_are_shown_with_their_seeds(page, make_content):
    replicates = {
        "accuracy": {"mean": 0.91, "std": 0.01, "values": [0.90, 0.92]},
        "mcc": {"mean": 0.8, "std": None, "values": [0.8, float("nan")]},
        "roc_auc": {"mean": 0.9, "std": 0.00072, "values": [0.9, 0.9]},
    }
    found = page(make_content(5, replicates=replicates, seeds=(3, 4)))
    assert found.sections[0] == "replicates"
    expected = (
        "test mean std seed 3 seed 4 accuracy 0.9100 0.0100 0.9000 0.9200 mcc 0.8000 – 0.8000 – "
        "roc_auc 0.9000 0.0007 0.9000 0.9000"
    )
    assert expected in found.text


def test_two_objectives_have_a_front_instead_of_one_best(page, two):
    found = page(two)
    assert found.sections == ["front", *(each for each in SECTIONS if each != "pruning")]
    assert f"on the Pareto front {len(two.front)} of 22 trials" in found.text
    assert "Importance for parameters" in found.text
    lowest = min(two.complete, key=lambda trial: trial.values[1])
    assert f"lowest parameters {lowest.values[1]:.4f} trial {lowest.number}" in found.text


def test_three_objectives_are_shown_in_pairs(page, make_content):
    kind = ("a", "b", "c"), ("maximize", "minimize", "minimize")
    found = page(make_content(6, kind=kind))
    for pair in ("b against a", "c against a", "c against b"):
        assert f'aria-label="{pair}"' in found.source


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_a_page_without_a_complete_trial_states_it(page, content, n_objectives):
    failed = [trial for trial in content.trials if trial.state != TrialState.COMPLETE]
    for trials in ([], failed, [optuna.trial.create_trial(state=TrialState.WAITING)]):
        names = ("accuracy", "parameters")[:n_objectives]
        directions = ("maximize", "minimize")[:n_objectives]
        given = replace(content, trials=trials, objectives=names, directions=directions)
        found = page(given)
        assert "no trial is complete yet" in found.text
        assert "It takes at least 4 complete trials" in found.text


def test_one_trial_and_values_that_are_no_numbers_still_give_a_page(page):
    lone = optuna.trial.create_trial(
        value=0.5, intermediate_values={1: float("nan"), 2: 0.5, 3: float("inf")}
    )
    endless = optuna.trial.create_trial(value=float("inf"), user_attrs={"reason": "<inf>"})
    content = SweepContent("s", "", ("loss",), ("minimize",), [lone, endless], {})
    found = page(content)
    assert "lowest loss 0.5000 trial" in found.text
    assert "<inf>" in found.text
    assert "parallel" not in found.sections


def test_a_table_of_many_trials_is_cut_and_names_the_full_one(page, content):
    many = content.trials * 9
    found = page(replace(content, trials=many))
    assert f"{MOST_ROWS} of {len(many)} trials, trials.csv has all" in found.text
    assert found.source.count('<td class="state">') == MOST_ROWS


def test_the_time_saved_by_pruning_is_relative_to_the_median_complete_trial(content):
    # 16 complete trials of 50 s; 6 pruned ones of 20 s.
    shown = " ".join(pruning_sentences(content))
    assert "6 of 22 trials (27%) were pruned." in shown
    assert "They took 2 min together" in shown
    assert "the 50 s of the median" in shown
    assert "saved about 3 min, 16% of the time" in shown  # (300 - 120) / (300 + 800)
    assert pruning_sentences(replace(content, trials=content.complete)) == ["No trial was pruned."]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0.91234, "0.9123"),
        (1234567.0, "1,234,567"),
        (2e-5, "2e-5"),
    ],
)
def test_figures(value, text):
    assert figure(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (1.23, "1.2 s"), (62.4, "62 s"), (150, "2 min"), (7500, "2 h 05 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_replicates_without_a_test_split_warn_of_selection_on_val(page, make_content):
    replicates = {"accuracy": {"mean": 0.91, "std": 0.01, "values": [0.90, 0.92]}}
    found = page(make_content(5, replicates=replicates, seeds=(0, 1), replicated_on="val"))
    assert "val mean std seed 0 seed 1" in found.text
    assert "even these metrics are slightly optimistic" in found.text
    assert "not used for selection" not in found.text


def test_the_page_has_the_command_and_the_standard_error_of_the_best(page, content):
    command = "python run.py --config-dir outputs/sweeps/a experiment=best"
    found = page(replace(content, best_command=command, n_val_images=400))
    assert command in found.text
    error = math.sqrt(content.best.value * (1 - content.best.value) / 400)
    assert "The highest of 16 complete trials on val" in found.text
    assert f"standard error of one trial on the 400 images of val is {error:.4f}" in found.text


def test_a_parameter_with_one_value_is_listed(page, content):
    assert "One value in all trials: model.dropout=0.3." in page(content).text


def test_captions_name_the_colors_as_they_are(page, content):
    text = page(content).text
    assert ORANGE == "#D55E00"
    assert "the best in orange" in text
    assert " red" not in text


def test_interrupted_trials_are_not_shown_as_failed(page, content):
    trials = [copy.deepcopy(trial) for trial in content.trials]
    for trial in trials:
        if trial.state == TrialState.FAIL:
            trial.user_attrs["interrupted"] = True
    text = page(replace(content, trials=trials)).text
    assert "interrupted 3 trials" in text
    assert "failed" not in text


def test_a_study_without_a_complete_trial_draws_no_empty_axes(page, content):
    running = content.trials[-1]
    found = page(replace(content, trials=[running]))
    assert "<svg" not in found.source
