"""The public names of `import astroclf`."""

from __future__ import annotations

import inspect
import subprocess
import sys

import astroclf

HEAVY = {"torch", "numpy", "hydra", "pydantic", "pandas", "mlflow", "omegaconf", "matplotlib"}


def test_import_is_light() -> None:
    show = f"import sys, astroclf; print(*{HEAVY!r} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_every_public_name_is_there_and_documented() -> None:
    assert set(astroclf.__all__) == set(astroclf._MODULES) <= set(dir(astroclf))
    for name in astroclf.__all__:
        assert inspect.getdoc(getattr(astroclf, name)), name


def test_functions_document_parameters_returns_and_an_example() -> None:
    functions = [getattr(astroclf, name) for name in astroclf.__all__]
    for function in filter(inspect.isfunction, functions):
        doc = inspect.getdoc(function) or ""
        assert "Parameters\n---" in doc
        assert "Returns\n---" in doc
        assert ">>> " in doc


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(astroclf, "trian")
