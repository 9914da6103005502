from __future__ import annotations

from typing import Any

import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import IntDistribution

from astroclf.errors import UserError
from astroclf.sweep.space.read import read_space
from astroclf.sweep.space.space import Space, difference
from astroclf.sweep.space.syntax import plain, written

LOSSES = {"loss": "choice(ce, focal)"}
GAMMA = {"loss=focal": {"loss.gamma": "interval(0.5, 3)"}}
RATE = "tag(log, interval(1e-4, 1e-2))"


def space(params: dict[str, Any], where: dict[str, dict[str, Any]] | None = None) -> Space:
    return read_space(params, where, [], {"loss": "ce"}.get)


def as_distinct(value: Any) -> Any:
    """Return a key that is equal for equal choices; 1, 1.0 and True are equal."""
    return str(value) if isinstance(value, list) else value


KEYS = st.from_regex(r"[a-z]{1,4}(\.[a-z_]{1,4}){0,2}", fullmatch=True)
CHOICES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=("Cs", "Cc")))
    | st.lists(st.integers() | st.text("ab ,='"), max_size=3)
)  # fmt: skip


@settings(max_examples=40)  # Hydra's parser takes its time
@given(
    st.dictionaries(KEYS, st.lists(CHOICES, min_size=2, max_size=4, unique_by=as_distinct)),
    st.integers(0, 11),
)
def test_a_job_reads_the_value_that_was_chosen(choices: dict[str, list[Any]], index: int) -> None:
    texts = {key: f"choice({','.join(map(written, values))})" for key, values in choices.items()}
    searched = space(texts)
    params = {
        key: distribution.choices[index % len(choices[key])]  # type: ignore[attr-defined]
        for key, distribution in searched.dimensions.items()
    }
    overrides = OverridesParser.create().parse_overrides(searched.overrides(params))
    read = {override.key_or_group: plain(override.value(), "") for override in overrides}
    assert read == {key: values[index % len(values)] for key, values in choices.items()}


def test_enqueued_parameters_are_suggested() -> None:
    searched = space(
        {**LOSSES, "a": "range(5)", "b": "range(0, 1, 0.1)", "c": "[1,2],[3]", "d": "null,1"}, GAMMA
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    first = study.ask()
    params = searched.suggest(first)
    assert params == first.params
    assert first.distributions.items() <= searched.dimensions.items()
    study.enqueue_trial(params)
    assert searched.suggest(study.ask()) == params


def test_a_grid_lists_every_value_as_optuna_holds_it() -> None:
    searched = space({"a": "range(1, 4)", "b": "range(0.1, 0.4, 0.1)", "c": "x,[1,2]", "d": 3})
    assert searched.grid() == {"a": [1, 2, 3], "b": [0.1, 0.2, 0.3], "c": ["x", "[1,2]"]}
    assert searched.grid_size == 18


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (({"lr": "interval(0, 1)"},), "cannot list lr=interval\\(0.0, 1.0\\): write choice"),
        (
            (LOSSES, {"loss=focal": {"a": "1,2"}}),
            "cannot list a, which applies only where loss=focal",
        ),
        (({"a": "range(1000)", "b": "range(1000)"},), "would have 1000000 points, and 100000 is"),
    ],
)
def test_a_space_without_a_grid_is_refused(args: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=f"^hydra/sweeper/sampler=grid {sentence}"):
        space(*args).grid()


def test_a_space_describes_itself_the_same_however_it_was_written() -> None:
    short = space({"lr": "tag(log,interval(1e-4,1e-2))", "n": "range(1,5)", **LOSSES}, GAMMA)
    long = space({"lr": RATE, "n": "int(interval(1, 4))", "loss": "ce,focal"}, GAMMA)
    assert short.describe() == long.describe() == {
        "lr": "tag(log, interval(0.0001, 0.01))",
        "n": "range(1, 5)",
        "loss": "choice(ce, focal)",
        "loss.gamma": "interval(0.5, 3.0) where loss=focal",
    }  # fmt: skip
    assert short.dimensions["n"] == IntDistribution(1, 4)


def test_a_difference_lists_new_changed_and_missing_keys() -> None:
    stored = {"loss": "choice(ce, focal)", "model.dropout": "interval(0, 1)", "a": "range(1, 5)"}
    now = {"optimizer.lr": RATE, "a": "range(1, 5)", "loss": "choice(ce, bce)"}
    assert difference(stored, now) == (
        "optimizer.lr is new, loss was choice(ce, focal) and is choice(ce, bce), model.dropout is gone"
    )
    assert difference(stored, dict(reversed(stored.items()))) == ""
