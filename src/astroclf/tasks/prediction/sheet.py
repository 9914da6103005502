"""Content of the contact sheet, from the summary of the table and the images that it names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from astroclf.bundle import Bundle
from astroclf.data.inputs.source import ImageInput
from astroclf.data.thumbnails import thumbnails_of
from astroclf.reports.predict.content import ContactSheet, Example, Gallery
from astroclf.tasks.prediction.rows import predict_block
from astroclf.tasks.prediction.summary import BINS, Extremes, Summary

MOST_SHOWN = 6  # images of a class in a gallery
CLASSES_SHOWN = 12  # the most frequent ones, with a gallery each
UNLIKE_BINS = BINS // 20  # bins of p-values up to 0.05


def contact_sheet(title: str, summary: Summary, model: Bundle, images: ImageInput) -> ContactSheet:
    """Return the content of the page; the images that it shows are read and predicted once more."""
    known = [name for name, n in summary.labels.most_common() if n]
    shown = known[:CLASSES_SHOWN]

    def gallery(name: str, n: int, extremes: Extremes) -> Gallery:
        return Gallery(name, n, list(_examples(extremes.rows, model, images)))

    votes = not model.decision.activation.rows_sum_to_one
    n_unlike = int(summary.unlike_training.sum())
    sets = model.decision.conformal
    labels = summary.labels
    return ContactSheet(
        title=title,
        facts=_facts(summary, model, images),
        counts={name: labels[name] for name in (known if votes else model.classes)},
        reasons=dict(summary.reasons.most_common(10)),
        set_sizes=dict(sorted(summary.set_sizes.items())),
        level=None if sets is None else sets.level,
        confidence=summary.confidence,
        unlike_training=summary.unlike_training if n_unlike else None,
        unlike_share=float(summary.unlike_training[:UNLIKE_BINS].sum() / max(n_unlike, 1)),
        is_votes=votes,
        certain=[gallery(name, labels[name], summary.most_certain[name]) for name in shown],
        uncertain=gallery("Of all images", summary.n_predicted, summary.least_certain),
        unlike=[gallery(name, labels[name], summary.least_like[name]) for name in shown]
        if n_unlike
        else [],
    )


def _facts(summary: Summary, model: Bundle, images: ImageInput) -> dict[str, str]:
    facts = {
        "input": images.title.partition("=")[2],
        "model": model.provenance.get("model_from", ""),
        "date": datetime.now().strftime("%Y-%m-%d %H:%M"),
        "images": f"{summary.n:,}",
        "not usable": f"{summary.reasons.total():,}",
        "with invalid pixels": f"{summary.n_invalid:,}" if summary.n_invalid else "",
        "framing": f"{model.image_px} px, {', '.join(model.pixels.bands)}",
    }
    return {name: value for name, value in facts.items() if value}


def _examples(rows: Iterable[int], model: Bundle, images: ImageInput) -> Iterable[Example]:
    for row in map(int, rows):
        block = images.read(row, row + 1)
        prediction = predict_block(model, block, images.columns).prediction
        if prediction is None:  # a file that was removed meanwhile
            continue
        p_values = prediction.unlike_training
        yield Example(
            image=thumbnails_of(block.images, model.pixels)[0],
            id=block.ids[0],
            label=model.classes[prediction.leading[0]],
            probability=float(prediction.confidence[0]),
            p_value=None if p_values is None else float(p_values[0]),
        )
