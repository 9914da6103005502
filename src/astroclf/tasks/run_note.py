"""Description of a finished run on its page in MLflow, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from astroclf.errors import listed
from astroclf.evaluation.results import Evaluation
from astroclf.settings import Settings
from astroclf.tasks.run import Run
from astroclf.tasks.summary import metric_rows
from astroclf.tracking.record import NOTE_TAG, RUN_PAGE

ARTIFACTS = f"{RUN_PAGE}/artifacts"


def log_note(run: Run, evaluation: Evaluation) -> None:
    """Log the description of a run, with its metrics and links to its results."""
    links = {"bundle (the trained model)": f"{ARTIFACTS}/{run.folder.bundle.name}"}
    if run.settings.evaluation.report:
        links = {"report": f"{ARTIFACTS}/{run.folder.report.name}", **links}
    run.tracker.log_tags({NOTE_TAG: run_note(run.settings, evaluation, links)})


def run_note(settings: Settings, evaluation: Evaluation, links: dict[str, str]) -> str:
    """Return what was trained on what, the links, and the table of the metrics, as Markdown.

    MLflow shows the first lines, and the rest after a click.
    """
    classes = evaluation.shown.labels.classes
    title = (
        f"**{len(classes)} classes** ({_escaped(listed(classes))}): model {settings.model.name}, "
        f"finetune {settings.finetune.name}, data `{settings.dataset.source}`"
    )
    shown = ", ".join(f"[{_escaped(text)}]({address})" for text, address in links.items())
    return "\n\n".join([title, shown, _table(metric_rows(evaluation))])


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = [[_escaped(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    """Return text without the characters that Markdown or HTML would interpret."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, f"\\{character}")
    return text
