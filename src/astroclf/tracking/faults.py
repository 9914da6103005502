"""Failures of MLflow, each in one sentence with its remedy."""

from __future__ import annotations

from astroclf.errors import one_line
from astroclf.redaction import redact


class TrackingError(Exception):
    """MLflow cannot be used, for the reason in the message.

    is_permanent: whether only the user can change that, so that trying again is of no use.
    """

    def __init__(self, message: str, *, is_permanent: bool = True) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent


def as_tracking_error(error: Exception, uri: str) -> TrackingError:
    """Return the failure of a request in one sentence, redacted."""
    if isinstance(error, TrackingError):
        return error
    text = redact(one_line(error, 2_000))
    shown = redact(uri)
    low = text.lower()
    if "mlflow_allow_file_store" in low or "filesystem tracking backend" in low:
        return TrackingError(
            f"tracking.uri={shown}: MLflow no longer stores runs in plain files. "
            "Give a database, such as tracking.uri=sqlite:///mlflow.db."
        )
    if "out-of-date database schema" in low or "can't locate revision" in low:
        return TrackingError(
            f"tracking.uri={shown}: the database belongs to another version of MLflow. "
            f"Make a copy of it, then run: mlflow db upgrade {shown}"
        )
    if "error code 401" in low or "error code 403" in low:
        return TrackingError(
            f"tracking.uri={shown}: the server refuses the credentials. "
            "Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        )
    if "model registry uri" in low or "unsupported uri" in low or "unsupportedmodelregistry" in low:
        return TrackingError(
            f"tracking.uri={shown}: MLflow does not support this kind of address. "
            "Give http://<host>:<port> or sqlite:///<file>."
        )
    return TrackingError(_away(error, text, shown), is_permanent=False)


def _away(error: Exception, text: str, shown: str) -> str:
    """Return the sentence for a failure that may pass."""
    low = text.lower()
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be written ({error.strerror}). Free disk space."
    if "timed out" in low or "timeout" in low:
        return f"tracking.uri={shown}: the server does not answer in time."
    if "connection refused" in low or "failed to resolve" in low or "unreachable" in low:
        return f"tracking.uri={shown} cannot be reached. Is the server running?"
    name = type(error).__name__
    return (
        f"tracking.uri={shown} does not answer as an MLflow server should ({name}: {text[:160]})."
    )
