from __future__ import annotations

from typing import Any

import pytest

from astroclf.bundle import Ensemble
from astroclf.errors import UserError
from astroclf.tasks.model_from import open_model


def test_one_model_is_its_bundle_and_several_are_an_ensemble(project: Any) -> None:
    first = str(project.runs["first"])
    model = open_model(project.using(first))
    assert not isinstance(model, Ensemble)
    assert model.provenance["model_from"] == f"{first}/bundle"
    ensemble = open_model(project.using(first, str(project.runs["second"])))
    assert isinstance(ensemble, Ensemble)
    assert ensemble.provenance["model_from"].count("/bundle") == 2


def test_a_damaged_member_is_refused(make_project: Any) -> None:
    project = make_project()
    folder = project.train("run")
    weights = folder / "bundle/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(UserError, match="is not a complete bundle"):
        open_model(project.using(str(folder)))
