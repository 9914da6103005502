"""Facts and report of an evaluation of a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from astroclf.bundle import Bundle
from astroclf.data.thumbnails import make_thumbnails
from astroclf.device import describe_device
from astroclf.errors import counted, listed
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.report import write_report
from astroclf.runs.metrics import RunFacts
from astroclf.settings import Settings
from astroclf.tasks.model_evaluation import ModelEvaluation


def evaluation_facts(
    settings: Settings, model: Bundle, evaluated: ModelEvaluation, texts: Mapping[str, str]
) -> RunFacts:
    """Return what metrics.json holds of the evaluation itself.

    texts: name -> value of further facts, `model` among them.
    """
    facts: dict[str, Any] = {
        "seed": settings.seed,
        "device": describe_device(model.predictor.device),
        "positive_class": evaluated.dataset.positive_class,
        "warnings": list(evaluated.evaluation.warnings),
        "decision": model.decision.to_dict(),
        "model_created": model.provenance.get("created", ""),
        "model_commit": model.provenance.get("git_commit", ""),
        **texts,
        "dataset_fingerprint": evaluated.dataset.fingerprint,
    }
    return RunFacts.model_validate(facts)


def write_evaluation_report(
    file: Path, settings: Settings, evaluated: ModelEvaluation, facts: RunFacts
) -> None:
    """Write the report of an evaluation as a web page, its figures beside it."""
    write_report(file, report_content(settings, evaluated, facts))


def report_content(
    settings: Settings,
    evaluated: ModelEvaluation,
    facts: RunFacts,
    command: str = "",
    links: Mapping[str, str] | None = None,
) -> ReportContent:
    """Return the content of report.html."""
    dataset, evaluation = evaluated.dataset, evaluated.evaluation
    shown = dataset.indices(evaluation.shown_split)
    source = Path(settings.dataset.source).name
    return ReportContent(
        title=f"Evaluation on {source}: {listed(evaluation.titles.values())}",
        evaluation=evaluation,
        thumbnails=lambda chosen: make_thumbnails(dataset, shown[chosen]),
        calibration_bins=settings.evaluation.calibration_bins,
        resamples=settings.evaluation.bootstrap_resamples,
        about={"Evaluation": report_facts(evaluated, facts)},
        command=command,
        links=links or {},
        warnings=facts.warnings,
        shift=evaluated.shift,
    )


def report_facts(evaluated: ModelEvaluation, facts: RunFacts) -> dict[str, str]:
    """Return the facts that the report shows; metrics.json has all of them."""
    extra = facts.model_extra or {}
    parts = evaluated.evaluation.splits.items()
    return {
        "model": extra["model"],
        "model created": extra["model_created"] or "unknown",
        "model commit": extra["model_commit"][:10] or "none",
        "images": ", ".join(
            f"{counted(len(result), 'image')}: {evaluated.evaluation.title_of(part)}"
            for part, result in parts
        ),
        "seed": str(facts.seed),
        "device": facts.device,
        "fingerprint of the data": extra["dataset_fingerprint"][:12],
    }
