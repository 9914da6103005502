"""Tracking of runs with MLflow, which is imported when the first run is sent.

- addresses: of the store of runs and of its pages.
- database: atomic creation of MLflow's database file.
- names: of metrics, grouped by split.
- record: the data that is sent to MLflow, stored in the run folder.
- models: logged model of a run, and its versions in the registry.
- remote: requests that send the missing parts of a record.
- sender: the background thread, its retries and deadlines.
- tracker: methods that a training calls.
- system_metrics: sampling of CPU, memory and GPU.
- closing: final state of a run.
- sync: sending of runs after they ended.
"""

import logging
import os

# `sender` tries again, with pauses of its own.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Failures are reported once, in one sentence.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
for _name in ("urllib3.connectionpool", "mlflow.store.db.utils", "mlflow.utils.rest_utils"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

from astroclf.tracking.closing import close_abandoned, closing  # noqa: E402
from astroclf.tracking.record import flatten  # noqa: E402
from astroclf.tracking.tracker import Tracker, open_tracker  # noqa: E402

__all__ = ["Tracker", "close_abandoned", "closing", "flatten", "open_tracker"]
