from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.reports.inspect.content import (
    AblationContent,
    Distributions,
    InspectionContent,
    LossRow,
    Map,
    ModelContent,
)
from astroclf.reports.inspect.page import write_inspection
from astroclf.reports.pictures import Gallery, LeakContent, Picture, Table

HOSTILE = "<b>$x_1$ & 'quoted'"


def make_content(classes: tuple[str, ...] = ("galaxy", HOSTILE)) -> InspectionContent:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (16, 16, 3), np.uint8)
    gallery = Gallery(
        classes[1], "1 of 9 images", [Picture(image, HOSTILE, ["train"], "predicted star")]
    )
    of_class = rng.integers(0, len(classes), 40)
    model = ModelContent(
        facts={"images": "40 images of test"},
        images="40 images of test",
        notes=("All are new.",),
        maps=[
            Map(
                "PCA", ("component 1", "component 2"), rng.normal(size=(40, 2)), of_class, classes,
                of_class == 0, np.array([0, 5]), np.stack([image, image]),
            )
        ],
        neighbors=[gallery],
        saliency=[gallery],
        saliency_note="Evidence.",
        ablations=AblationContent(
            {"gray": "every band the mean"},
            [
                LossRow("gray", "", 40, 0.9, 0.6, 0.3, (0.2, 0.4)),
                LossRow("gray", classes[1], 6, 1.0, 0.5, 0.5, None, "no interval: 6 images, fewer than 10"),
            ],
            [gallery],
        ),
    )  # fmt: skip
    return InspectionContent(
        title=HOSTILE,
        facts={"source": HOSTILE},
        counts=Table("Images", ["class", "all"], [[name, "9"] for name in classes]),
        galleries=[gallery],
        gallery_note="Random.",
        views=[gallery],
        views_note="As stored.",
        leaks=LeakContent(Table("Leaks", ["kind", "found"], [["pictures", "1"]]), [gallery]),
        chosen=gallery.pictures,
        distributions=Distributions(
            {"flux": rng.lognormal(0, 2, 40), "g - r, mag": np.full(40, np.nan)},
            of_class, rng.integers(0, 2, 40), classes, ("train", "test"), "All images.",
        ),
        skipped=Table("1 file", ["file", "reason"], [[HOSTILE, "truncated"]]),
        model=model,
    )  # fmt: skip


def write(folder: Path, content: InspectionContent) -> Path:
    write_inspection(folder / "inspect.html", content, folder / "figures")
    return folder / "inspect.html"


def test_names_from_data_are_escaped_everywhere(
    tmp_path: Path, read_page: Callable[[Path], Any]
) -> None:
    file = write(tmp_path, make_content())
    source = file.read_text()
    assert "<b>" not in source
    page = read_page(file)
    assert page.sections == [
        "chosen", "counts", "examples", "distributions", "views", "leaks", "skipped", "model", "maps",
        "neighbors", "saliency", "ablations",
    ]  # fmt: skip


def test_images_have_alternative_texts_and_tables_captions(tmp_path: Path) -> None:
    source = write(tmp_path, make_content()).read_text()
    assert source.count("<img ") == source.count(' alt="')
    assert 'alt=""' not in source
    assert source.count("<table>") == source.count("<caption>")


def test_losses_show_their_interval_or_the_reason_why_there_is_none(
    tmp_path: Path, read_page: Callable[[Path], Any]
) -> None:
    text = read_page(write(tmp_path, make_content())).text
    assert "+0.3000 +0.2000 – +0.4000" in text
    assert "+0.5000 no interval: 6 images, fewer than 10" in text


def test_statistics_without_values_have_no_chart(tmp_path: Path) -> None:
    write(tmp_path, make_content())
    names = {file.stem for file in (tmp_path / "figures").glob("*.svg")}
    assert names == {"distribution_flux", "map_pca", "ablations"}


def test_many_classes_fit_on_the_page(tmp_path: Path) -> None:
    file = write(tmp_path, make_content(tuple(f"class {k}" for k in range(40))))
    assert "Classes after class 5 are gray." in file.read_text()
