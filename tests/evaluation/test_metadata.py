from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroclf.errors import UserError
from astroclf.evaluation.metadata import metadata_values, read_metadata
from astroclf.settings import Settings


def read(file: Path, *ids: str) -> list[float]:
    return read_metadata(["r"], catalog=file, id_column="id", ids=np.array(ids))["r"].tolist()


def test_values_are_found_by_the_text_of_an_id(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("id,name,r\n1237645877936062584,a,17.5\n007,b,\n7,c,16\n12,d,NaN\n")
    ids = ("7", "007", "1237645877936062584", "12", "elsewhere")
    np.testing.assert_equal(read(file, *ids), [16, np.nan, 17.5, np.nan, np.nan])


@pytest.mark.parametrize("form", ["{}.jpg", "images/{}.fits", "{}.0"])
def test_ids_are_found_without_their_folder_and_extension(tmp_path: Path, form: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(f"id;r\n{form.format(11)};17,5\n{form.format(12)};18\n")
    assert read(file, "12", "11") == [18, 17.5]
    assert read(file, "a/12.png", "b/11.png") == [18, 17.5]


def test_an_id_in_two_rows_is_refused_only_if_an_image_has_it(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("id,r\n1,17\n2,18\n2,18\n")
    assert read(file, "1") == [17]
    with pytest.raises(UserError, match="the id 2 is in it more than once"):
        read(file, "1", "2")


def test_the_settings_name_table_and_columns(
    tmp_path: Path, settings: Callable[..., Settings]
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("id,r\n1,17\n2,18\n")
    named = (f"evaluation.metadata={file}", "evaluation.metadata_id=id")
    ids = np.array(["2", "3"])
    values = metadata_values(settings(*named, "evaluation.bin_columns=[r]").evaluation, ids)
    np.testing.assert_equal(values, {"r": [18, np.nan]})
    assert metadata_values(settings().evaluation, ids) == {}
