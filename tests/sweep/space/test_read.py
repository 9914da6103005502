from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FixedTrial

from astroclf.errors import UserError
from astroclf.sweep.space.read import read_space
from astroclf.sweep.space.space import Space

CONFIG = {
    "loss": "ce",
    "finetune": "full",
    "trainer.epochs": "10",
    "trainer.grad_clip_norm": "None",
}
LOSSES = {"loss": "choice(ce, focal)"}
GAMMA = {"loss=focal": {"loss.gamma": "interval(0.5, 3)"}}
RATE = "tag(log, interval(1e-4, 1e-2))"


def space(
    params: dict[str, Any] | None = None,
    where: dict[str, dict[str, Any]] | None = None,
    *overrides: str,
) -> Space:
    return read_space(params, where, overrides, CONFIG.get)


def refusal(*args: Any) -> str:
    with pytest.raises(UserError) as refused:
        space(*args)
    return str(refused.value)


def suggest(searched: Space, **params: Any) -> dict[str, Any]:
    return searched.suggest(FixedTrial({key.replace("__", "."): v for key, v in params.items()}))


def test_a_search_file_has_searched_and_fixed_keys() -> None:
    searched = space({"optimizer.lr": RATE, "loss": "ce,focal", "seed": 3, "model": "choice(cnn)"})
    assert searched.dimensions == {
        "optimizer.lr": FloatDistribution(1e-4, 1e-2, log=True),
        "loss": CategoricalDistribution(["ce", "focal"]),
    }
    assert searched.fixed == {"seed": "seed=3", "model": "model=cnn"}
    assert searched.overrides({"optimizer.lr": 1e-3, "loss": "focal"}) == [
        "seed=3", "model=cnn", "optimizer.lr=0.001", "loss=focal",
    ]  # fmt: skip


@pytest.mark.parametrize("overrides", [[], ["model=cnn", "~scheduler"]])
def test_a_space_may_be_empty(overrides: list[str]) -> None:
    searched = space(None, None, *overrides)
    assert searched.is_empty
    assert searched.overrides({}) == overrides
    assert searched.suggest(FixedTrial({})) == {}


def test_the_command_line_overrides_the_file() -> None:
    params = {"optimizer.lr": RATE, "loss": "ce,focal", "a.b": "range(5)", "c": "1,2", "d": "1,2"}
    searched = space(
        params, None, "optimizer.lr=interval(0,1)", "loss=bce", "+a.b=1", "~c", "e=1,2"
    )
    assert searched.dimensions == {
        "optimizer.lr": FloatDistribution(0, 1),
        "d": CategoricalDistribution([1, 2]),
        "e": CategoricalDistribution([1, 2]),
    }
    assert list(searched.fixed.values()) == ["loss=bce", "+a.b=1", "~c"]


def test_the_last_override_of_a_key_counts() -> None:
    assert space(None, None, "a=1,2", "a=3").fixed == {"a": "a=3"}
    assert list(space(None, None, "a=3", "a=1,2").dimensions) == ["a"]


def test_a_key_that_is_added_stays_so_for_the_job() -> None:
    searched = space({"+a.b": "interval(0, 1)", "++c": "1,2"}, None)
    assert searched.overrides({"a.b": 0.5, "c": 1}) == ["+a.b=0.5", "++c=1"]


def test_a_conditional_dimension_applies_where_its_condition_holds() -> None:
    searched = space({**LOSSES, "seed": "range(3)"}, GAMMA)
    assert list(searched.dimensions) == ["loss", "seed", "loss.gamma"]
    assert suggest(searched, loss="ce", seed=0) == {"loss": "ce", "seed": 0}
    focal = suggest(searched, loss="focal", seed=0, loss__gamma=2.0)
    assert searched.overrides(focal) == ["loss=focal", "seed=0", "loss.gamma=2.0"]


@pytest.mark.parametrize(
    ("params", "overrides", "applies"),
    [
        ({}, [], False),  # as the configuration has it
        ({"loss": "focal"}, [], True),
        ({}, ["loss=focal"], True),
        (LOSSES, ["loss=focal"], True),
        (LOSSES, ["loss=bce"], False),
        (LOSSES, ["loss=ce,bce"], False),
        (LOSSES, ["~loss"], False),
    ],
)
def test_a_condition_that_no_trial_changes_is_decided_at_once(
    params: dict[str, Any], overrides: list[str], applies: bool
) -> None:
    searched = space(params, GAMMA, *overrides)
    assert ("loss.gamma" in searched.dimensions) == applies
    if applies:
        assert searched.describe()["loss.gamma"] == "interval(0.5, 3.0)"


def test_conditional_params_replace_general_ones() -> None:
    where = {
        "finetune=full": {"optimizer.lr": "interval(0, 1)"},
        "finetune=lora,classifier": {"optimizer.lr": "interval(0, 2)"},
    }
    params = {"optimizer.lr": "interval(0, 3)"}
    assert space(params, where).dimensions == {"optimizer.lr": FloatDistribution(0, 1)}
    lora = space(params, where, "finetune=lora")
    assert lora.dimensions == {"optimizer.lr": FloatDistribution(0, 2)}
    frozen = space(params, where, "finetune=frozen")
    assert frozen.dimensions == {"optimizer.lr": FloatDistribution(0, 3)}


def test_conditions_may_depend_on_each_other_in_any_order() -> None:
    where = {
        "loss.form=sigmoid": {"loss.alpha": "interval(0.1, 0.9)"},
        "loss=focal": {"loss.form": "sigmoid,softmax"},
    }
    searched = space(LOSSES, where)
    assert list(searched.dimensions) == ["loss", "loss.form", "loss.alpha"]
    assert suggest(searched, loss="ce") == {"loss": "ce"}
    assert len(suggest(searched, loss="focal", loss__form="softmax")) == 2
    assert len(suggest(searched, loss="focal", loss__form="sigmoid", loss__alpha=0.5)) == 3
    commanded = space(LOSSES, where, "loss.alpha=range(3)", "loss=focal,ce")
    assert list(commanded.dimensions) == ["loss", "loss.form", "loss.alpha"]


def test_one_key_may_apply_in_several_places() -> None:
    gamma = {"loss.gamma": "interval(0.5, 3)"}
    searched = space({"loss": "ce,focal,poly"}, {"loss=focal": gamma, "loss=poly": gamma})
    assert searched.describe()["loss.gamma"] == "interval(0.5, 3.0) where loss=focal or loss=poly"
    assert "loss.gamma" in suggest(searched, loss="poly", loss__gamma=1.0)
    assert "loss.gamma" not in suggest(searched, loss="ce")


def test_a_single_value_may_be_conditional() -> None:
    searched = space(LOSSES, {"loss=focal": {"trainer.epochs": 20}})
    assert suggest(searched, loss="ce") == {"loss": "ce"}
    chosen = suggest(searched, loss="focal", trainer__epochs=20)
    assert searched.overrides(chosen) == ["loss=focal", "trainer.epochs=20"]


def test_a_condition_on_numbers_and_null_is_one_on_their_values() -> None:
    where = {"a=2": {"b": "1,2"}, "trainer.epochs=10": {"c": "1,2"}, "d=null": {"e": "1,2"}}
    searched = space({"a": "range(4)", "d": "null,0.5"}, where)
    assert list(searched.dimensions) == ["a", "d", "c", "b", "e"]
    assert set(suggest(searched, a=2, b=1, c=1, d=None, e=1)) == set("abcde")
    assert set(suggest(searched, a=1, c=1, d=0.5)) == set("acd")


def test_a_sweep_of_the_command_line_keeps_the_condition_of_the_file() -> None:
    searched = space(LOSSES, GAMMA, "loss.gamma=range(4)")
    assert searched.describe()["loss.gamma"] == "range(0, 4) where loss=focal"
    # Where the file's condition cannot hold, the user is taken at their word.
    assert space(None, GAMMA, "loss.gamma=range(4)").describe() == {"loss.gamma": "range(0, 4)"}
    assert space(LOSSES, GAMMA, "loss.gamma=2").fixed == {"loss.gamma": "loss.gamma=2"}


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (
            (LOSSES, {**GAMMA, "loss=ce": {"loss.gamma": "interval(0, 1)"}}),
            "loss.gamma would be interval(0.5, 3.0) where loss=focal, and interval(0.0, 1.0) where loss=ce: "
            "in one search a key has one distribution, so write the same in both places.",
        ),
        (
            ({**LOSSES, "loss.gamma": "interval(0, 1)"}, GAMMA),
            "loss.gamma would be interval(0.0, 1.0), and interval(0.5, 3.0) where loss=focal: "
            "in one search a key has one distribution, so write the same in both places.",
        ),
        (
            (LOSSES, {"los=focal": {"loss.gamma": "interval(0, 1)"}}),
            "where: los=focal depends on los, which is neither searched nor a key of the configuration: "
            "write a key as on the command line.",
        ),
        (
            ({}, {"a=1": {"b": "1,2"}, "b=1": {"a": "1,2"}}),
            "where: a=1 and b=1 depend on each other. Let one of their keys always apply.",
        ),
        (
            ({"lr": "interval(0, 1)"}, {"lr=0.5": {"a": "1,2"}}),
            "where: lr=0.5 depends on lr=interval(0.0, 1.0), which takes no value twice. "
            "Search it over choice(...) or range(...), or drop the condition.",
        ),
        (
            ({}, {"loss=ce": "loss.gamma"}),
            "where: loss=ce of a search holds loss.gamma: write keys and their values.",
        ),
        (
            (["a"],),
            "params of a search holds ['a']: write keys and their values.",
        ),
        (
            ({"a": "interval(0, 1"},),
            "a=interval(0, 1 cannot be read. Write a value, choice(a, b), range(1, 5), "
            "interval(0, 1) or tag(log, interval(1e-4, 1e-2)) after a=; a text with brackets or signs such as "
            "~ = & ; # > ? needs quotes, as in a='\"a (b)\"'.",
        ),
    ],
)
def test_an_invalid_space_is_refused_in_a_sentence(args: Any, sentence: str) -> None:
    assert refusal(*args) == sentence
