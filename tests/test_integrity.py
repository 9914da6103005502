from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from astroclf import integrity
from astroclf.integrity import (
    ChecksummedWriter,
    describe_damage,
    hash_bytes,
    hash_file,
    hash_sample,
    read_trailer,
    sign,
    verify_signed,
)


def test_the_checksum_is_blake2b_of_128_bits(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    known = "cf4ab791c62b8d2b2109c90275287816"  # b2sum -l 128
    assert hash_file(tmp_path / "file") == hash_bytes(b"a", b"bc") == known


def test_a_sample_covers_the_size_the_first_and_the_last_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "READ_WHOLE_BYTES", 1000)
    monkeypatch.setattr(integrity, "BLOCK_BYTES", 16)
    monkeypatch.setattr(integrity, "SAMPLED_BLOCKS", 8)
    file = tmp_path / "file"
    whole = bytes(range(256)) * 8

    def sample(content: bytes) -> str:
        file.write_bytes(content)
        return hash_sample(file)

    expected = sample(whole)
    assert sample(b"x" + whole[1:]) != expected
    assert sample(whole[:-1] + b"x") != expected
    assert sample(whole[:1024] + bytes(1024)) != expected
    assert sample(whole + whole[-16:]) != expected
    assert sample(whole[:100] + b"x" + whole[101:]) == expected  # between two blocks
    assert sample(whole) == expected


def test_a_small_file_is_read_whole(tmp_path: Path) -> None:
    found = set()
    for position in range(300):
        content = bytearray(300)
        content[position] = 1
        (tmp_path / "file").write_bytes(content)
        found.add(hash_sample(tmp_path / "file"))
    assert len(found) == 300


def test_a_trailer_detects_changed_content(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("wb") as stream:
        writer = ChecksummedWriter(stream)
        writer.write(b"some ")
        writer.write(b"content")
        writer.write_trailer()
    assert read_trailer(file) is True
    whole = file.read_bytes()
    assert whole.startswith(b"some content\nastroclf blake2b ")
    file.write_bytes(b"Some" + whole[4:])
    assert read_trailer(file) is False
    for without in (b"", b"some content", whole[:-1], whole + b"x"):
        file.write_bytes(without)
        assert read_trailer(file) is None


def test_signed_content_survives_json_and_no_value_can_be_altered() -> None:
    content = {"b": [1, 2.5, np.float32(0.1), math.nan], "a": {"name": "Zwicky \u00e9"}, "c": None}
    stored = json.loads(json.dumps(sign(content)))
    plain = verify_signed(stored)
    assert plain["a"] == content["a"]
    assert plain["b"][:3] == [1, 2.5, float(np.float32(0.1))]
    for key, value in (("c", 0), ("b", [1, 2.5]), ("a", {}), ("d", None)):
        with pytest.raises(ValueError, match="does not match its checksum"):
            verify_signed({**stored, key: value})
    for unsigned in ({"a": 1}, [], None):
        with pytest.raises(ValueError, match="no checksum"):
            verify_signed(unsigned)


def test_damage_is_described_in_one_line() -> None:
    class Model(BaseModel):
        rows: list[int]

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"rows": [1, "x"]})
    assert describe_damage(caught.value) == (
        "rows.1: input should be a valid integer, unable to parse string as an integer"
    )
    assert describe_damage(ValueError("two\nlines")) == "two lines"
