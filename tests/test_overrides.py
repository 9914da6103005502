"""Overrides that cannot be composed, each with what to write instead."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from astroclf.composition import plain_config
from astroclf.errors import UserError
from astroclf.overrides import (
    check_arguments,
    check_working_directory,
    explain_refusal,
    is_of_hydra,
    quote_patterns,
)
from astroclf.settings import read_settings

CONF = Path(__file__).parents[1] / "conf"
FUZZED = int(os.environ.get("ASTROCLF_FUZZED_OVERRIDES", "2000"))


def refusal(*arguments: str) -> str | None:
    """Return the sentence with which the arguments of a single run are refused, None if they are not."""
    try:
        check_arguments(arguments, CONF)
        overrides = [each for each in arguments if not each.startswith("-")]
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("config", overrides=overrides)
        read_settings(plain_config(config))
    except UserError as error:
        return str(error)
    except Exception as error:
        if not is_of_hydra(error):
            raise
        return explain_refusal(error, arguments, CONF)
    return None


@pytest.mark.parametrize(
    ("argument", "advice"),
    [
        ("epochs=3", "write trainer.epochs=3."),
        ("batch_size=8", "write trainer.batch_size=8."),
        ("device=cpu", "write trainer.device=cpu."),
        ("ckpt_path=a/b.pt", "write resume=a/b.pt."),
        ("optimzer.lr=1", "write optimizer.lr=1."),
        ("~trainer.epoch", "did you mean trainer.epochs?"),
        ("+trainer.epoch=3", "Did you mean trainer.epochs?"),
        ("loss.gamma=1", "this setting belongs to loss=focal. Add loss=focal."),
        ("model=resnet50", "write model=timm model.name=resnet50."),
        ("loss=focl", "Did you mean loss=focal?"),
        ("augment=[flips,sky]", "Write augment=sky, or, to try each of them, python run.py -m augment="),
        ("augment=flips,sky", "Write python run.py -m augment=flips,sky."),
        ("trainer=3", "Choose a file of conf/trainer/ as trainer=<name>."),
        ("trainer.epohcs=3", "did you mean trainer.epochs?"),
        ("experiment=null", "Choose a file of conf/experiment/"),
        ("loss=null", "Choose a file of conf/loss/ as loss=<name>."),
        ("seeds=3", "seeds=3: should be a list, such as [3]."),
        ("trainer.min_gain=0.1", "trainer.min_gain=0.1: renamed. Write trainer.min_delta=0.1."),
        ("+trainer.min_gain=0.1", "trainer.min_gain=0.1: renamed. Write trainer.min_delta."),
        ("evaluation.views=8", "Write evaluation.tta_views=8."),
        ("classify", "python run.py --help lists tasks and settings."),
        ("seed=${gone}", "Interpolation key 'gone' not found"),
        ("optimizer=Adam", "Did you mean optimizer=adam?"),
        ("loss=CrossEntropy", "Did you mean loss=ce?"),
        ("model=mobilenet_v3", "Did you mean model=mobilenetv3?"),
        ("data=a", "write dataset=image_folder dataset.root=a."),
        ("optimizer.learning_rate=1", "write optimizer.lr=1."),
        ("trainer.early_stopping=3", "write trainer.patience=3."),
        ("dropout=0.5", "write finetune.dropout=0.5 or model.dropout=0.5."),
        ("+lr=3", "write optimizer.lr=3."),
        ("--epochs=5", "without dashes. Write trainer.epochs=5."),
        ("--lr", "without dashes. Write optimizer.lr=<value>."),
        ("train", "Write task=train."),
        ("predict", "Write task=predict."),
        ("predict.input=new", "predict.input=new: this setting belongs to task=predict. Add task=predict."),
        ("lr", "Write optimizer.lr=<value>."),
        (" ", "An argument is blank."),
        ("hydra.run.dri=x", "python run.py --cfg hydra lists those of Hydra."),
    ],
)  # fmt: skip
def test_a_refused_argument_comes_with_a_correction(argument: str, advice: str) -> None:
    sentence = refusal(argument) or ""
    assert advice in sentence
    assert "\n" not in sentence
    assert "To append to your config" not in sentence


@pytest.mark.parametrize("argument", ["flux.b={x:1e-10}", "flux.b.x=1e-10"])
def test_a_new_entry_of_a_mapping_comes_with_the_argument_that_adds_it(argument: str) -> None:
    sentence = f"{argument}: flux.b has no entry x. Add it as +flux.b.x=<value>."
    assert refusal("flux=luptitudes", argument) == sentence
    assert refusal("flux=luptitudes", "+flux.b.x=1e-10") is None


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("--epochs", "5"), "--epochs: settings are given as <key>=<value>, without dashes. Write trainer.epochs=5."),
        (("--batch-size", "5"), "Write trainer.batch_size=5."),
        (("optimizer.lr", "=", "0.1"), "Write optimizer.lr=0.1."),
        (("optimizer.lr", "=0.1"), "Write optimizer.lr=0.1."),
        (("trainer.epochs=", "5"), "trainer.epochs= 5: no blank may follow =. Write trainer.epochs=5."),
        (("task", "crossval"), "Write task=crossval."),
        (("seed=1", "-m", "seed=2"), "seed=2: options are given before or after all settings"),
    ],
)  # fmt: skip
def test_words_and_options_are_answered_with_the_override(
    arguments: list[str], advice: str
) -> None:
    assert advice in (refusal(*arguments) or "")


@pytest.mark.parametrize(
    "argument", ["experiment=[]", "trainer.epochs=3", "~experiment", "model=timm"]
)
def test_valid_arguments_are_accepted(argument: str) -> None:
    assert refusal(argument) is None


def test_several_values_are_for_a_multirun() -> None:
    check_arguments(["-m", "augment=flips,sky", "hydra/sweeper=optuna"], CONF)
    check_arguments(["seed=1,2", "--multirun"], CONF)


def test_a_working_directory_that_hydra_would_resolve_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("$x {y}", "${x}"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "$x {y}")
    check_working_directory()
    monkeypatch.chdir(tmp_path / "${x}")
    with pytest.raises(UserError, match="Rename the folder, or start in another one"):
        check_working_directory()


SEEDS = (
    "seed=1", "seeds=[1,2]", "trainer.epochs=3", "model=cnn", "model.widths=[4,8]", "loss=focal",
    "loss.class_weights=balanced", "optimizer.lr=1e-3", "dataset.root='a b'", "augment=sky", "+a.b=1",
    "~augment", "++trainer.epochs=2", "dataset=catalog", "experiment=null", "resume=x", "task=train",
    "evaluation.threshold='precision >= 0.9'", "finetune=lora", "finetune.layers=[a.*]", "folds=3",
    "search.params={a:choice(1,2)}", "hydra.run.dir=x", "model.name=resnet18", "tracking.uri=null",
)  # fmt: skip
PIECES = (
    *"=~+@.,:;'\"[](){}$\\/ \t\n-0aé?*%#&|<>!`", "${", "}", "null", "true", "nan", "inf", "-1", "1e999", "9" * 30,
    "choice(", "range(1,3)", "interval(0,1)", "tag(a,1)", "shuffle(", "${oc.env:X}", "${seed}", "???", "[[", "{a:1}",
)  # fmt: skip


def mutate(rng: random.Random) -> str:
    """Return an override with up to four pieces added, left out, or taken from another one."""
    text = rng.choice(SEEDS)
    for _ in range(rng.randint(1, 4)):
        start = rng.randint(0, len(text))
        end = min(len(text), start + rng.choice((0, 0, 1, 3)))
        other = rng.choice(SEEDS)
        piece = rng.choice((rng.choice(PIECES), "", other[rng.randint(0, len(other)) :]))
        text = text[:start] + piece + text[end:]
    return text


@pytest.mark.slow
def test_no_override_ends_in_a_traceback() -> None:
    """ASTROCLF_FUZZED_OVERRIDES mutated texts are each composed and checked, or refused in one line."""
    rng = random.Random(0)
    for _ in range(FUZZED):
        text = mutate(rng)
        try:
            sentence = refusal(text)
        except (Exception, SystemExit) as error:
            pytest.fail(f"{text!r}: {type(error).__name__}: {error}")
        assert sentence is None or len(sentence) < 2000, text


def test_patterns_of_file_names_are_quoted_for_hydra() -> None:
    arguments = [
        "dataset.pattern=s-{band}-{id}.fits",
        "dataset.pattern='{id}'",
        "dataset.bands={g: 2}",
    ]
    assert quote_patterns(arguments) == ['dataset.pattern="s-{band}-{id}.fits"', *arguments[1:]]
