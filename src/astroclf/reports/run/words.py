"""Words of the report that depend on the kind of labels."""

from __future__ import annotations

from dataclasses import dataclass

from astroclf.reports.run.content import ReportContent


@dataclass(frozen=True)
class Words:
    """Words on decisions and images.

    plain: the labels without a decision. numbers, number, of, format: heading and columns of the
    table of fitted numbers. rule: meaning of these numbers. reliability: meaning of the points of a
    reliability diagram. gallery: CSS class of the images.
    """

    plain: str
    numbers: str
    number: str
    of: str
    format: str
    rule: str
    reliability: str
    gallery: str


def words_of(content: ReportContent) -> Words:
    """Return the words for the labels of the split that the figures show."""
    return WORDS[content.evaluation.shown.labels.kind](content)


def _class_words(content: ReportContent) -> Words:
    intervals = "" if content.resampled_groups else " (with Wilson 95 % intervals)"
    return Words(
        plain="the most probable class",
        numbers="Class factors",
        number="factor",
        of="class",
        format="%.4g",
        rule="The label is the class with the highest product of probability and factor; with all factors at "
        f"{1 / len(content.classes):.3g}, it is the most probable class.",
        reliability=f"Of images with a given probability of the most probable class, the fraction of that class{intervals}",
        gallery="gallery",
    )


def _vote_words(content: ReportContent) -> Words:
    return Words(
        plain="answers with a fraction above 0.5",
        numbers="Thresholds",
        number="threshold",
        of="answer",
        format="%.4f",
        rule="An answer is given if its fraction exceeds its threshold.",
        reliability="Mean given against predicted fraction, all answers together",
        gallery="voted",
    )


WORDS = {"classes": _class_words, "votes": _vote_words}
