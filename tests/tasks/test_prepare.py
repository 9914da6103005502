"""Tests of astroclf.tasks.prepare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.files import read_csv
from fixtures.archive_server import Archive, content_of, drop_after, serve_archive
from fixtures.sdss_archive import write_archive
from fixtures.simulated_frames import Sky

Run = Callable[..., Any]
SDSS = (
    "dataset=sdss_frames", "dataset.root=sdss", "tracking=none",
    "dataset.fields=[80,103,120]", "dataset.val_fields=[120]", "dataset.test_fields=[80]",
)  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[int, Sky]]:
    root = tmp_path_factory.mktemp("archive")
    skies = write_archive(root, (80, 103, 120))
    return content_of(root), skies


def prepare(run_here: Run, server: str, *overrides: str) -> str:
    ran = run_here(
        "task=prepare", *SDSS, f"prepare.server={server}", "prepare.backoff_s=0.01", *overrides
    )
    assert ran.code in (0, None), ran.err
    return ran.out + ran.err  # type: ignore[no-any-return]


def test_missing_and_damaged_files_are_downloaded_and_all_others_kept(
    archive: tuple[dict[str, bytes], Any], run_here: Run, tmp_path: Path
) -> None:
    files, root = archive[0], tmp_path / "sdss"
    name = next(name for name in files if "frame-r" in name)
    served = Archive(files, {name: [drop_after(1000)]})
    with serve_archive(served) as server:
        prepare(run_here, server, "hydra.run.dir=first")
        found = content_of(root)
        del found["SHA256SUMS"]
        assert found == files
        assert served.count()[name] == 2
        assert served.count().total() == len(files) + 1
        (root / name).write_bytes(b"changed")
        served.requests.clear()
        written = prepare(run_here, server, "hydra.run.dir=second")
        assert served.requests == [(name, None)]
    assert "1 file below sdss differ" in written.replace("differs", "differ")
    assert (root / name).read_bytes() == files[name]


def test_files_are_listed_with_their_places(run_here: Run) -> None:
    written = prepare(run_here, "http://mirror", "prepare.download=false")
    path = "frames/301/8162/6/frame-u-008162-6-0103.fits.bz2"
    assert f"http://mirror/{path} -> sdss/{path}" in written
    assert "18 files of 18 to download" in written


def test_other_sources_have_nothing_to_download(run_here: Run) -> None:
    ran = run_here("task=prepare", "tracking=none")
    assert ran.code == 2
    assert "dataset=simulated: task=prepare has nothing to download" in ran.err


def test_prepared_fields_train_a_network_that_answers_for_coordinates(
    archive: tuple[dict[str, bytes], dict[int, Sky]], run_here: Run, tmp_path: Path
) -> None:
    """The whole way: download, cut, train, and predict positions of another field."""
    files, skies = archive
    with serve_archive(Archive(files)) as server:
        prepare(run_here, server)
    ran = run_here(
        *SDSS, "trainer=smoke", "model.widths=[4]", "model.hidden_units=[4]", "flux=luptitudes",
        "hydra.run.dir=run",
    )  # fmt: skip
    assert ran.code in (0, None), ran.err
    rows = [f"{ra},{dec}" for ra, dec in skies[80].sky_deg[:4].tolist()]
    (tmp_path / "coordinates.csv").write_text("ra,dec\n" + "\n".join([*rows, "10,10"]) + "\n")
    ran = run_here(
        "task=predict", "model_from=run", "predict.input=coordinates.csv", "hydra.run.dir=answers",
        "tracking=none",
    )  # fmt: skip
    assert ran.code in (0, None), ran.err
    answers = read_csv(tmp_path / "answers/predictions.csv")
    labels = [row["predicted"] if "predicted" in row else row["label"] for row in answers]
    assert [label in ("star", "galaxy") for label in labels] == [True] * 4 + [False]
