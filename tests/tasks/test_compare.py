"""task=compare on made-up predictions, and on two small trainings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.files import read_csv
from astroclf.runs.comparison import StoredComparison, read_comparison
from astroclf.runs.folder import RunFolder
from fixtures.compared_runs import make_predictions, write_folds, write_run, write_seeds

Train = Callable[..., Path]


@pytest.fixture
def compare(train_run: Train) -> Callable[..., Path]:
    """compare(*folders, overrides): the folder of the comparison."""

    def run(*folders: RunFolder | Path, overrides: tuple[str, ...] = ()) -> Path:
        names = ",".join(
            str(each.path if isinstance(each, RunFolder) else each) for each in folders
        )
        return train_run(
            "task=compare", f"compare.runs=[{names}]", "compare.gallery=false", *overrides
        )

    return run


def stored(folder: Path) -> StoredComparison:
    return read_comparison(RunFolder(folder))


def test_two_runs_leave_a_table_a_file_and_a_page(
    compare: Callable[..., Path], tmp_path: Path, read_page: Any
) -> None:
    one = write_run(tmp_path / "one", make_predictions(0.5))
    other = write_run(tmp_path / "other", make_predictions(2.5))
    folder = compare(one, other)
    found = stored(folder)
    assert [run.letter for run in found.runs] == ["A", "B"]
    assert (found.n_images, found.n_tests) == (120, 8)
    assert found.verdicts[0].startswith("B (")
    assert found.agreement[0].only_b > found.agreement[0].only_a
    rows = read_csv(folder / "compare.csv")
    assert len(rows) == len(found.differences)
    assert rows[0]["metric"] == "accuracy"
    assert float(rows[0]["difference"]) == found.differences[0].difference
    page = read_page(folder / "compare.html")
    assert page.sections == ["runs", "A-B", "curves"]
    assert found.verdicts[0] in page.text
    assert {"roc_star.svg", "reliability.pdf"} <= {
        each.name for each in (folder / "figures").iterdir()
    }


def test_seeds_folds_and_single_runs_are_compared_together(
    compare: Callable[..., Path], tmp_path: Path, read_page: Any
) -> None:
    single = write_run(tmp_path / "single", make_predictions(1))
    seeds = write_seeds(tmp_path / "seeds", [make_predictions(1.5, seed=s) for s in (1, 2, 3)])
    folds, other = write_folds(tmp_path / "folds", 1), write_folds(tmp_path / "more", 2)
    folder = compare(single, seeds, folds, other)
    found = stored(folder)
    assert len(found.verdicts) == 6
    assert {(each.a, each.b) for each in found.folds} == {("C", "D")}
    assert "thin lines are the seeds or folds of one run" in read_page(folder / "compare.html").text


def test_votes_have_a_page_of_answers(
    compare: Callable[..., Path], tmp_path: Path, read_page: Any
) -> None:
    from dataclasses import replace

    runs = []
    for quality in (0.5, 2.0):
        predictions = make_predictions(quality)
        votes = 0.1 + 0.8 * (predictions.truth[:, None] == [0, 1])
        runs.append(write_run(tmp_path / str(quality), replace(predictions, votes=votes)))
    page = read_page(compare(*runs) / "compare.html")
    assert "in rmse" in page.text
    assert "Per answer" in page.text


def test_accuracy_is_compared_along_a_magnitude(
    compare: Callable[..., Path], tmp_path: Path, read_page: Any
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("id,mag\n" + "".join(f"image-{k},{15 + k / 24}\n" for k in range(120)))
    runs = [write_run(tmp_path / str(q), make_predictions(q)) for q in (0.5, 2.5)]
    bins = (
        f"evaluation.metadata={table}",
        "evaluation.metadata_id=id",
        "evaluation.bin_columns=[mag]",
        "evaluation.bins=3",
    )
    folder = compare(*runs, overrides=bins)
    binned = [each for each in stored(folder).differences if each.of == "bin"]
    assert [each.n_images for each in binned] == [40, 40, 40]
    assert binned[0].subset.startswith("mag 15 to ")
    assert "Along columns of the metadata" in read_page(folder / "compare.html").text


def test_names_of_classes_are_escaped_in_the_page(
    compare: Callable[..., Path], tmp_path: Path
) -> None:
    classes = ("<script>alert(1)</script>", "$star_")
    runs = [write_run(tmp_path / str(q), make_predictions(q, classes=classes)) for q in (1, 2)]
    page = (compare(*runs) / "compare.html").read_text()
    assert "<script" not in page


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("compare.metrics=[speed]",), "compare.metrics=speed: there is no test of it"),
        (("compare.metrics=[ece]",), "compare.metrics=ece: there is no test of it"),
    ],
)
def test_metrics_without_a_test_are_refused(
    compare: Callable[..., Path], tmp_path: Path, overrides: tuple[str, ...], message: str
) -> None:
    runs = [write_run(tmp_path / str(q), make_predictions(q)) for q in (1, 2)]
    with pytest.raises(UserError, match=message):
        compare(*runs, overrides=overrides)


def test_one_run_is_refused_when_the_settings_are_read(refusal: Callable[..., str]) -> None:
    assert "there is nothing to compare" in refusal("task=compare", "compare.runs=[a]")
    both = refusal("task=compare", "compare.runs=[a,b]", "compare.mlflow_experiment=c")
    assert "both name runs" in both


def test_trainings_are_compared_with_their_images_and_settings(
    train_run: Train, read_page: Any
) -> None:
    small = ("model.widths=[4,4]", "model.hidden_units=[8]", "evaluation.report=false")
    runs = [train_run(*small, f"trainer.epochs={epochs}") for epochs in (1, 2)]
    names = ",".join(map(str, runs))
    folder = train_run("task=compare", f"compare.runs=[{names}]")
    page = read_page(folder / "compare.html")
    assert "trainer.epochs" in page.text
    assert "passes over the training images" in page.text
    assert "A is right, B is wrong" in page.text
