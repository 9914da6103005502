"""Atomic writes and CSV that is safe in a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf import files
from astroclf.files import (
    read_csv,
    read_json,
    readable_size,
    replace_file,
    replace_folder,
    spreadsheet_safe,
    user_path,
    write_csv,
    write_json,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    write_json(file, {"accuracy": 0.5})
    before = file.read_bytes()
    with pytest.raises(TypeError), replace_file(file) as stream:
        stream.writelines([b"half of", None])
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_json_is_read_as_utf_8_and_refused_if_cut(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    write_json(file, {"class": "étoile"})
    assert read_json(file) == {"class": "étoile"}
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(ValueError, match="Unterminated"):
        read_json(file)


def test_a_file_keeps_the_permissions_of_a_plain_write(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write_json(tmp_path / "atomic", {})
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@sum", "'@sum"),
        ("+1|cmd", "'+1|cmd"),
        ("-27.5", "-27.5"),
        (-27.5, -27.5),
        ("spiral", "spiral"),
        ("'quoted", "'quoted"),
        ("'=1", "''=1"),
    ],
)
def test_cells_that_a_spreadsheet_computes_are_neutralized(cell: object, safe: object) -> None:
    assert spreadsheet_safe(cell) == safe


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\x00")), min_size=1))
def test_csv_texts_survive_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "table.csv"
    write_csv(file, ["id"], [[text] for text in texts])
    assert [row["id"] for row in read_csv(file) if row] == texts


def test_a_path_of_a_user_has_its_home_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/o'brien/50% of #1?") == tmp_path / "o'brien/50% of #1?"
    assert user_path("data/~x") == Path("data/~x")
    for text, wanted in {
        "~nobody-of-that-name/x": "without ~, since that home directory is unknown",
        "": "not empty",
        "a\0b": "no zero byte",
        "\udce9toile": "names in UTF-8",
    }.items():
        with pytest.raises(ValueError, match=wanted):
            user_path(text)


@pytest.mark.parametrize("exchange", [True, False], ids=["in one step", "in two steps"])
def test_a_folder_is_replaced_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    for content in ("first", "second"):
        (tmp_path / "draft").mkdir()
        (tmp_path / "draft/weights").write_text(content)
        replace_folder(tmp_path / "draft", tmp_path / "bundle")
        (tmp_path / "bundle/notes of the user").write_text(content)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (tmp_path / "bundle/weights").read_text() == "second"
    assert (tmp_path / "bundle/notes of the user").read_text() == "second"


def test_files_that_the_new_folder_lacks_are_kept(tmp_path: Path) -> None:
    for name, content in (("bundle", "old"), ("draft", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(content)
    (tmp_path / "bundle/notes").write_text("of the user")
    replace_folder(tmp_path / "draft", tmp_path / "bundle")
    assert (tmp_path / "bundle/notes").read_text() == "of the user"
    assert (tmp_path / "bundle/weights").read_text() == "new"


def test_a_file_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "draft").mkdir()
    (tmp_path / "bundle").write_text("of the user")
    with pytest.raises(NotADirectoryError):
        replace_folder(tmp_path / "draft", tmp_path / "bundle")
    assert (tmp_path / "bundle").read_text() == "of the user"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (2_457_728, "2.46 MB"), (3_210_000_000, "3.21 GB")],
)
def test_sizes_are_shown_with_a_unit(size: int, text: str) -> None:
    assert readable_size(size) == text
