from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from astroclf.settings.targets import accepts, check_arguments, import_target
from fixtures import own_options

OWN = "fixtures.own_options"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("MyNet", "not an import path. Give one, such as my_package.my_module.MyClass."),
        ("my package.MyNet", "not an import path."),
        ("", "not an import path."),
        (
            "no_such_package.MyNet",
            "no_such_package cannot be imported (No module named 'no_such_package'). Install it",
        ),
        (f"{OWN}.Nett", f"{OWN} has no Nett. Did you mean {OWN}.Net?"),
        (f"{OWN}.NOT_CALLABLE", "neither a function nor a class."),
    ],
)
def test_a_path_that_cannot_be_imported_is_refused_with_the_reason(path: str, reason: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text follows
        import_target(path)
    assert str(refused.value).startswith(reason)


def test_a_function_or_class_is_imported() -> None:
    assert import_target(f"{OWN}.Net") is own_options.Net
    assert import_target(f"{OWN}.hinge") is own_options.hinge


def test_modules_of_the_working_directory_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside_me.py").write_text("def answer() -> int:\n    return 42\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert import_target("beside_me.answer")() == 42
    assert sys.path[-1] == str(tmp_path), "files there must not hide installed packages"


def test_a_module_that_raises_is_refused_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "raises_at_once.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(ValueError, match=r"cannot be imported \(division by zero\)"):
        import_target("raises_at_once.net")


@pytest.mark.parametrize(
    ("target", "positional", "given"),
    [
        (own_options.hinge, 2, {"margin": 2}),
        (own_options.hinge, 2, {}),
        (max, 1, {}),
        (dict, 0, {"a": 1}),
    ],
)
def test_arguments_of_the_signature_are_accepted(
    target: Callable[..., object], positional: int, given: dict[str, object]
) -> None:
    check_arguments(target, positional, given)


def test_other_arguments_are_refused_with_the_signature() -> None:
    with pytest.raises(
        ValueError, match=r"unexpected keyword argument 'magin'.*\(logits: 'Tensor'"
    ):
        check_arguments(own_options.hinge, 2, {"magin": 2})
    with pytest.raises(ValueError, match="missing a required argument: 'targets'"):
        check_arguments(own_options.hinge, 1, {})


def test_optional_arguments_are_found_by_name() -> None:
    assert accepts(own_options.Net, "channels")
    assert not accepts(own_options.Net, "image_px")
