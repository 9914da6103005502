from __future__ import annotations

from astroclf.errors import counted, listed


def test_a_list_is_bounded_in_number_and_length() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... and 2 more"
    assert len(listed("x" * 10**5 for _ in range(10**3))) < 2000
    assert listed(["begin" + "x" * 1000 + "end"]).startswith("begin")


def test_a_number_has_its_noun_in_the_singular_or_plural() -> None:
    assert [counted(n, "epoch") for n in (0, 1, 2, 1_000)] == [
        "0 epochs", "1 epoch", "2 epochs", "1,000 epochs",
    ]  # fmt: skip
