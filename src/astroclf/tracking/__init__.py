"""Tracking of runs with MLflow, which is imported when the first run is sent.

- addresses: where runs are stored and looked at.
- database: MLflow's database file, created whole.
- record: the data that MLflow gets of a run, kept in the run folder.
- remote: requests for what a server lacks of a record.
- sender: the background thread, its retries and deadlines.
- tracker: what a training calls.
- closing: how its run ends.
- sync: runs that are sent after they ended.
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
from astroclf.tracking.record import RUN_FILE, flatten  # noqa: E402
from astroclf.tracking.tracker import Tracker, open_tracker  # noqa: E402

__all__ = ["RUN_FILE", "Tracker", "close_abandoned", "closing", "flatten", "open_tracker"]
