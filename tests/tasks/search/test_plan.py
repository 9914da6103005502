"""Refused sweeps: one sentence and exit code 2, before the first trial."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from astroclf.commands import quoted

LR = ("search=none", "optimizer.lr=tag(log,interval(1e-4,1e-2))")
TWO = "search.objective=[accuracy,parameters]"

REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown key": (
        ("search=none", "optimizer.lrr=interval(0,1)"),
        "optimizer.lrr=interval(0,1): there is no such setting; did you mean optimizer.lr?",
    ),
    "unknown choice": (
        ("search=none", "loss=choice(ce,foo)"),
        "loss=foo: there is no such loss; choose one of bce, ce, ce_smooth, custom, dirichlet_multinomial, focal, mse, multinomial.",
    ),
    "wrong choice": (
        ("search=none", "trainer.batch_size=choice(8,-1)"),
        "trainer.batch_size=-1: should be",
    ),
    "empty space": (("search=none",), "There is nothing to search: every key is fixed."),
    "no trials": (LR, "hydra.sweeper.n_trials=0 should be a whole number, 1 or more."),
    "failure rate": (
        (*LR, "hydra.sweeper.max_failure_rate=2"),
        "hydra.sweeper.max_failure_rate=2 should be a share from 0 to 1.",
    ),
    "server": (
        (*LR, "hydra.sweeper.storage='postgresql://nobody:secret@127.0.0.1:1/x'"),
        "hydra.sweeper.storage=postgresql://***@127.0.0.1:1/x cannot be reached",
    ),
    "database": (
        (*LR, "hydra.sweeper.storage='sqlite:////nowhere/at/all.db'"),
        "hydra.sweeper.storage=sqlite:////nowhere/at/all.db cannot be reached",
    ),
    "home": (
        (*LR, "hydra.sweeper.storage='~nobody-here/a.journal'"),
        "hydra.sweeper.storage=~nobody-here/a.journal does not fit: it should be a path without ~",
    ),
    "folder of a home": (
        (*LR, "hydra.sweep.dir='~nobody-here/a'"),
        "hydra.sweep.dir=~nobody-here/a does not fit: it should be a path without ~",
    ),
    "worst": (
        (*LR, "trainer.monitor=accuracy", "hydra.sweeper.direction=minimize"),
        "hydra.sweeper.direction=minimize would look for the worst accuracy: write maximize",
    ),
    "one direction": (
        (*LR, TWO, "hydra.sweeper.direction=maximize"),
        "hydra.sweeper.direction=maximize and the objectives (accuracy, parameters) differ in number",
    ),
    "objective": ((*LR, "search.objective=acuracy"), "search.objective=acuracy is not measured"),
    "monitor": (
        ("search=none", "loss=choice(ce,focal)", "trainer.monitor=loss"),
        "trainer.monitor=loss: losses of different kinds or settings cannot be compared, and this search varies them. "
        "Set trainer.monitor=log_loss, or fix loss",
    ),
    "objective that is the loss": (
        (
            "search=none",
            "loss.label_smoothing=choice(0.0,0.1)",
            "search.objective=[loss,parameters]",
        ),
        "search.objective=[loss,parameters]: losses of different kinds or settings cannot be compared, and this search "
        "varies them. Set search.objective=[log_loss,parameters], or fix loss",
    ),
    "wilcoxon over epochs": (
        (*LR, "hydra/sweeper/pruner=wilcoxon"),
        "hydra/sweeper/pruner=wilcoxon compares trials fold by fold, and these trials report epochs",
    ),
    "target": (
        (*LR, "hydra.sweeper.sampler._target_=optuna.samplers.QMC"),
        "hydra.sweeper.sampler._target_=optuna.samplers.QMC: it cannot be imported",
    ),
    "argument of a target": (
        (*LR, "hydra.sweeper.pruner._target_=optuna.pruners.ThresholdPruner"),
        "hydra.sweeper.pruner._target_=optuna.pruners.ThresholdPruner cannot be made: Either lower or upper",
    ),
    "range": (
        ("search=none", "optimizer.lr=range(0,1,1e-9)"),
        "optimizer.lr=range(0, 1, 1e-09) has more than 10,000 values: write larger steps, or optimizer.lr=interval(0, 1)",
    ),
    "interval": (
        ("search=none", "optimizer.lr=interval(-1e308,1e308)"),
        "optimizer.lr has bounds whose difference is not finite",
    ),
    "of no effect": (
        (*LR, "evaluation.logit_adjustment=interval(0,1)"),
        "evaluation.logit_adjustment is searched, but it applies only after the training",
    ),
    "replicates": (
        (*LR, TWO, "search.replicates=2"),
        "search.replicates trains the best trial again",
    ),
}


def refusal(ran: Any) -> str:
    """The one sentence that a refused command ends with."""
    assert ran.code == 2, (ran.code, ran.err)
    assert re.sub(r"importing .*\n", "", ran.out) == ""  # a busy machine shows its progress
    assert ran.err.startswith("astroclf: ")
    assert ran.err.count("\n") == 1
    sentence: str = ran.err.removeprefix("astroclf: ").rstrip("\n")
    assert sentence.endswith((".", "?")), sentence
    return sentence


@pytest.mark.parametrize("case", REFUSED)
def test_an_invalid_search_is_refused(
    sweep: Any, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astroclf.sweep.storage.PAUSES_S", (0.0,))
    overrides, beginning = REFUSED[case]
    output = refusal(sweep.run(*overrides, n_trials=0 if case == "no trials" else 2))
    assert output.startswith(beginning)
    assert "secret" not in output
    assert sweep.folders == []


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("params: {optimizer.lr: 'intervall(1e-4, 1e-2)'}", "optimizer.lr=intervall(1e-4, 1e-2) cannot be read"),
        ("params: {optimizer.lrr: 'interval(1e-4, 1e-2)'}", "optimizer.lrr: there is no such setting; did you mean optimizer.lr?"),
        ("where: {loss=focal: {loss.gamma: 'interval(0, 3)'}}", "There is nothing to search"),
        ("where: {loos=focal: {loss.gamma: 'interval(0, 3)'}}", "where: loos=focal depends on loos"),
    ],
)  # fmt: skip
def test_an_invalid_search_file_is_refused(sweep: Any, text: str, beginning: str) -> None:
    file = sweep.root / "own/search/mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"defaults: [none, _self_]\n{text}\n")
    output = refusal(sweep.run("--config-dir=own", "search=mine", n_trials=1))
    assert output.startswith(beginning)
    assert sweep.folders == []


@pytest.fixture(scope="module")
def begun(begin_sweep: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A study of one trial."""
    sweep = begin_sweep(tmp_path_factory.mktemp("begun"))
    assert sweep.run(*LR, n_trials=1).code == 0
    return sweep


OTHER: dict[str, tuple[tuple[str, ...], str]] = {
    "space": (
        ("search=none", "optimizer.lr=tag(log,interval(1e-5,1e-2))"),
        "its space is another: optimizer.lr was tag(log, interval(0.0001, 0.01)) and is "
        "tag(log, interval(1e-05, 0.01))",
    ),
    "new key": (
        (*LR, "model.dropout=interval(0,0.5)"),
        "its space is another: model.dropout is new",
    ),
    "objective": (
        (*LR, "trainer.monitor=accuracy"),
        "its objectives were loss and are accuracy",
    ),
    "sampler": ((*LR, "hydra/sweeper/sampler=random"), "its sampler was tpe and is random"),
    "fixed": ((*LR, "trainer.epochs=3"), "trainer.epochs was 2 and is 3"),
}


@pytest.mark.parametrize("case", OTHER)
def test_a_study_with_another_identity_is_not_resumed(begun: Any, case: str) -> None:
    overrides, difference = OTHER[case]
    trials = begun.trials
    output = refusal(begun.run(*overrides, n_trials=2))
    assert output.startswith("study study in ")
    assert f"cannot be resumed, {difference}" in output
    assert "hydra.sweeper.study_name=<name>" in output
    assert begun.folders == ["0"]
    assert begun.trials == trials


def test_the_losses_of_two_recipes_are_not_compared(sweep: Any, call: Callable[..., Any]) -> None:
    recipes = sweep.root / "recipes/experiment"
    recipes.mkdir(parents=True)
    for loss in ("ce", "focal"):
        text = f"# @package _global_\ndefaults:\n  - override /loss: {loss}\n"
        (recipes / f"with_{loss}.yaml").write_text(text)
    flags = ("--config-dir", str(recipes.parent))
    asked = ("search=none", "experiment=with_ce,with_focal", "search.objective=loss")
    output = refusal(call([*flags, *sweep.arguments(*asked, n_trials=2)], sweep.root))
    assert output.startswith("search.objective=loss: losses of different kinds")


@pytest.mark.parametrize(
    "name",
    ["..", ".", "../../x", "../cache", "a/b", ".hidden", "a\\nb", "a'b", '"a"', "a$b", "a;b", " a", "-a", "x" * 101, "null"],
)  # fmt: skip
def test_a_study_name_is_one_plain_folder_name(sweep: Any, name: str) -> None:
    text = "null" if name == "null" else quoted(name.replace("\\n", "\n"))
    output = refusal(sweep.run(*LR, f"hydra.sweeper.study_name={text}", n_trials=1))
    assert output.startswith("hydra.sweeper.study_name=")
    assert "not a folder name that commands can hold" in output
    assert not list(sweep.root.iterdir())


def test_a_study_of_changed_images_is_not_resumed(
    sweep: Any, small_overrides: Callable[..., list[str]]
) -> None:
    rng, pictures = np.random.default_rng(0), sweep.root / "pictures"
    for index in range(40):
        file = pictures / ("star", "galaxy")[index % 2] / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(file)
    source = ("dataset=image_folder", f"dataset.root={pictures}", "dataset.image_px=16")
    sweep.small = small_overrides(*source, "model.widths=[4,8]")
    ran = sweep.run(*LR, n_trials=1)
    assert (ran.code, ran.err) == (0, "")
    Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(file)
    output = sweep.run(*LR, n_trials=2).err
    assert "cannot be resumed, its images, labels or splits have changed: fingerprint was" in output
    file.unlink()
    assert "images and is" in sweep.run(*LR, n_trials=2).err
