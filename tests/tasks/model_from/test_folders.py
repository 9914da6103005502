from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.tasks.model_from.folders import bundles_in


def test_a_run_whose_bundle_was_deleted_is_refused_with_the_command(make_project: Any) -> None:
    folder = make_project().train("run")
    shutil.rmtree(folder / "bundle")
    with pytest.raises(UserError, match=rf"was deleted\. Write it again: .* resume={folder}"):
        bundles_in(folder, "model_from=run")


def test_an_interrupted_run_is_refused_with_the_command(make_project: Any) -> None:
    folder = make_project().train("run")
    shutil.rmtree(folder / "bundle")
    (folder / "metrics.json").unlink()
    with pytest.raises(UserError, match=rf"was interrupted, .* Resume it: .* resume={folder}"):
        bundles_in(folder, "model_from=run")


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no model"):
        bundles_in(tmp_path, "model_from=x")
    with pytest.raises(UserError, match="there is no folder"):
        bundles_in(tmp_path / "nothing", "model_from=x")
