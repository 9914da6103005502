"""compare.json and compare.csv: differences of the runs that task=compare compared."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from astroclf.files import write_csv
from astroclf.runs.folder import RunFolder
from astroclf.runs.schema import Schema, read_versioned, refuse_unreadable, write_versioned

SCHEMA = Schema(1)


class ComparisonPart(BaseModel):
    """A read-only part of compare.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredDifference(ComparisonPart):
    """Difference b - a of one metric, of one pair of runs by their letters.

    subset: "" for all images, else the class, or the bin of a column such as "mag_r 17.0 to 18.2". of:
    "all", "class" or "bin". value_a, value_b, difference: None where the metric is not defined. low, high:
    of the 95 % interval. p_value: of equal metrics by `test`; p_holm: after Holm's correction.
    detectable: smallest difference found with a power of 80 %.
    """

    a: str
    b: str
    metric: str
    of: str = "all"
    subset: str = ""
    n_images: int
    value_a: float | None
    value_b: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    test: str = ""
    detectable: float | None = None
    note: str = ""


class StoredAgreement(ComparisonPart):
    """Numbers of images by whether each run of a pair labels them correctly; mcnemar: exact p-value."""

    a: str
    b: str
    both_right: int
    only_a: int
    only_b: int
    both_wrong: int
    mcnemar: float


class StoredRun(ComparisonPart):
    """A compared run. n_images: those that it predicted without being trained on them."""

    letter: str
    folder: str
    kind: str
    n_images: int


class StoredFolds(ComparisonPart):
    """Mean difference over the folds of two cross-validations, with standard deviation and interval."""

    a: str
    b: str
    metric: str
    mean: float | None
    std: float | None
    low: float | None
    high: float | None


class StoredComparison(ComparisonPart):
    """Content of compare.json. n_tests: size of the family of Holm's correction."""

    runs: list[StoredRun]
    n_images: int
    grouped: bool
    n_tests: int
    family: str
    verdicts: list[str]
    warnings: list[str]
    differences: list[StoredDifference]
    agreement: list[StoredAgreement] = []
    folds: list[StoredFolds] = []


def write_comparison(folder: RunFolder, comparison: StoredComparison) -> None:
    """Replace compare.json, and compare.csv with one row a difference."""
    write_versioned(folder.comparison, comparison.model_dump(mode="json"), SCHEMA)
    write_differences(folder, comparison.differences)


def write_differences(folder: RunFolder, differences: Sequence[StoredDifference]) -> None:
    """Replace compare.csv; cells without a value are empty."""
    columns = list(StoredDifference.model_fields)
    rows = ([getattr(each, column) for column in columns] for each in differences)
    write_csv(folder.differences, columns, rows)


def read_comparison(folder: RunFolder) -> StoredComparison:
    """Return the comparison in a folder. Raises UserError if it is missing, damaged or of a newer version."""
    with refuse_unreadable(folder.comparison, "Compare the runs again."):
        return StoredComparison.model_validate(read_versioned(folder.comparison, SCHEMA))
