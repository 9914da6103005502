"""Autotuning: measure the fastest precision and memory format once per network and machine.

On a CPU the fastest pair depends on the network: some double their speed in channels_last, some in
bf16, some lose by either. The result is kept in a file of the cache, so that the same command
computes the same again, alone, in parallel and on a busy machine.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from astroclf.data.batches import Batch
from astroclf.device import device_name, wait_for
from astroclf.errors import one_line
from astroclf.files import read_json, write_json
from astroclf.locks import locked
from astroclf.settings import sections
from astroclf.status import status
from astroclf.training.losses import Loss
from astroclf.training.precision import Precision, list_candidates

log = logging.getLogger(__name__)

# Speed-up from which a lower precision, or another memory format, is chosen. Both are wider than the
# scatter of the measurement on a busy machine, so that the load does not decide.
PRECISION_MARGIN, FORMAT_MARGIN = 1.2, 1.1
# Candidates take turns until the time is used up, within these numbers of turns.
BUDGET_S, FEWEST_TURNS, MOST_TURNS = 4.0, 4, 20


@dataclass(frozen=True)
class TrainingStep:
    """Forward and backward pass to be timed.

    batch: of training images, on the device. The network is not changed.
    """

    network: nn.Module
    loss: Loss
    batch: Batch
    device: torch.device


def choose_precision(settings: sections.Trainer, step: TrainingStep, file: Path) -> Precision:
    """Return the precision and memory format of the settings; `auto` is resolved to the fastest.

    file: cache of earlier results. One process measures at a time, and the same command in another one
    waits for the result. If the file is unreadable or not writable, the measurement is repeated.
    """
    candidates = list_candidates(settings, step.device)
    if len(candidates) == 1:
        return candidates[0]
    key = _key(settings, step, candidates)
    stored = _read_result(file, key, candidates)
    if stored is not None:
        return stored
    with _locked_if_writable(file):
        stored = _read_result(file, key, candidates)
        if stored is None:
            stored = _measure_and_log(candidates, step)
            _write_result(file, key, stored)
    return stored


def measure(candidates: Sequence[Precision], step: TrainingStep) -> dict[Precision, float]:
    """Return the seconds of one step with each candidate: the minimum over turns.

    The candidates take turns, so that a varying load slows all of them alike.
    """
    trial = copy.deepcopy(step.network)
    times_s: dict[Precision, list[float]] = {candidate: [] for candidate in candidates}
    start_s = time.perf_counter()
    with torch.random.fork_rng(), status("measuring") as shown:
        for turn in range(1 + MOST_TURNS):  # the first one warms up
            for candidate in candidates:
                shown.note = f"{candidate}, turn {turn + 1}"
                times_s[candidate].append(_time_step_s(candidate, trial, step))
            if turn == 0:
                start_s = time.perf_counter()
            elif turn >= FEWEST_TURNS and time.perf_counter() - start_s > BUDGET_S:
                break
    return {candidate: min(times[1:]) for candidate, times in times_s.items()}


def fastest(times_s: Mapping[Precision, float]) -> Precision:
    """Return the first candidate, unless a later one is faster by its margin.

    times_s: in the order of `list_candidates`, so that ties go to fp32 in the contiguous format.
    """
    best, *others = times_s
    for other in others:
        is_lower = other.name != best.name
        margin = PRECISION_MARGIN if is_lower else FORMAT_MARGIN
        if times_s[other] * margin <= times_s[best]:
            best = other
    return best


def _measure_and_log(candidates: Sequence[Precision], step: TrainingStep) -> Precision:
    log.info(
        "measuring %d precisions and memory formats (once per network, batch and machine)",
        len(candidates),
    )
    times_s = measure(candidates, step)
    best = fastest(times_s)
    times = ", ".join(f"{each} {seconds * 1e3:.3g} ms" for each, seconds in times_s.items())
    log.info("chosen: %s, of %s a step", best, times)
    return best


def _time_step_s(precision: Precision, trial: nn.Module, step: TrainingStep) -> float:
    precision.place(trial, step.device).train()
    batch = precision.place_batch(step.batch)
    wait_for(step.device)
    start_s = time.perf_counter()
    with precision.arithmetic():
        with precision.autocast(step.device):
            logits = trial(*batch.inputs)
        step.loss(logits.float(), batch.target).mean().backward()
    wait_for(step.device)
    elapsed_s = time.perf_counter() - start_s
    trial.zero_grad(set_to_none=True)
    return elapsed_s


def _key(settings: sections.Trainer, step: TrainingStep, candidates: Sequence[Precision]) -> str:
    """Return a hash of everything that the choice may depend on.

    The number of threads enters as the setting, not as the number of free cores, so that the load of
    the machine does not lead to another choice.
    """
    facts = (
        PRECISION_MARGIN,
        FORMAT_MARGIN,
        device_name(step.device),
        torch.__version__,
        type(step.network).__name__,
        [(tuple(each.shape), each.requires_grad) for each in step.network.parameters()],
        tuple(step.batch.image.shape),
        list(candidates),
        settings.threads,
    )
    return hashlib.blake2b(repr(facts).encode(), digest_size=8).hexdigest()


def _read_result(file: Path, key: str, candidates: Sequence[Precision]) -> Precision | None:
    """Return the stored result, if it is one of the candidates."""
    stored = _read(file).get(key)
    return next((each for each in candidates if each.to_dict() == stored), None)


def _write_result(file: Path, key: str, precision: Precision) -> None:
    try:
        write_json(file, {**_read(file), key: precision.to_dict()})
    except OSError as error:
        log.warning(
            "%s: cannot be written (%s). The next run measures again.", file, one_line(error)
        )


def _read(file: Path) -> dict[str, Any]:
    """Return the content of the file, empty if it is missing or damaged."""
    try:
        content = read_json(file)
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def _locked_if_writable(file: Path) -> Iterator[None]:
    """Hold the lock of the file if the cache is writable: a shared one may be read-only."""
    with ExitStack() as stack:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            purpose = "for the measurement of precision and memory format"
            stack.enter_context(locked(file.with_name(f"{file.name}.lock"), purpose))
        except OSError:
            log.debug("%s cannot be locked", file)
        yield
