"""`python run.py -m hydra/sweeper=optuna`: what it searches, and what lies there afterwards."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

BEST = 2
CURVES = {0: (0.5, 0.4), 1: (0.6, 0.7), 2: (0.8, 0.9), 3: (0.8, 0.85)}

FULL = {
    "optimizer.lr", "optimizer.weight_decay", "loss", "augment", "model.dropout", "loss.gamma",
    "loss.label_smoothing",
}  # fmt: skip
SPACES = {
    "full": FULL,
    "lora": FULL | {"finetune.rank", "finetune.alpha"},
    "classifier": FULL | {"model.hidden_units"},
}


def searched_keys(output: str) -> set[str]:
    """Return the searched keys from the first line of a sweep's output."""
    (line,) = (line for line in output.splitlines() if line.startswith("study study: "))
    return set(line.partition(" over ")[2].partition(", for the best ")[0].split(", "))


@pytest.fixture(scope="module")
def whole(
    begin_sweep: Callable[..., Any],
    with_accuracy: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """The sweep that a bare command does: four trials of which number 2 becomes the best."""
    sweep = begin_sweep(tmp_path_factory.mktemp("whole"))
    with with_accuracy(lambda number, epoch: CURVES[number][epoch - 1]):
        sweep.ran = sweep.run("hydra/sweeper/pruner=none", n_trials=4)
    assert (sweep.ran.code, sweep.ran.err) == (0, "")
    return sweep


def test_the_study_holds_every_trial_with_its_best_epoch(whole: Any) -> None:
    assert whole.states == ["COMPLETE"] * 4
    assert [trial.value for trial in whole.trials] == [max(curve) for curve in CURVES.values()]
    assert [trial.intermediate_values for trial in whole.trials] == [
        dict(enumerate(curve, start=1)) for curve in CURVES.values()
    ]


def test_each_trial_has_a_light_folder_of_its_own(whole: Any) -> None:
    assert whole.folders == ["0", "1", "2", "3"]
    for number in range(4):
        left = {path.name for path in (whole.folder / str(number)).iterdir()}
        # The split is that of all trials, and written once; the best trials have a bundle.
        assert left - {"split.csv", "bundle"} == {
            ".hydra",
            "history.csv",
            "metrics.json",
            "mlflow.json",
            "run.log",
            "settings.json",
        }
        assert len(whole.history(number)) == 2


def test_the_metrics_of_a_trial_have_no_test_split(whole: Any) -> None:
    for number, curve in CURVES.items():
        metrics = json.loads((whole.folder / str(number) / "metrics.json").read_text())
        assert metrics.keys() - {"schema_version", "checksum"} == {"train", "val", "run"}
        assert metrics["val"]["accuracy"]["value"] == max(curve)
        row = whole.history(number)[curve.index(max(curve))]
        assert metrics["train"]["loss"]["value"] == pytest.approx(float(row["train_loss"]))


def test_the_table_has_every_trial(whole: Any) -> None:
    trials, rows = whole.trials, whole.rows
    assert [row["state"] for row in rows] == ["COMPLETE"] * 4
    for trial, row in zip(trials, rows, strict=True):
        assert float(row["value"]) == trial.value
        assert row["folder"] == str(trial.number)
        shown = {key.removeprefix("params_"): value for key, value in row.items() if value}
        assert {key: str(value) for key, value in trial.params.items()} == {
            key: shown[key] for key in trial.params
        }
        assert float(row["time_s"]) > 0


def test_the_table_has_the_epochs_of_each_trial(whole: Any) -> None:
    assert [row["epochs"] for row in whole.rows] == ["2"] * 4


def test_the_page_shows_the_best(whole: Any, read_page: Callable[..., Any]) -> None:
    page = read_page(whole.folder / "sweep.html")
    page.check_self_contained()
    assert {"history", "importance", "trials", "pruning"} <= set(page.sections)
    assert f"highest accuracy 0.9000 trial {BEST}" in page.text
    assert "hydra/sweeper=optuna" in page.text


def test_the_terminal_has_one_line_a_trial_and_the_next_command(whole: Any) -> None:
    lines = whole.ran.out.splitlines()
    shown = [line for line in lines if line.startswith("trial ")]
    assert [line.split()[1:3] for line in shown] == [[str(n), "complete"] for n in range(4)]
    assert "best 0.9 (trial 2)" in shown[3]
    assert "epoch " not in whole.ran.out
    folder = "outputs/sweeps/study"
    assert "study: 4 complete" in lines
    assert f"report      {folder}/sweep.html" in lines
    assert f"train best  python run.py --config-dir {folder} experiment=best" in lines


def test_the_log_of_a_trial_has_its_epochs(whole: Any) -> None:
    output = (whole.folder / "1/run.log").read_text()
    assert "epoch   1/2" in output
    assert "epoch   2/2" in output


def settings_of(config: Any) -> dict[str, Any]:
    """Resolved, without what a search is and where it ran."""
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {key: value for key, value in plain.items() if key not in ("search", "hydra")}


@pytest.mark.parametrize("found_by", ["--config-dir", "searchpath"])
def test_the_overlay_of_the_best_composes_to_its_settings(
    whole: Any, call: Callable[..., Any], found_by: str
) -> None:
    folder = whole.folder.relative_to(whole.root)
    search = f"hydra.searchpath=[file://{whole.folder}]"
    place = ["--config-dir", str(folder)] if found_by == "--config-dir" else [search]
    ran = call([*place, "experiment=best", "--cfg", "job"], whole.root)
    assert ran.err == ""
    trial = OmegaConf.load(whole.folder / str(BEST) / ".hydra/config.yaml")
    assert settings_of(OmegaConf.create(ran.out)) == settings_of(trial)


def test_the_best_is_run_again_whole(whole: Any, call: Callable[..., Any]) -> None:
    place = whole.folder.relative_to(whole.root)
    ran = call(["--config-dir", str(place), "experiment=best", "hydra.run.dir=again"], whole.root)
    assert (ran.code, ran.err) == (0, "")
    assert (whole.root / "again/report.html").is_file()
    # The same seed and settings: the same training, epoch for epoch.
    again = whole.history(whole.root / "again")
    losses = [row["train_loss"] for row in whole.history(BEST)]
    assert [row["train_loss"] for row in again] == losses


def test_the_keys_of_a_loss_are_searched_only_with_it(whole: Any) -> None:
    losses = {trial.params["loss"] for trial in whole.trials}
    assert losses == {"ce", "focal"}
    for trial in whole.trials:
        own = {key for key in trial.params if key.startswith("loss.")}
        focal = trial.params["loss"] == "focal"
        assert own == {"loss.gamma" if focal else "loss.label_smoothing"}
        shown = (whole.folder / str(trial.number) / ".hydra/overrides.yaml").read_text()
        assert ("loss.gamma" in shown) == focal


def test_trials_of_different_losses_monitor_accuracy(whole: Any) -> None:
    for number in range(4):
        trial = OmegaConf.load(whole.folder / str(number) / ".hydra/config.yaml")
        assert trial.trainer.monitor == "accuracy"


def test_trials_of_vote_fractions_monitor_their_error(sweep: Any) -> None:
    votes = ("dataset.target=votes", "search=none", "loss=choice(mse,bce)")
    ran = sweep.run(*votes, n_trials=1)
    assert (ran.code, ran.err) == (0, "")
    assert "for the best rmse" in ran.out
    best = min(float(row["val_rmse"]) for row in sweep.history(0))
    assert sweep.trials[0].value == pytest.approx(best)


@pytest.mark.parametrize("finetune", SPACES)
def test_a_bare_command_searches_the_space_of_its_finetune(
    whole: Any, begin_sweep: Callable[..., Any], tmp_path: Path, finetune: str
) -> None:
    if finetune == "full":
        assert searched_keys(whole.ran.out) == FULL
        return
    sweep = begin_sweep(tmp_path)
    ran = sweep.run(f"finetune={finetune}", n_trials=1)
    assert (ran.code, ran.err) == (0, "")
    assert searched_keys(ran.out) == SPACES[finetune]
    (trial,) = sweep.trials
    assert trial.params.keys() < SPACES[finetune]


def test_keys_fixed_on_the_command_line_are_not_searched(sweep: Any) -> None:
    ran = sweep.run("loss=ce", "augment=flips", "model.dropout=0.1", n_trials=1)
    assert (ran.code, ran.err) == (0, "")
    left = {"optimizer.lr", "optimizer.weight_decay", "loss.label_smoothing"}
    assert searched_keys(ran.out) == left
    (trial,) = sweep.trials
    assert trial.params.keys() == left
    config = OmegaConf.load(sweep.folder / "0/.hydra/config.yaml")
    assert (config.loss.name, config.augment.name, config.model.dropout) == ("ce", "flips", 0.1)


def test_images_and_features_are_computed_once_for_all_trials(
    sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from astroclf.data import sources

    assigned: list[int] = []
    assign = sources.assign_splits  # the end of loading, from whatever source

    def counting(*arguments: Any) -> Any:
        assigned.append(1)
        return assign(*arguments)

    monkeypatch.setattr(sources, "assign_splits", counting)
    space = ("search=none", "optimizer.lr=choice(1e-3,1e-2)", "model.hidden_units=choice([],[8])")
    own_cache = f"dataset.cache={sweep.root / 'cache'}"
    sampler = "hydra/sweeper/sampler=grid"
    ran = sweep.run("finetune=classifier", *space, own_cache, sampler, n_trials=4)
    assert ran.code == 0
    assert sweep.states == ["COMPLETE"] * 4
    assert len(assigned) == 1
    (features,) = (sweep.root / "cache").glob("features-*/checksums.npy")
    n_computed = np.count_nonzero(np.load(features))
    assert n_computed == 64 + 7 * 44, "all images as they are, and 7 further views of train"


def test_a_search_runs_below_a_folder_with_an_odd_name(
    begin_sweep: Callable[[Path], Any], tmp_path: Path, call: Callable[..., Any]
) -> None:
    sweep = begin_sweep(tmp_path / "o'brien & co, 50% #1 = x")
    sweep.root.mkdir()
    ran = sweep.run("search=none", "optimizer.lr=1e-3,1e-2", n_trials=1)
    assert (ran.code, ran.err) == (0, "")
    assert sweep.states == ["COMPLETE"]
    (printed,) = [line for line in ran.out.splitlines() if line.startswith("train best")]
    command = shlex.split(printed.removeprefix("train best"))
    assert call([*command[2:], "hydra.run.dir=trained"], sweep.root).code == 0
    assert (sweep.root / "trained/report.html").exists()


def test_the_default_name_of_a_study_is_one_folder_name() -> None:
    names = OmegaConf.create({"x": "${study_name:'hf_hub:some/encoder',lora,catalog}"})
    assert names.x == "hf_hub-some-encoder-lora-catalog"
