from __future__ import annotations

from typing import Any

import pytest

from astroclf.data.sources import load_dataset
from astroclf.errors import UserError

OWN = "dataset.target=fixtures.own_options"


def test_the_returned_data_set_is_split(settings: Any) -> None:
    chosen = settings("dataset=custom", f"{OWN}.bright_and_dark", "+dataset.kwargs.n_images=60")
    dataset = load_dataset(chosen.dataset)
    assert len(dataset) == 60
    assert dataset.split_names == ("train", "val", "test")


def test_results_of_other_types_are_refused(settings: Any) -> None:
    chosen = settings("dataset=custom", f"{OWN}.read_nothing")
    with pytest.raises(UserError, match=r"read_nothing: returned NoneType\. Return an astroclf"):
        load_dataset(chosen.dataset)


def test_other_targets_than_stated_are_refused(settings: Any) -> None:
    chosen = settings(
        "dataset=custom", f"{OWN}.bright_and_dark", "dataset.targets=votes", "loss=mse"
    )
    with pytest.raises(
        UserError, match=r"dataset.targets=votes: .*bright_and_dark returned classes"
    ):
        load_dataset(chosen.dataset)


def test_an_error_of_the_source_is_one_sentence(settings: Any) -> None:
    chosen = settings("dataset=custom", f"{OWN}.bright_and_dark", "+dataset.kwargs.n_images=-1")
    with pytest.raises(UserError, match=r"bright_and_dark: failed \("):
        load_dataset(chosen.dataset)
