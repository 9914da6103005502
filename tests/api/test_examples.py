"""The examples of the public docstrings, run in an empty folder."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import astroclf

# Later examples use the run folder of the first one.
EXAMPLES = (
    "train",
    "load",
    "predict",
    "Model.predict",
    "evaluate",
    "Model.evaluate",
    "compare",
    "read_dataset",
    "inspect",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the working directory of all examples."""
    return tmp_path_factory.mktemp("examples")


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_a_docstring(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = getattr(astroclf, name.split(".")[0])
    found = getattr(found, name.split(".")[1]) if "." in name else found
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    (example,) = [
        each for each in doctest.DocTestFinder(recurse=False).find(found, name) if each.examples
    ]
    output: list[str] = []
    runner.run(example, out=output.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(output)
