from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.sweep.storage import open_storage


def test_errors_contain_no_password(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be reached") as refused:
        open_storage("nonsense+driver://me:secret@host/db", tmp_path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["~/a.journal", "sqlite:///~/a.db"])
def test_the_home_directory_is_expanded_in_a_storage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    home = tmp_path / "a home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    open_storage(address, tmp_path).get_all_studies()
    assert (home / address.rpartition("/")[2]).exists()
