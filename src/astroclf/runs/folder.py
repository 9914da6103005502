"""Paths of the files in the folder of a run; no other module contains their names.

Each file has its reader and its writer in one module: `runs.settings`, `runs.checkpoint`,
`runs.history`, `runs.metrics`, `runs.predictions` and `runs.manifest`. Those of the bundle are in
`bundle`, of the report in `reports.run`, and of the tracked run in `tracking.record`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOCK, LOG, HYDRA_RECORD = ".lock", "run.log", ".hydra"
SETTINGS, CHECKPOINT, MANIFEST = "settings.json", "checkpoint/last.pt", "repeat.json"
HISTORY, METRICS, PREDICTIONS = "history.csv", "metrics.json", "predictions.csv"
REPORT, BUNDLE, BENCHMARK, PROFILE = "report.html", "bundle", "benchmark.json", "profile.json"
SPLIT, SKIPPED, LEAKS = "split.csv", "skipped.csv", "leaks.csv"
INVALID_PIXELS = "invalid_pixels.csv"
INSPECTION, CLASS_COUNTS, STATISTICS = "inspect.html", "class_counts.csv", "statistics.csv"
EMBEDDING, NEIGHBORS, ABLATIONS = "embedding.csv", "neighbors.csv", "ablations.csv"
LABEL_ERRORS = "label_errors.csv"
PREDICT_PROGRESS, PREDICT_ROWS = "predict/progress.json", "predict/rows.csv"
PREDICT_CHUNKS, PREDICTIONS_PARQUET = "predict/chunks", "predictions.parquet"
SUBMISSION, CONTACT_SHEET = "submission.csv", "contact_sheet.html"
COMPARISON, DIFFERENCES, COMPARISON_PAGE = "compare.json", "compare.csv", "compare.html"
TRACKED_RUN, ERROR = "mlflow.json", "error.txt"
MLFLOW_MODEL, EXPORT = "mlflow_model", "export.json"
KEPT_MODELS = "kept_models.json"
FIGURES = "figures"

# Page and tables of task=inspect.
INSPECTED = (INSPECTION, CLASS_COUNTS, STATISTICS, EMBEDDING, NEIGHBORS, ABLATIONS, LABEL_ERRORS)

# Written before the first step, and after it.
PREPARED = (LEAKS, SETTINGS, SKIPPED, SPLIT, TRACKED_RUN)
RESULTS = (
    BENCHMARK, BUNDLE, CHECKPOINT, EXPORT, FIGURES, HISTORY, METRICS, PREDICTIONS, MANIFEST, MLFLOW_MODEL,
    PROFILE, REPORT,
    *INSPECTED,
    PREDICT_PROGRESS, PREDICTIONS_PARQUET, SUBMISSION, CONTACT_SHEET,
    COMPARISON, DIFFERENCES, COMPARISON_PAGE,
)  # fmt: skip


@dataclass(frozen=True)
class RunFolder:
    """Folder of a run, or of one of the trainings of a run with several seeds or folds."""

    path: Path

    @property
    def name(self) -> str:
        """Name of the folder without those above it."""
        return self.path.name

    @property
    def lock(self) -> Path:
        """Lock of the process that uses the folder."""
        return self.path / LOCK

    @property
    def log(self) -> Path:
        """Log file."""
        return self.path / LOG

    @property
    def hydra_record(self) -> Path:
        """Folder in which Hydra records the composed configuration and the overrides."""
        return self.path / HYDRA_RECORD

    @property
    def settings(self) -> Path:
        """Settings of the run, with which it can be run again."""
        return self.path / SETTINGS

    @property
    def checkpoint(self) -> Path:
        """State from which the run can be resumed."""
        return self.path / CHECKPOINT

    @property
    def manifest(self) -> Path:
        """Record of the trainings of several seeds or folds that are complete."""
        return self.path / MANIFEST

    @property
    def history(self) -> Path:
        """Table with one row an epoch."""
        return self.path / HISTORY

    @property
    def metrics(self) -> Path:
        """Metrics with their intervals, and facts of the run."""
        return self.path / METRICS

    @property
    def predictions(self) -> Path:
        """Table of the probabilities and the label of each image."""
        return self.path / PREDICTIONS

    @property
    def predictions_parquet(self) -> Path:
        """The same table of task=predict as Parquet."""
        return self.path / PREDICTIONS_PARQUET

    @property
    def submission(self) -> Path:
        """Table of predicted votes in the form of the Galaxy Zoo challenge."""
        return self.path / SUBMISSION

    @property
    def contact_sheet(self) -> Path:
        """Page of task=predict with example images and distributions."""
        return self.path / CONTACT_SHEET

    @property
    def prediction_progress(self) -> Path:
        """Record of the rows of task=predict that are on the disk."""
        return self.path / PREDICT_PROGRESS

    @property
    def prediction_rows(self) -> Path:
        """Table of predictions until it is complete."""
        return self.path / PREDICT_ROWS

    @property
    def prediction_chunks(self) -> Path:
        """Folder of the chunks of a Parquet table until it is complete."""
        return self.path / PREDICT_CHUNKS

    @property
    def report(self) -> Path:
        """Report as a web page."""
        return self.path / REPORT

    @property
    def figures(self) -> Path:
        """Folder of the figures of the report, each as SVG, PDF and PNG."""
        return self.path / FIGURES

    @property
    def bundle(self) -> Path:
        """Folder of the trained model."""
        return self.path / BUNDLE

    @property
    def benchmark(self) -> Path:
        """Result of task=benchmark."""
        return self.path / BENCHMARK

    @property
    def profile(self) -> Path:
        """Trace of debug=profile, in the format of Chrome."""
        return self.path / PROFILE

    @property
    def split(self) -> Path:
        """Table of the split of each image."""
        return self.path / SPLIT

    @property
    def skipped(self) -> Path:
        """Table of the files that were skipped, with reasons."""
        return self.path / SKIPPED

    @property
    def invalid_pixels(self) -> Path:
        """Table of the images with invalid pixels that were replaced."""
        return self.path / INVALID_PIXELS

    @property
    def leaks(self) -> Path:
        """Table of the images that overlap images of another split."""
        return self.path / LEAKS

    @property
    def inspection(self) -> Path:
        """Page of task=inspect."""
        return self.path / INSPECTION

    @property
    def class_counts(self) -> Path:
        """Table of the number of images of each class in each split."""
        return self.path / CLASS_COUNTS

    @property
    def statistics(self) -> Path:
        """Table of the size, noise, brightness and color of images."""
        return self.path / STATISTICS

    @property
    def embedding(self) -> Path:
        """Table of the positions of images in the maps of their features."""
        return self.path / EMBEDDING

    @property
    def neighbors(self) -> Path:
        """Table of the nearest images in feature space of the images asked for."""
        return self.path / NEIGHBORS

    @property
    def ablations(self) -> Path:
        """Table of the accuracy that a model loses under each ablation."""
        return self.path / ABLATIONS

    @property
    def label_errors(self) -> Path:
        """Table of likely label errors."""
        return self.path / LABEL_ERRORS

    @property
    def comparison(self) -> Path:
        """Differences of the runs that task=compare compared, with intervals and tests."""
        return self.path / COMPARISON

    @property
    def differences(self) -> Path:
        """Table of the differences, with one row a pair of runs and a metric."""
        return self.path / DIFFERENCES

    @property
    def comparison_page(self) -> Path:
        """Comparison as a web page."""
        return self.path / COMPARISON_PAGE

    @property
    def tracked_run(self) -> Path:
        """Record of what MLflow gets of the run."""
        return self.path / TRACKED_RUN

    @property
    def mlflow_model(self) -> Path:
        """Folder with MLflow's description of the bundle, which is logged with it as a model."""
        return self.path / MLFLOW_MODEL

    @property
    def export(self) -> Path:
        """Description of the exported models, which are beside it."""
        return self.path / EXPORT

    @property
    def kept_models(self) -> Path:
        """Record of the best trials of a search, whose models are kept."""
        return self.path / KEPT_MODELS

    @property
    def error(self) -> Path:
        """Traceback of a trial that failed."""
        return self.path / ERROR

    @property
    def is_resumable(self) -> bool:
        """True if the folder holds a run that can be resumed."""
        records = (self.checkpoint, self.manifest, self.prediction_progress)
        return any(record.is_file() for record in records)

    @property
    def results(self) -> list[str]:
        """Names of the results that are in the folder.

        What a run writes before its first step counts only where Hydra has left no record: a run that
        was killed that early has no results, and may start again in its folder.
        """
        names = RESULTS if self.hydra_record.is_dir() else (*RESULTS, *PREPARED)
        return [name for name in names if (self.path / name).exists()]

    @property
    def inspected(self) -> list[str]:
        """Names of the files of task=inspect that are in the folder."""
        names = (*INSPECTED, FIGURES, LEAKS, SKIPPED)
        return [name for name in names if (self.path / name).exists()]

    def child(self, name: str) -> RunFolder:
        """Return the folder of one of several trainings of this run."""
        return RunFolder(self.path / name)
