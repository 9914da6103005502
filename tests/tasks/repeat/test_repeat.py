from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from astroclf.data.dataset import ImageDataset
from astroclf.errors import Interrupted, Pruned, UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.interrupted import describe_interrupt
from astroclf.settings import read_settings
from astroclf.tasks import crossval
from astroclf.tasks.callbacks import TRIAL_CALLBACKS
from astroclf.tasks.resume import resumed_config
from astroclf.tasks.run import Run as TaskRun
from astroclf.tasks.run import open_run
from astroclf.tasks.search.trial import StudyAddress, do_trial
from astroclf.tasks.task import run_task
from astroclf.training.callbacks import Callback
from fixtures.stops import StopAt, with_callbacks

Run = Callable[..., Path]

STUDY = StudyAddress("study", None, {}, 0)

SHORT = (
    "model.widths=[4,8]", "model.hidden_units=[8]", "dataset.image_px=16", "evaluation.bootstrap_resamples=10",
    "optimizer.lr=0.01", "evaluation.report=false",
)  # fmt: skip
SEEDS = (*SHORT, "seeds=[1,2,4]")
FOLDS = (*SHORT, "task=crossval", "folds=3")
LIGHT = {"history.csv", "metrics.json", "mlflow.json", "settings.json", "split.csv"}


@pytest.fixture(scope="module")
def seeds(train_run: Run) -> Path:
    return train_run(*SEEDS)


@pytest.fixture(scope="module")
def folds(train_run: Run) -> Path:
    return train_run(*FOLDS)


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def read_json(file: Path) -> Any:
    return json.loads(file.read_text())


def own_metrics(folder: Path, pattern: str) -> list[Any]:
    return [read_json(own / "metrics.json") for own in sorted(folder.glob(pattern))]


def assert_spread(content: Any, metrics: list[Any]) -> None:
    for split in ("val", "test"):
        assert set(content[split]) == set(metrics[0][split])
        for metric, spread in content[split].items():
            values = [each[split][metric]["value"] for each in metrics]
            assert spread["values"] == values
            assert spread["value"] == pytest.approx(np.mean(values))
            assert spread["std"] == pytest.approx(np.std(values, ddof=1))


# --- seeds ----------------------------------------------------------------------------------------


def test_each_seed_equals_a_run_with_that_seed_alone(seeds: Path, train_run: Run) -> None:
    assert {each.name for each in seeds.iterdir() if each.is_dir()} == {
        "seed-1",
        "seed-2",
        "seed-4",
    }
    alone = train_run(*SHORT, "seed=2")
    for name in ("predictions.csv", "split.csv"):
        assert (seeds / "seed-2" / name).read_bytes() == (alone / name).read_bytes()
    assert (seeds / "seed-2/bundle/bundle.json").exists()
    others = (seeds / "seed-1/predictions.csv").read_bytes()
    assert others != (seeds / "seed-4/predictions.csv").read_bytes()


def test_mean_and_spread_are_those_of_the_seeds(seeds: Path) -> None:
    metrics = own_metrics(seeds, "seed-*")
    assert [each["run"]["seed"] for each in metrics] == [1, 2, 4]
    content = read_json(seeds / "metrics.json")
    assert_spread(content, metrics)
    assert content["run"]["runs"] == ["seed-1", "seed-2", "seed-4"]
    assert content["run"]["seeds"] == [1, 2, 4]
    for split in ("val", "test"):
        for metric in ("log_loss", "brier"):
            low, high = content[split][metric]["ci95"]
            assert low <= content[split][metric]["value"] <= high
        assert content[split]["roc_auc"]["ci95"] is None
    assert "pooled" not in content
    assert not (seeds / "predictions.csv").exists()


def test_one_seed_has_no_spread(train_run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "astroclf"):
        folder = train_run(*SHORT, "seeds=[3]", "dataset.test_fraction=0")
    content = read_json(folder / "metrics.json")
    assert content["val"]["accuracy"]["std"] is None
    assert "test" not in content
    value = content["val"]["accuracy"]["value"]
    assert re.search(rf"^accuracy +{value:.3f} +\[.*\] +{value:.3f}$", caplog.text, re.MULTILINE)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["seeds=[]"], "seeds=[]: should be a list of at least 1."),
        (["seeds=[-1]"], "seeds=[-1]: should be greater than or equal to 0"),
        (
            ["seeds=[1,2,1]"],
            "seeds=[1, 2, 1]: should be different seeds; 1 is given more than once",
        ),
        (["seeds=[1,2]", "task=crossval"], "seeds=[1, 2]: only task=train is repeated"),
        (["seeds=[1,2]", "task=benchmark"], "seeds=[1, 2]: only task=train is repeated"),
        (["folds=2", "task=crossval"], "folds=2: too few, since one fold is test"),
        (["folds=0"], "folds=0: should be greater than or equal to 1"),
    ],
)
def test_settings_that_cannot_be_repeated_are_refused(
    config: Any, overrides: list[str], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        read_settings(config(*overrides))
    assert str(refused.value).startswith(sentence)


# --- folds ----------------------------------------------------------------------------------------


def test_every_image_is_predicted_by_a_network_that_was_not_trained_on_it(
    folds: Path, simulated_dataset: ImageDataset
) -> None:
    homes = {row["id"]: row["split"] for row in read_csv(folds / "split.csv")}
    held_out = set(simulated_dataset.ids[simulated_dataset.indices("test")].tolist())
    assert {image for image, home in homes.items() if home == "test"} == held_out
    rows = read_csv(folds / "predictions.csv")
    assert {row["id"]: row["fold"] for row in rows} == {
        image: home for image, home in homes.items() if image not in held_out
    }
    assert len(rows) == len(homes) - len(held_out)
    classes = [f"p_{name}" for name in simulated_dataset.classes]
    assert list(rows[0]) == ["id", "fold", "truth", "label", *classes]
    for row in rows:
        own = folds / row["fold"]
        (predicted,) = (r for r in read_csv(own / "predictions.csv") if r["id"] == row["id"])
        assert {key: row[key] for key in row if key != "fold"} == {
            key: predicted[key] for key in predicted if key != "split"
        }
        assert predicted["split"] == "test"


def test_each_fold_is_a_run_with_two_folds_held_out_from_training(folds: Path) -> None:
    homes = {row["id"]: row["split"] for row in read_csv(folds / "split.csv")}
    roles = {"fold-0": ("test", "val", "train"), "fold-1": ("train", "test", "val")}
    for name, (first, second, third) in roles.items():
        wanted = {"fold-0": first, "fold-1": second, "fold-2": third, "test": ""}
        found = {row["id"]: row["split"] for row in read_csv(folds / name / "split.csv")}
        assert found == {image: wanted[home] for image, home in homes.items()}
        assert (folds / name / "bundle/bundle.json").exists()


def test_all_out_of_fold_images_are_scored_together(folds: Path) -> None:
    rows = read_csv(folds / "predictions.csv")
    content = read_json(folds / "metrics.json")
    assert_spread(content, own_metrics(folds, "fold-*"))
    pooled = content["pooled"]
    truth, labels = ([row[key] for row in rows] for key in ("truth", "label"))
    assert pooled["accuracy"]["value"] == pytest.approx(accuracy_score(truth, labels))
    areas = []
    for fold in ("fold-0", "fold-1", "fold-2"):
        own = [row for row in rows if row["fold"] == fold]
        stars = [row["truth"] == "star" for row in own]
        areas.append(roc_auc_score(stars, [float(row["p_star"]) for row in own]))
    assert pooled["roc_auc"]["value"] == pytest.approx(np.mean(areas)), "the mean of the folds"
    low, high = pooled["accuracy"]["ci95"]
    assert low <= pooled["accuracy"]["value"] <= high
    sizes = [sum(row["fold"] == f"fold-{k}" for row in rows) for k in range(3)]
    losses = content["test"]["loss"]["values"]
    assert pooled["loss"]["value"] == pytest.approx(np.average(losses, weights=sizes))
    assert pooled["loss"]["ci95"] is None


def test_votes_are_cross_validated_over_all_images(train_run: Run) -> None:
    votes = ("dataset.target=votes", "loss=mse", "trainer.monitor=rmse", "dataset.test_fraction=0")
    folder = train_run(*FOLDS, *votes)
    rows = read_csv(folder / "predictions.csv")
    assert len({row["id"] for row in rows}) == len(rows) == 64
    answers = [key.removeprefix("p_") for key in rows[0] if key.startswith("p_")]
    errors = [
        float(row[f"p_{name}"]) - float(row[f"vote_{name}"]) for row in rows for name in answers
    ]
    rmse = read_json(folder / "metrics.json")["pooled"]["rmse"]
    assert rmse["value"] == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-4)
    assert rmse["ci95"] is not None


def test_impossible_folds_are_refused_before_anything_is_written(
    config: Any, tmp_path: Path
) -> None:
    plain = config(*SHORT, "task=crossval", "folds=40")
    with pytest.raises(UserError, match=r"class \w+ has \d+ images, and none is left for fold-"):
        run_task(open_run(read_settings(plain), tmp_path))
    assert not list(tmp_path.iterdir())


# --- under a search -------------------------------------------------------------------------------


class Reports:
    """Receives the monitored values so far; prunes after so many trainings."""

    def __init__(self, patience: int = 9) -> None:
        self.means: list[float] = []
        self.patience = patience

    def __call__(self, values: Sequence[float]) -> None:
        self.means.append(statistics.fmean(values))
        if len(self.means) == self.patience:
            raise Pruned("enough")


def trial(config: Any, folder: Path, reports: Reports) -> TaskRun:
    run = open_run(read_settings(config), folder)
    return replace(run, callbacks=TRIAL_CALLBACKS, on_repetition=(reports,))


@pytest.mark.parametrize(("overrides", "pattern"), [(SEEDS, "seed-*"), (FOLDS, "fold-*")])
def test_trial_writes_few_files_and_reports_the_running_mean(
    config: Any, tmp_path: Path, overrides: tuple[str, ...], pattern: str
) -> None:
    plain, reports = config(*overrides), Reports()
    figures = do_trial(trial(plain, tmp_path, reports), STUDY)
    values = [each["val"]["loss"]["value"] for each in own_metrics(tmp_path, pattern)]
    means = [statistics.fmean(values[:number]) for number in (1, 2, 3)]
    assert reports.means == pytest.approx(means)
    assert figures["loss"] == pytest.approx(means[-1])
    assert figures["parameters"] > 0
    for own in tmp_path.glob(pattern):
        assert {file.name for file in own.iterdir()} <= LIGHT
    content = read_json(tmp_path / "metrics.json")
    assert content["val"]["loss"]["values"] == pytest.approx(values)
    assert not {"test", "pooled"} & set(content)
    assert not (tmp_path / "predictions.csv").exists()
    assert not RunFolder(tmp_path).is_resumable


def test_trial_can_be_pruned_between_its_trainings(config: Any, tmp_path: Path) -> None:
    plain, reports = config(*SEEDS), Reports(patience=2)
    with pytest.raises(Pruned):
        do_trial(trial(plain, tmp_path, reports), STUDY)
    assert {own.name for own in tmp_path.glob("seed-*")} == {"seed-1", "seed-2"}


# --- stopped and resumed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whole", "overrides", "names", "stop_step"),
    [
        ("seeds", SEEDS, ("seed-1", "seed-2", "seed-4"), 9),  # 6 steps each
        ("folds", FOLDS, ("fold-0", "fold-1", "fold-2"), 7),  # 4 steps each
    ],
    ids=["seeds", "folds"],
)
def test_interrupted_run_resumes_with_the_remaining_trainings(
    config: Any,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    whole: str,
    overrides: tuple[str, ...],
    names: tuple[str, str, str],
    stop_step: int,
) -> None:
    plain = config(*overrides)

    def run(*callbacks: Callback, resumes: bool = False) -> dict[str, float]:
        opened = open_run(read_settings(plain), tmp_path, resumes=resumes)
        return crossval.main(with_callbacks(opened, *callbacks))

    with pytest.raises(Interrupted):
        run(StopAt(stop_step))
    sentence = describe_interrupt(Interrupted(signal.SIGTERM), tmp_path)
    assert sentence == f"Interrupted by SIGTERM. Resume with: python run.py resume={tmp_path}"
    first, second, third = names
    assert not (tmp_path / second / "metrics.json").exists()
    assert not (tmp_path / third).exists()
    finished = (tmp_path / first / "metrics.json").stat().st_mtime_ns

    assert RunFolder(tmp_path).is_resumable
    plain = resumed_config({"resume": str(tmp_path)}, [f"resume={tmp_path}"])
    figures = run(resumes=True)
    assert (tmp_path / first / "metrics.json").stat().st_mtime_ns == finished
    never_stopped = request.getfixturevalue(whole)
    for name in names:
        own = f"{name}/predictions.csv"
        assert (tmp_path / own).read_bytes() == (never_stopped / own).read_bytes()
    content, other = (read_json(each / "metrics.json") for each in (tmp_path, never_stopped))
    assert [content[key] for key in ("val", "test")] == [other[key] for key in ("val", "test")]
    assert content.get("pooled") == other.get("pooled")
    measured = read_json(tmp_path / "repeat.json")["measured"]
    losses = [measured[name]["loss"] for name in names]
    assert figures["loss"] == pytest.approx(statistics.fmean(losses))


def test_more_epochs_continue_all_trainings(config: Any, tmp_path: Path) -> None:
    plain = config(*SHORT, "seeds=[1,2]", "trainer.epochs=1", "scheduler=none")
    crossval.main(open_run(read_settings(plain), tmp_path, resumes=plain["resume"] is not None))
    plain = {**plain, "trainer": {**plain["trainer"], "epochs": 2}, "resume": str(tmp_path)}
    crossval.main(open_run(read_settings(plain), tmp_path, resumes=plain["resume"] is not None))
    assert [own["run"]["epochs"] for own in own_metrics(tmp_path, "seed-*")] == [2, 2]


def test_new_run_in_an_old_folder_starts_from_scratch(
    config: Any, tmp_path: Path, seeds: Path
) -> None:
    old = config(*SHORT, "seeds=[1]", "optimizer.lr=0.3")
    crossval.main(open_run(read_settings(old), tmp_path, resumes=old["resume"] is not None))
    new = config(*SHORT, "seeds=[1]")
    crossval.main(open_run(read_settings(new), tmp_path, resumes=new["resume"] is not None))
    own = "seed-1/predictions.csv"
    assert (tmp_path / own).read_bytes() == (seeds / own).read_bytes()


def test_fold_cannot_be_resumed_alone(folds: Path) -> None:
    with pytest.raises(UserError) as refused:
        resumed_config({"resume": str(folds / "fold-1")}, ["resume=x"])
    assert str(refused.value) == (
        f"resume={folds / 'fold-1'} is one training of several. Give resume={folds} "
        "for all of them."
    )


def test_seed_can_be_resumed_alone(seeds: Path) -> None:
    plain = resumed_config({"resume": str(seeds / "seed-4")}, ["resume=x"])
    assert (plain["seed"], plain["seeds"]) == (4, None)
    assert read_settings(plain).task.name == "train"


@pytest.mark.parametrize("name", ["metrics.json", "predictions.csv"])
def test_seed_with_damaged_results_is_evaluated_again(
    seeds: Path, config: Any, tmp_path: Path, name: str
) -> None:
    shutil.copytree(seeds, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "seed-1" / name
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    plain = resumed_config({"resume": str(tmp_path)}, ["resume=x"])
    run_task(open_run(read_settings(plain), tmp_path, resumes=True))
    assert (tmp_path / "seed-1/predictions.csv").read_bytes() == (
        seeds / "seed-1/predictions.csv"
    ).read_bytes()
    assert read_json(tmp_path / "metrics.json")["val"] == read_json(seeds / "metrics.json")["val"]
