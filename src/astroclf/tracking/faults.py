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
            f"tracking.uri={shown}: MLflow does not know this kind of address. "
            "Give http://<host>:<port> or sqlite:///<file>."
        )
    return TrackingError(
        f"tracking.uri={shown} does not answer as an MLflow server should "
        f"({type(error).__name__}: {text[:160]}).",
        is_permanent=False,
    )
