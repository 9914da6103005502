"""Notes on classes with few images or groups."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.label_intervals import first_note, measured_ece, notes_of_classes
from astroclf.evaluation.resampling import Resampling

LABELS = make_labels(np.repeat([0, 1], [30, 3]), ("spiral", "cigar", "ring"))


def test_a_class_with_fewer_than_ten_images_has_a_note_and_an_absent_one_none() -> None:
    notes = notes_of_classes(LABELS, Resampling(10, 0))
    assert notes == ["", "3 images of cigar, fewer than 10", ""]
    assert first_note(*notes) == notes[1]


def test_groups_are_counted_where_there_are_some() -> None:
    notes = notes_of_classes(LABELS, Resampling(10, 0, np.arange(33) // 6))
    assert notes[0] == "5 groups with images of spiral, fewer than 10"


def test_undefined_ece_has_no_floor() -> None:
    assert measured_ece(None, []) == {"value": None, "ci95": None}
