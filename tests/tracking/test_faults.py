from __future__ import annotations

import pytest

from astroclf.tracking.faults import TrackingError, as_tracking_error

URI = "http://bob:s3cret@host"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("set MLFLOW_ALLOW_FILE_STORE", "MLflow no longer stores runs in plain files"),
        ("Detected out-of-date database schema", "belongs to another version of MLflow"),
        ("Can't locate revision identified by 'x'", "belongs to another version of MLflow"),
        ("failed with error code 401 != 200", "the server refuses the credentials"),
        ("failed with error code 403 != 200", "the server refuses the credentials"),
        ("Unsupported URI 'x' for model registry store", "Give http://<host>:<port>"),
    ],
)
def test_a_failure_that_only_the_user_can_end_is_permanent(text: str, sentence: str) -> None:
    fault = as_tracking_error(RuntimeError(text), URI)
    assert fault.is_permanent
    assert str(fault).startswith("tracking.uri=http://***@host: ")
    assert sentence in str(fault)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RuntimeError("Read timed out."), "the server does not answer in time"),
        (RuntimeError("Connection refused"), "cannot be reached. Is the server running?"),
        (RuntimeError("Failed to resolve 'host'"), "cannot be reached. Is the server running?"),
        (OSError(28, "No space left", "/a/b"), "/a/b cannot be written (No space left)"),
        (ValueError("odd"), "does not answer as an MLflow server should (ValueError: odd)"),
    ],
    ids=str,
)
def test_a_failure_that_may_pass_is_tried_again(error: Exception, sentence: str) -> None:
    fault = as_tracking_error(error, URI)
    assert not fault.is_permanent
    assert sentence in str(fault)


def test_credentials_in_a_message_are_redacted() -> None:
    error = RuntimeError(f"no answer\nfrom {URI}")
    assert "s3cret" not in str(as_tracking_error(error, URI))
    assert "\n" not in str(as_tracking_error(error, URI))


def test_a_tracking_error_is_returned_unchanged() -> None:
    fault = TrackingError("tracking.uri: no", is_permanent=False)
    assert as_tracking_error(fault, URI) is fault
