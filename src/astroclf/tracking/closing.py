"""End of a tracked run: complete, pruned, interrupted or failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astroclf.errors import Pruned, State
from astroclf.settings import sections
from astroclf.tracking.record import read_epochs, read_record
from astroclf.tracking.tracker import Tracker, open_tracker


@contextmanager
def closing(tracker: Tracker) -> Iterator[None]:
    """Close the run when the block ends, with its state and with the reason of an exception.

    A run that was not started in the block is not recorded.
    """

    def end(state: State = State.COMPLETE, reason: str = "") -> None:
        if tracker.is_started:
            tracker.end(state, reason)

    try:
        yield
    except KeyboardInterrupt as interruption:  # Interrupted is one
        end(State.INTERRUPTED, str(interruption) or type(interruption).__name__)
        raise
    except Pruned as reason:
        end(State.PRUNED, f"Pruned: {reason}")
        raise
    except BaseException as error:
        end(State.FAILED, f"{type(error).__name__}: {error}")
        raise
    end()


def close_abandoned(settings: sections.Section, folder: Path, reason: str) -> None:
    """Close the run in a folder as interrupted if its process was killed and left it running.

    The caller ensures that no process is running in the folder.
    """
    record = read_record(folder)
    if record is None or record.state != State.RUNNING:
        return
    tracker = open_tracker(settings, folder)
    tracker.record = record
    tracker.epochs = read_epochs(folder, record.start_ms)
    tracker.end(State.INTERRUPTED, reason)
