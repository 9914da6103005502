from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.kept_models import KeptModels, KeptTrial, write_kept_models
from astroclf.tasks.model_from.folders import bundles_in
from astroclf.tasks.model_from.sweeps import TopTrials, find_top


def write_sweep(
    folder: Path, ranking: Sequence[int], *, n_complete: int = 9, time: int = 1
) -> Path:
    """Write the folder of a search whose best trials are these, the best one first."""
    for number in ranking:
        bundle = folder / str(number) / "bundle"
        bundle.mkdir(parents=True)
        (bundle / "bundle.json").touch()
    trials = [KeptTrial(number=n, value=0.9 - n / 100) for n in ranking]
    kept = KeptModels(
        study=folder.name,
        objective="accuracy",
        n_complete=n_complete,
        n_kept=len(ranking),
        trials=trials,
        updated_ms=time,
    )
    write_kept_models(RunFolder(folder), kept)
    return folder


def top(name: str, outputs: Path) -> list[str]:
    parsed = TopTrials.parse(name)
    assert parsed is not None
    found = find_top(parsed, outputs, f"model_from={name}")
    return [str(path.relative_to(outputs / "sweeps")) for path, _ in found]


def test_top_is_of_the_latest_sweep_or_of_the_named_one(tmp_path: Path) -> None:
    write_sweep(tmp_path / "sweeps/old", [7, 0, 3], time=1)
    write_sweep(tmp_path / "sweeps/2026-01-01/10-00-00", [2, 1, 0], time=2)
    latest = "2026-01-01/10-00-00"
    assert top("top2", tmp_path) == [f"{latest}/2/bundle", f"{latest}/1/bundle"]
    assert top(f"{tmp_path}/sweeps/old/top1", tmp_path) == ["old/7/bundle"]


def test_the_reason_has_rank_and_value(tmp_path: Path) -> None:
    write_sweep(tmp_path / "sweeps/cnn", [7, 0])
    ((_, first), (_, second)) = find_top(TopTrials(2, None), tmp_path, "")
    assert first == "rank 1 of 9 complete trials of cnn: accuracy 0.83"
    assert second == "rank 2 of 9 complete trials of cnn: accuracy 0.9"


@pytest.mark.parametrize("name", ["top0", "top", "atop3", "top3/bundle", "last", "top-1"])
def test_other_names_are_no_top(name: str) -> None:
    assert TopTrials.parse(name) is None


def test_more_trials_than_there_are_are_refused(tmp_path: Path) -> None:
    write_sweep(tmp_path / "sweeps/cnn", [1, 0], n_complete=2)
    with pytest.raises(UserError, match=r"has 2 complete trials. Run more, or give top2"):
        top("top3", tmp_path)


def test_more_models_than_were_kept_are_refused(tmp_path: Path) -> None:
    write_sweep(tmp_path / "sweeps/cnn", [1, 0], n_complete=5)
    with pytest.raises(
        UserError, match=r"keeps the models of 2 trials. Search with search.keep_models=3"
    ):
        top("top3", tmp_path)


def test_a_trial_without_a_model_is_refused(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "sweeps/cnn", [1, 0])
    (folder / "0/bundle/bundle.json").unlink()
    assert top("top1", tmp_path) == ["cnn/1/bundle"]
    with pytest.raises(UserError, match=r"trial 0 of .* has no model: it was deleted"):
        top("top2", tmp_path)


def test_no_search_and_another_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no search in .*sweeps"):
        top("top3", tmp_path)
    with pytest.raises(UserError, match=r"is no folder of a search that keeps models"):
        top(f"{tmp_path}/top3", tmp_path)


def test_the_folder_of_a_search_alone_is_no_model(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "sweeps/cnn", [1, 0])
    with pytest.raises(UserError, match=r"is a search. Give .*/top1 for its best trial"):
        bundles_in(folder, "model_from=x")
