from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.sweep.space.parameters import as_text, linear_ticks, log_ticks


def test_parameters_have_their_values_among_the_trials(content):
    found = {parameter.name: parameter for parameter in content.parameters}
    assert list(found) == [
        "optimizer.lr", "loss", "augment", "finetune.rank", "model.dropout", "loss.gamma"
    ]  # fmt: skip
    rates = [trial.params["optimizer.lr"] for trial in content.trials if trial.params]
    assert (found["optimizer.lr"].low, found["optimizer.lr"].high) == (min(rates), max(rates))
    assert found["optimizer.lr"].is_log
    assert not found["finetune.rank"].is_log
    assert found["finetune.rank"].is_integer
    assert found["augment"].categories == ("null", "flips", "a_<long>_$name$")
    assert [parameter.name for parameter in content.varying] == [
        name for name in found if name != "model.dropout"
    ]


def test_places_are_between_the_ends_of_the_axis(content):
    for parameter in content.parameters:
        places = [
            parameter.place(parameter.number(trial.params[parameter.name]))
            for trial in content.trials
            if parameter.name in trial.params
        ]
        assert min(places) >= 0
        assert max(places) <= 1
        if parameter.n_tried > 1 and not parameter.categories:
            assert (min(places), max(places)) == pytest.approx((0, 1))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (True, "true"), (3, "3"), (64.0, "64"), (0.00001, "1e-5"), (1e-3, "0.001"),
        (123456.7, "1.235e5"), (0.123456, "0.1235"), ("sky", "sky"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_on_the_command_line(value, text):
    assert as_text(value) == text


def test_ticks_are_round_or_else_the_bounds():
    assert log_ticks(1e-5, 1e-1) == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    assert log_ticks(2, 32) == [2, 5, 10, 20]
    assert log_ticks(0.0021, 0.0022) == [0.0021, 0.0022]
    assert linear_ticks(2, 9, integers=True) == [2, 4, 6, 8]


@given(st.floats(1e-12, 1e12), st.floats(1, 1e12))
def test_ticks_stay_on_the_axis(low, factor):
    high = low * factor
    for ticks in (log_ticks(low, high), linear_ticks(low, high)):
        assert 1 <= len(ticks) <= 8
        assert min(ticks) >= low * 0.999
        assert max(ticks) <= high * 1.001
