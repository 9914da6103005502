from __future__ import annotations

from pathlib import Path

from astroclf.runs.folder import RunFolder
from astroclf.tasks.comparison.compared_run import ComparedRun
from astroclf.tasks.comparison.settings_table import differing_settings, meaning_of


def run_of(**config: object) -> ComparedRun:
    dotted = {key.replace("__", "."): value for key, value in config.items()}
    return ComparedRun("a", RunFolder(Path("a")), [], "one training", config=dotted)


def test_settings_that_differ_are_listed_with_their_meaning() -> None:
    rows = differing_settings(
        [
            run_of(trainer__epochs=2, seed=0, loss__name="ce", paths__outputs="a"),
            run_of(
                trainer__epochs=6, seed=0, loss__name="focal", loss__gamma=2.0, paths__outputs="b"
            ),
        ]
    )
    assert {row.key: row.values for row in rows} == {
        "trainer.epochs": ("2", "6"),
        "loss.name": ("ce", "focal"),
        "loss.gamma": ("–", "2.0"),
    }
    assert rows[0].meaning == "passes over the training images"


def test_a_run_without_stored_settings_leaves_no_table() -> None:
    unknown = ComparedRun("b", RunFolder(Path("b")), [], "evaluation of a trained model")
    assert differing_settings([run_of(seed=1), unknown]) == []


def test_unknown_keys_have_no_meaning() -> None:
    assert meaning_of("kwargs.own.key") == ""
    assert meaning_of("seed").startswith("of initial weights")
