from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.inputs.names import FileIds, Names


@given(st.lists(st.text()))
def test_names_are_those_given(texts: list[str]) -> None:
    names = Names(texts)
    assert list(names) == texts
    assert [names[position] for position in range(len(names))] == texts
    assert (names.digest() == Names([*texts, ""]).digest()) is False


def test_a_hundred_thousand_names_take_little_more_than_their_letters() -> None:
    tracemalloc.start()
    names = Names(f"folder/{number:013d}.png" for number in range(100_000))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(names) == 100_000
    assert size < 100_000 * (24 + 10)


def test_repeated_file_names_have_their_path_as_id() -> None:
    ids = FileIds(Names(["a/1.png", "b/1.fits.gz", "b/2.jpg"]))
    assert [ids[0], ids[1], ids[2]] == ["a/1.png", "b/1.fits.gz", "2"]
