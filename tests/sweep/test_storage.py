from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.sweep.storage import open_storage, without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("sqlite:///a@b.db", "sqlite:///a@b.db"),
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgresql://me:secret@host:5432/db", "postgresql://me@host:5432/db"),
        ("postgresql://me:p@ss:word@host/db", "postgresql://me@host/db"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_a_refusal_does_not_tell_the_password(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be reached") as refused:
        open_storage("nonsense+driver://me:secret@host/db", tmp_path)
    assert "secret" not in str(refused.value)
