from __future__ import annotations

from collections.abc import Callable

from astroclf.settings import Settings, sections


def test_numeric_names_are_texts(settings: Callable[..., Settings]) -> None:
    tracking = settings(
        "tracking=mlflow", "tracking.experiment=2026", "tracking.run_name=7"
    ).tracking
    assert isinstance(tracking, sections.Mlflow)
    assert (tracking.experiment, tracking.run_name) == ("2026", "7")


def test_only_a_logged_model_is_registered(
    settings: Callable[..., Settings], refusal: Callable[..., str]
) -> None:
    logged = ("tracking=mlflow", "tracking.log_model=true")
    tracking = settings(*logged, "tracking.register=sdss stars").tracking
    assert isinstance(tracking, sections.Mlflow)
    assert tracking.register == "sdss stars"
    sentence = refusal("tracking=mlflow", "tracking.register=stars")
    assert sentence.startswith(
        "tracking.register=stars: only a logged model can be registered. Set"
    )
    assert "a name without / : and '" in refusal(*logged, "tracking.register=a/b")


def test_an_untracked_run_has_no_further_keys(refusal: Callable[..., str]) -> None:
    sentence = refusal("tracking=none", "+tracking.uri=x")
    assert sentence == "tracking.uri=x: not a setting of this tracking."
