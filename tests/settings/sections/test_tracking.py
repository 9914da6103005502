from __future__ import annotations

from collections.abc import Callable

from astroclf.settings import Settings, sections


def test_numeric_names_are_texts(settings: Callable[..., Settings]) -> None:
    tracking = settings(
        "tracking=mlflow", "tracking.experiment=2026", "tracking.run_name=7"
    ).tracking
    assert isinstance(tracking, sections.Mlflow)
    assert (tracking.experiment, tracking.run_name) == ("2026", "7")


def test_an_untracked_run_has_no_further_keys(refusal: Callable[..., str]) -> None:
    sentence = refusal("tracking=none", "+tracking.uri=x")
    assert sentence == "tracking.uri=x: not a setting of this tracking."
