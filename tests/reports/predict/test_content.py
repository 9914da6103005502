from __future__ import annotations

from dataclasses import replace

from fixtures.contact_sheets import EXAMPLE, SHEET


def test_examples_are_described_in_words() -> None:
    assert replace(EXAMPLE, id="1237").alt == "1237: galaxy, probability 0.987"


def test_the_total_is_that_of_the_classes() -> None:
    assert SHEET.n == 6
