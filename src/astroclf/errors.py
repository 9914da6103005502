"""Exceptions, the states of a run, and the wording of errors and lists.

Exception
├── UserError                    a setting, file or machine cannot be used
│   ├── DivergenceError          the loss became infinite or NaN
│   ├── TooManyFailuresError     more trials failed than the search allows
│   └── FailedJobsError          jobs of a multirun failed
└── Pruned                       a search ended a trial early
KeyboardInterrupt
└── Interrupted                  a signal stopped the program
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """State of a run, or of a trial of a search."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # by a signal, or by a kill


class UserError(Exception):
    """An input that cannot be used, in one message: the key or file, the fault, and the remedy.

    The command line prints it without a traceback and exits with code 2; `HYDRA_FULL_ERROR=1` shows the
    traceback as well.
    """


class Interrupted(KeyboardInterrupt):
    """A signal stopped the program.

    A KeyboardInterrupt, so that no `except Exception` catches it.

    state: progress of the run, such as "epoch 3, step 4"; "" if it is unknown.
    """

    def __init__(self, signal_number: int, state: str = "") -> None:
        super().__init__(signal_number, state)
        self.signal_number = signal_number
        self.state = state

    def __str__(self) -> str:
        return signal.Signals(self.signal_number).name


class Pruned(Exception):  # noqa: N818 - nothing went wrong
    """A trial ended early because it was worse than the others of its search."""


def one_line(error: BaseException, longest: int = 200) -> str:
    """Return the message of an error in one line of at most so many characters, or its class."""
    return " ".join(str(error).split())[:longest] or type(error).__name__


def listed(names: Iterable[object], most: int = 10, separator: str = ", ") -> str:
    """Return names in one line; of more than `most`, the first ones and the number left out.

    Long names are cut in the middle.
    """
    texts = list(names)
    left_out = len(texts) - most
    shown = separator.join(shortened(str(text)) for text in texts[:most])
    return shown + (f"{separator}... and {left_out:,} more" if left_out > 0 else "")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 epoch", "12 epochs"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(text: str, longest: int = 160) -> str:
    """Return a text of at most so many characters, with its middle left out."""
    half = (longest - 3) // 2
    return text if len(text) <= longest else f"{text[:half]}...{text[-half:]}"
