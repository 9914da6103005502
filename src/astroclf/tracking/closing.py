"""End of a tracked run: finished, failed, pruned or interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astroclf.errors import State
from astroclf.settings import sections
from astroclf.tracking.record import RUNNING, read_epochs, read_record
from astroclf.tracking.tracker import Tracker, open_tracker


@contextmanager
def closing(
    tracker: Tracker,
    *,
    stopped: tuple[type[BaseException], ...],
    done: tuple[type[BaseException], ...] = (),
) -> Iterator[None]:
    """Close the run as FINISHED, as KILLED if it was `stopped`, or as FAILED, with the reason.

    done: exceptions that end a run early though nothing went wrong; it is FINISHED.
    """
    try:
        yield
    except stopped as interruption:
        tracker.end("KILLED", str(interruption) or type(interruption).__name__, State.INTERRUPTED)
        raise
    except done as reason:
        name = type(reason).__name__
        tracker.end("FINISHED", f"{name}: {reason}", State(name.lower()))
        raise
    except BaseException as error:
        tracker.end("FAILED", f"{type(error).__name__}: {error}", State.FAILED)
        raise
    tracker.end("FINISHED")


def close_abandoned(settings: sections.Section, folder: Path, reason: str) -> None:
    """Close the run in a folder as KILLED if its process was killed before it could do so itself.

    The caller makes sure that no process is at work in the folder.
    """
    record = read_record(folder)
    if record is None or record.status != RUNNING:
        return
    tracker = open_tracker(settings, folder)
    tracker.record = record
    tracker.epochs = read_epochs(folder, record.start_ms)
    tracker.end("KILLED", reason, State.INTERRUPTED)
