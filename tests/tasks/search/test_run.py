"""Sweeps of every kind: each sampler, several objectives, folds as the objective, replicates."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LR = ("search=none", "optimizer.lr=tag(log,interval(1e-4,1e-2))")

FIRST_LEARNS = "hydra.sweeper.sampler.n_startup_trials=1"
SAMPLERS: dict[str, tuple[str, ...]] = {
    "tpe": (FIRST_LEARNS,),
    "random": (),
    "cmaes": (FIRST_LEARNS,),
    "qmc": (),
    "nsgaii": ("hydra.sweeper.sampler.population_size=2",),
    "gp": (FIRST_LEARNS,),
}


SLOW = pytest.mark.slow  # what is drawn is tested without training, in test_search.py


@pytest.mark.parametrize(
    "sampler", [pytest.param(name, marks=() if name == "gp" else SLOW) for name in SAMPLERS]
)
def test_every_sampler_draws_its_trials(sweep: Any, sampler: str) -> None:
    space = (*LR, "model.dropout=interval(0,0.5)", "model.hidden_units=choice([],[8])")
    chosen = (f"hydra/sweeper/sampler={sampler}", *SAMPLERS[sampler], "trainer.epochs=1")
    ran = sweep.run(*space, *chosen, n_trials=3)
    assert (ran.code, ran.err) == (0, "")
    assert sweep.states == ["COMPLETE"] * 3
    drawn = [trial.params for trial in sweep.trials]
    # A genetic sampler may pass on a value of a parent.
    assert len({params["optimizer.lr"] for params in drawn}) >= (2 if sampler == "nsgaii" else 3)
    assert all(1e-4 <= params["optimizer.lr"] <= 1e-2 for params in drawn)
    assert all(0 <= params["model.dropout"] <= 0.5 for params in drawn)
    assert {params["model.hidden_units"] for params in drawn} <= {"[]", "[8]"}


def test_a_sampler_and_a_pruner_may_be_given_by_import_path(sweep: Any) -> None:
    sampler, pruner = "hydra.sweeper.sampler", "hydra.sweeper.pruner"
    own = (
        f"{sampler}._target_=fixtures.own_sampler.Corner",
        f"+{sampler}.share=0.1",
        f"{pruner}._target_=fixtures.own_sampler.Impatient",
        f"+{pruner}.epochs=1",
    )
    ran = sweep.run("search=none", "model.dropout=interval(0,0.5)", *own, n_trials=2)
    assert (ran.code, ran.err) == (0, "")
    assert sweep.states == ["PRUNED"] * 2
    assert all(trial.params["model.dropout"] <= 0.05 for trial in sweep.trials)
    another = sweep.run("search=none", "model.dropout=interval(0,0.5)", n_trials=3)
    assert another.code == 2
    assert "its sampler was fixtures.own_sampler.Corner and is tpe" in another.err


WIDTHS = {"[4,4]": 0.7, "[8,8]": 0.9, "[4,8]": 0.6}


@pytest.fixture(scope="module")
def fronts(
    begin_sweep: Callable[[Path], Any],
    with_accuracy: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """A grid of three networks: [4,8] is larger than [4,4] and worse, so [8,8] and [4,4] remain."""
    sweep = begin_sweep(tmp_path_factory.mktemp("fronts"))
    accuracies: list[float] = []

    def accuracy(number: int, epoch: int) -> float:
        config = (sweep.folder / str(number) / ".hydra/overrides.yaml").read_text()
        (value,) = (value for widths, value in WIDTHS.items() if f"model.widths={widths}" in config)
        accuracies.append(value)
        return value

    sweep.small = [each for each in sweep.small if not each.startswith("model.widths")]
    space = (
        "search=none",
        f"model.widths=choice({','.join(WIDTHS)})",
        "hydra/sweeper/sampler=grid",
    )
    both = "search.objective=[accuracy,parameters]"
    with with_accuracy(accuracy):
        sweep.ran = sweep.run(*space, both, "trainer.monitor=accuracy", n_trials=10)
        sweep.again = sweep.run(*space, both, "trainer.monitor=accuracy", n_trials=10)
    return sweep


def test_a_grid_ends_at_its_size(fronts: Any) -> None:
    assert (fronts.ran.code, fronts.ran.err) == (0, "")
    assert fronts.states == ["COMPLETE"] * 3
    assert {trial.params["model.widths"] for trial in fronts.trials} == set(WIDTHS)
    assert fronts.again.code == 0
    assert "study study has its 3 trials already" in fronts.again.out


def test_each_objective_has_its_value(fronts: Any) -> None:
    for trial, row in zip(fronts.trials, fronts.rows, strict=True):
        assert [float(row["value_accuracy"]), float(row["value_parameters"])] == trial.values
        assert trial.values[0] == WIDTHS[trial.params["model.widths"]]
        run = json.loads((fronts.folder / row["folder"] / "metrics.json").read_text())["run"]
        assert trial.values[1] == run["parameters"]
    parameters = {trial.params["model.widths"]: trial.values[1] for trial in fronts.trials}
    assert parameters["[4,4]"] < parameters["[4,8]"] < parameters["[8,8]"]


def test_the_page_shows_the_front(fronts: Any, read_page: Callable[..., Any]) -> None:
    page = read_page(fronts.folder / "sweep.html")
    page.check_self_contained()
    assert "front" in page.sections
    assert "pruning" not in page.sections
    assert "on the Pareto front 2 of 3 trials" in page.text
    numbers = {trial.params["model.widths"]: trial.number for trial in fronts.trials}
    assert f"highest accuracy 0.9000 trial {numbers['[8,8]']}" in page.text
    assert f"trial {numbers['[4,4]']}" in page.text


def test_the_folds_of_a_trial_are_one_value(sweep: Any, at_each_step: Callable[..., Any]) -> None:
    folds = ("task=crossval", "folds=3", "hydra/sweeper/pruner=none")
    ran = sweep.run(*LR, *folds, n_trials=2)
    assert (ran.code, ran.err) == (0, "")
    assert sweep.states == ["COMPLETE"] * 2
    for trial in sweep.trials:
        folder = sweep.folder / str(trial.number)
        histories = sorted(folder.glob("*/history.csv"))
        assert len(histories) == 3
        best = [
            min(float(row["val_loss"]) for row in sweep.history(history.parent))
            for history in histories
        ]
        assert trial.value == pytest.approx(statistics.fmean(best))
        assert not list(folder.rglob("predictions.csv"))
        assert not list(folder.rglob("report.html"))
        for file in folder.rglob("metrics.json"):
            assert "test" not in json.loads(file.read_text())


def test_the_best_trial_is_replicated_and_evaluated_on_test(
    sweep: Any, with_accuracy: Callable[..., Any], read_page: Callable[..., Any]
) -> None:
    chosen = (*LR, "trainer.monitor=accuracy", "search.replicates=2", "trainer.epochs=1")
    with with_accuracy(lambda number, epoch: (0.6, 0.9)[number]):
        ran = sweep.run(*chosen, n_trials=2)
    assert (ran.code, ran.err) == (0, "")
    assert sweep.states == ["COMPLETE"] * 2  # the replicates are no trials
    assert sweep.folders == ["0", "1", "replicates-of-1"]
    folder = sweep.folder / "replicates-of-1"
    seeds = [folder / name for name in ("seed-1", "seed-2")]  # trials have seed 0
    measured = [json.loads((own / "metrics.json").read_text()) for own in seeds]
    accuracies = [each["test"]["accuracy"]["value"] for each in measured]

    lr = sweep.trials[1].params["optimizer.lr"]
    assert f"optimizer.lr={lr}" in (folder / ".hydra/overrides.yaml").read_text()
    page = read_page(sweep.folder / "sweep.html")
    assert "replicates" in page.sections
    mean, std = statistics.fmean(accuracies), statistics.stdev(accuracies)
    assert f"accuracy {mean:.4f} {std:.4f} {accuracies[0]:.4f} {accuracies[1]:.4f}" in page.text

    # They are there, so the same command does not train them again.
    before = [(own / "metrics.json").stat().st_mtime_ns for own in seeds]
    assert sweep.run(*chosen, n_trials=2).code == 0
    assert [(own / "metrics.json").stat().st_mtime_ns for own in seeds] == before
    assert "replicates" in read_page(sweep.folder / "sweep.html").sections


def test_the_best_of_cross_validations_is_replicated_too(sweep: Any) -> None:
    folds = ("task=crossval", "folds=3", "search.replicates=1", "trainer.epochs=1")
    ran = sweep.run(*LR, *folds, "hydra/sweeper/pruner=wilcoxon", n_trials=1)
    assert (ran.code, ran.err) == (0, "")
    assert "could not be trained" not in ran.out
    assert (sweep.folder / "replicates-of-0/seed-1/metrics.json").exists()


def test_the_home_directory_is_expanded_in_the_folder_of_a_sweep(
    sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = sweep.root / "home"
    monkeypatch.setenv("HOME", str(home))
    ran = sweep.run(*LR, "hydra.sweep.dir='~/search'", "trainer.epochs=1", n_trials=1)
    assert (ran.code, ran.err) == (0, "")
    assert (home / "search/0/metrics.json").exists()
    assert not (sweep.root / "~").exists()
