from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from astroclf.errors import UserError
from astroclf.sweep.space import syntax

# Without control characters, which no terminal passes on, and lone surrogates, which are no text.
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
KEYS = st.from_regex(r"[a-z_][a-z0-9_]*", fullmatch=True).filter(
    lambda key: key not in syntax.RESERVED
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


def read_back(text: str) -> Any:
    override = syntax.parse(f"key={text}")
    assert not override.is_sweep_override()
    return syntax.plain(override.value(), "key")


@given(VALUES)
@example("null")
@example("True")
@example("1e3")
@example("a, b")
@example("key=value")
@example("interval(0, 1)")
@example("it's \\")
@example("\\'")
@example(" ")
@example("")
@example("${seed}")
@example(1e-05)
@example(float("-inf"))
def test_a_written_value_parses_as_the_same_value(value: Any) -> None:
    read = read_back(syntax.written(value))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (0.001, "0.001"),
        ("focal", "focal"),
        ("runs/2024.best", "runs/2024.best"),
        ("two words", "'two words'"),
        ([1, None, "a b"], "[1,null,'a b']"),
        ({"rank": 4, "layers": ["head"]}, "{rank:4,layers:[head]}"),
    ],
)
def test_texts_are_as_plain_as_they_can_be(value: Any, text: str) -> None:
    assert syntax.written(value) == text


@pytest.mark.parametrize("text", ["lr=interval(0, 1", "lr=choice()", "lr=intervall(0, 1)", "lr"])
def test_an_unparsable_override_is_refused_with_its_key(text: str) -> None:
    with pytest.raises(UserError, match=r"^lr.* cannot be read\. Write a value, choice"):
        syntax.parse(text)


@pytest.mark.parametrize("text", ["lr=[interval(0,1),2]", "lr={a:choice(1,2)}"])
def test_a_sweep_inside_a_value_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"^lr has one sweep inside another"):
        syntax.plain(syntax.parse(text).value(), "lr")
