"""Checksums of files and of JSON content (BLAKE2b, 128 bits), and the wording of damage.

Damage raises ValueError with a short reason, as in `json` and `pydantic`. The caller adds the path
and the remedy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from astroclf.errors import one_line

CHECKSUM = "checksum"  # the key that `sign` adds
TRAILER = b"\nastroclf blake2b "  # precedes the checksum at the end of a file
TRAILER_BYTES = len(TRAILER) + 33  # with 32 hexadecimal digits and a newline
CHUNK_BYTES = 1 << 20
SAMPLED_BLOCKS, BLOCK_BYTES = 256, 1 << 16  # of a file that is too large to be read as a whole
READ_WHOLE_BYTES = 64 << 20


def hash_bytes(*parts: bytes) -> str:
    """Return the checksum of bytes as 32 hexadecimal digits."""
    return _blake2b(parts).hexdigest()


def hash_file(path: Path) -> str:
    """Return the checksum of a file. Raises OSError if it cannot be read."""
    with path.open("rb") as stream:
        return _blake2b(_chunks(stream, path.stat().st_size)).hexdigest()


def hash_sample(path: Path) -> str:
    """Return a checksum of the size of a file and of its content, in bounded time.

    Files above `READ_WHOLE_BYTES` are sampled: 256 blocks of 64 KiB, evenly spaced from the first
    to the last byte. Raises OSError if the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        parts = _chunks(stream, size) if size <= READ_WHOLE_BYTES else _sample(stream, size)
        return _blake2b((f"{size} ".encode(), *parts)).hexdigest()


def _sample(stream: IO[bytes], size: int) -> Iterator[bytes]:
    for block in range(SAMPLED_BLOCKS):
        stream.seek((size - BLOCK_BYTES) * block // (SAMPLED_BLOCKS - 1))
        yield stream.read(BLOCK_BYTES)


def _chunks(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := stream.read(min(size, CHUNK_BYTES))):
        size -= len(chunk)
        yield chunk


def _blake2b(parts: Any) -> hashlib.blake2b:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest


class ChecksummedWriter:
    """Binary stream for writing that appends the checksum of its content.

    failure: the OSError of a write, which `torch.save` replaces by a RuntimeError of its own.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.failure: OSError | None = None
        self._stream = stream
        self._digest = hashlib.blake2b(digest_size=16)

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        try:
            return self._stream.write(data)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        self._stream.flush()

    def write_trailer(self) -> None:
        """Write the checksum; nothing may be written after it."""
        self._stream.write(TRAILER + self._digest.hexdigest().encode() + b"\n")


def read_trailer(path: Path) -> bool | None:
    """Return whether a file matches the checksum at its end, or None if it has none.

    Raises OSError if the file cannot be read.
    """
    size = path.stat().st_size - TRAILER_BYTES
    if size < 0:
        return None
    with path.open("rb") as stream:
        stream.seek(size)
        trailer = stream.read()
        if not trailer.startswith(TRAILER):
            return None
        stream.seek(0)
        checksum = _blake2b(_chunks(stream, size)).hexdigest()
    return trailer == TRAILER + checksum.encode() + b"\n"


def sign(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content as plain JSON with its checksum; numpy numbers become floats."""
    plain = json.loads(json.dumps(content, default=float))
    return {**plain, CHECKSUM: _hash_json(plain)}


def verify_signed(content: Any) -> dict[str, Any]:
    """Return the content given to `sign`. Raises ValueError if it is damaged."""
    if not isinstance(content, dict) or CHECKSUM not in content:
        raise ValueError("it holds no checksum")
    plain = {key: value for key, value in content.items() if key != CHECKSUM}
    if content[CHECKSUM] != _hash_json(plain):
        raise ValueError("its content does not match its checksum")
    return plain


def _hash_json(content: Any) -> str:
    return hash_bytes(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())


def describe_damage(error: ValueError) -> str:
    """Return the damage in one line, such as
    "progress.epoch: input should be a valid integer"."""
    from pydantic import ValidationError  # not needed to print the configuration

    if not isinstance(error, ValidationError):
        return one_line(error)
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "content"
    return f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}"[:200]
