"""System metrics: CPU, memory, disk, network and GPU, sampled by MLflow during a run."""

from __future__ import annotations

from typing import Any


class SystemMetrics:
    """Sampler of one run, which sends its samples itself, every ten seconds, as `system/<metric>`.

    An outage of the server ends the sampling; samples are not in the run folder.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._monitor: Any = None
        self._is_finished = False

    def start(self, run_id: str) -> None:
        """Start sampling for a run on the server; does nothing the second time."""
        if self._monitor is not None or self._is_finished:
            return
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        self._monitor = SystemMetricsMonitor(run_id, resume_logging=True, tracking_uri=self.uri)
        self._monitor.start()

    def finish(self) -> None:
        """Stop sampling and send the rest."""
        self._is_finished = True
        if self._monitor is not None:
            self._monitor.finish()
