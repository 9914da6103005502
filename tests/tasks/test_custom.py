from __future__ import annotations

from pathlib import Path
from typing import Any

from astroclf.tasks.run import open_run
from astroclf.tasks.task import run_task

OWN = ("task=custom", "task.target=fixtures.own_options.count_images")


def test_the_target_is_called_with_the_run_and_kwargs(settings: Any, tmp_path: Path) -> None:
    result = run_task(open_run(settings(*OWN, "+task.kwargs.path=n.txt"), tmp_path))
    assert (tmp_path / "n.txt").read_text() == "64"
    assert result == {"loss": 64.0}


def test_an_unknown_argument_is_refused_before_the_task(refusal: Any) -> None:
    sentence = refusal(*OWN, "+task.kwargs.file=n.txt")
    assert sentence.startswith("task.kwargs={'file': 'n.txt'}: got an unexpected keyword argument")
