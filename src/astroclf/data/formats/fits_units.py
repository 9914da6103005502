"""HDUs of a FITS file: their position, size and short headers, read before any pixel."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any, BinaryIO

from astroclf.data.formats.format import BadImage, HduChoice
from astroclf.errors import counted, listed

BLOCK, CARD = 2880, 80  # bytes
MAX_CARDS = 200_000  # of a header
END = b"END".ljust(CARD)
MOST_PIXELS_PER_BYTE = 4096  # that any of the tile compressions reaches

# Cards that are kept: astropy takes 3 microseconds for each, and drizzled images have thousands.
STRUCTURE = (
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|EXTEND|EXTNAME|EXTVER|THEAP|TFIELDS"
)
SCALING = r"BSCALE|BZERO|BLANK|BUNIT|Z[A-Z0-9]+|T[A-Z]{4,5}\d+"
NAMES = r"BANDS?|BAND\d+|FILTER"
WCS = (
    r"WCSAXES|C(?:TYPE|RVAL|RPIX|DELT|ROTA|UNIT)\d|(?:CD|PC)\d_\d|P[VS]\d_\d+|[AB]P?_[A-Z0-9_]+|"
    r"LONPOLE|LATPOLE|RADE(?:SYS|CSYS)|EQUINOX|EPOCH"
)
KEPT = re.compile(rf"(?:{STRUCTURE}|{SCALING}|{NAMES}|{WCS}) *[= ]".encode())


@dataclass(frozen=True)
class Unit:
    """One HDU. cards: of its header, those that matter here; start: of its data, in bytes."""

    number: int
    cards: bytes
    start: int

    @cached_property
    def header(self) -> Any:
        from astropy.io import fits

        return fits.Header.fromstring(self.cards)

    @property
    def name(self) -> str:
        """EXTNAME in upper case; PRIMARY for the first HDU without one."""
        default = "PRIMARY" if self.number == 0 else ""
        return str(self.header.get("EXTNAME", default)).strip().upper()

    @property
    def is_compressed(self) -> bool:
        return bool(self.header.get("ZIMAGE", False))

    @property
    def is_table(self) -> bool:
        return str(self.header.get("XTENSION", "")).strip() in ("BINTABLE", "TABLE", "A3DTABLE")

    @property
    def has_image(self) -> bool:
        return (
            (self.is_compressed or not self.is_table)
            and len(self.shape) >= 2
            and 0 not in self.shape
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes in the order of the array, without leading axes of length 1."""
        axis = "ZNAXIS" if self.is_compressed else "NAXIS"
        count = int(self.header.get(axis, 0))
        lengths = [int(self.header[f"{axis}{number}"]) for number in range(count, 0, -1)]
        while len(lengths) > 2 and lengths[0] == 1:
            del lengths[0]
        return tuple(lengths)

    @property
    def data_bytes(self) -> int:
        """Size of the data as stored, without padding."""
        header = self.header
        lengths = [int(header[f"NAXIS{n + 1}"]) for n in range(int(header["NAXIS"]))]
        if not lengths:
            return 0
        if header.get("GROUPS", False) and lengths[0] == 0:
            lengths = lengths[1:]
        size = abs(int(header["BITPIX"])) // 8 * int(header.get("GCOUNT", 1))
        return size * (int(header.get("PCOUNT", 0)) + math.prod(lengths))

    @property
    def stop(self) -> int:
        """Start of the next HDU."""
        return self.start + -(-self.data_bytes // BLOCK) * BLOCK

    def require_whole(self, file_bytes: int) -> None:
        """Raise BadImage if the header states more pixels than the file holds."""
        held = min(self.data_bytes, file_bytes - self.start)
        is_short = held < self.data_bytes
        if self.is_compressed:
            is_short |= _number_of_tiles(self.header) > int(self.header["NAXIS2"])
            is_short |= math.prod(self.shape) > held * MOST_PIXELS_PER_BYTE
        if is_short:
            size = " x ".join(map(str, reversed(self.shape)))
            raise BadImage(f"truncated: its header states {size} px, more than the file holds")


def read_units(stream: BinaryIO) -> Iterator[Unit]:
    """Yield the HDUs of an uncompressed FITS file, reading headers only. Raise BadImage for damage."""
    file_bytes = stream.seek(0, 2)
    start, number = 0, 0
    while start < file_bytes:
        stream.seek(start)
        cards = _cards(stream)
        if cards is None:
            if number == 0:
                raise BadImage("truncated or damaged FITS header")
            return  # bytes after the last HDU, which the standard allows
        unit = Unit(number, cards, stream.tell())
        yield unit
        start, number = unit.stop, number + 1


def choose_units(stream: BinaryIO, hdu: HduChoice) -> list[Unit]:
    """Return the HDUs of these numbers or names, or the first one with an image.

    A name is an EXTNAME in any case, or EXTNAME,EXTVER. Raise BadImage if there is none.
    """
    if hdu is None:
        return [_first_image(stream)]
    units = list(read_units(stream))
    chosen = [_find(units, each) for each in (hdu if isinstance(hdu, tuple) else (hdu,))]
    sizes = {unit.shape[-2:] for unit in chosen}
    if len(sizes) > 1:
        found = listed(f"{_title(unit)} {unit.shape[-1]} x {unit.shape[-2]} px" for unit in chosen)
        raise BadImage(f"HDUs of different size: {found}")
    return chosen


def unit_data(stream: BinaryIO, unit: Unit) -> Any:
    """Return the physical values of an HDU as astropy gives them."""
    from astropy.io import fits

    stream.seek(unit.start)
    header = _padded(unit.cards + END, b" ")
    first = b"" if header.startswith(b"SIMPLE") else fits.PrimaryHDU().header.tostring().encode()
    content = _padded(stream.read(unit.data_bytes), b"\0")
    with fits.open(BytesIO(b"".join((first, header, content))), memmap=False) as units:
        return units[-1].data


def _cards(stream: BinaryIO) -> bytes | None:
    """Return the kept cards of the header that begins here, and leave the stream at its data."""
    parts: list[bytes] = []
    for _ in range(MAX_CARDS * CARD // BLOCK):
        block = stream.read(BLOCK)
        if len(block) < BLOCK or (not parts and not block.startswith((b"SIMPLE", b"XTENSION"))):
            return None
        parts.append(block)
        end = block.find(END)
        if end >= 0 and end % CARD == 0:
            header = b"".join(parts)
            starts = range(0, len(header) - BLOCK + end, CARD)
            return b"".join(header[at : at + CARD] for at in starts if KEPT.match(header, at))
    return None


def _first_image(stream: BinaryIO) -> Unit:
    has_table = False
    for unit in read_units(stream):
        if unit.has_image:
            return unit
        has_table |= unit.is_table
    raise BadImage("a FITS table, not an image" if has_table else "a FITS file without an image")


def _find(units: list[Unit], hdu: int | str) -> Unit:
    if isinstance(hdu, int):
        if hdu >= len(units):
            raise BadImage(f"{counted(len(units), 'HDU')}, none with number {hdu}")
        found = units[hdu]
    else:
        name, _, version = hdu.upper().partition(",")
        named = [unit for unit in units if unit.name == name.strip()]
        if version.strip():
            named = [unit for unit in named if str(unit.header.get("EXTVER", 1)) == version.strip()]
        if not named:
            names = listed(unit.name or str(unit.number) for unit in units)
            raise BadImage(f"no HDU named {hdu}, only {names}")
        found = named[0]
    if not found.has_image:
        kind = "is a table" if found.is_table and not found.is_compressed else "holds no image"
        raise BadImage(f"HDU {hdu} {kind}")
    return found


def _title(unit: Unit) -> str:
    return f"HDU {unit.number}" + (f" ({unit.name})" if unit.name else "")


def _number_of_tiles(header: Any) -> int:
    """Return the number of rows that the table of a tile-compressed image needs."""
    count = 1
    for axis in range(1, int(header["ZNAXIS"]) + 1):
        length = int(header[f"ZNAXIS{axis}"])
        tile = int(header.get(f"ZTILE{axis}", length if axis == 1 else 1))
        count *= -(-length // max(tile, 1))
    return count


def _padded(content: bytes, filler: bytes) -> bytes:
    return content + filler * (-len(content) % BLOCK)
