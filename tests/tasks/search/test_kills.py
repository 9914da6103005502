"""Searches that signals end anywhere, and the same command that resumes them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from typing import Any

import pytest

LR = ("search=none", "optimizer.lr=tag(log,interval(1e-4,1e-2))")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
N_KILLS = int(os.environ.get("ASTROCLF_KILLS", "4"))  # a soak takes more


@pytest.mark.slow
def test_a_search_that_is_killed_again_and_again_reaches_its_total(sweep: Any) -> None:
    rng, n_trials = random.Random(0), 8
    for kill in range(N_KILLS):
        process = sweep.start(*LR, "trainer.epochs=20", n_trials=n_trials)
        try:
            out, _ = process.communicate(timeout=rng.uniform(3, 14))
        except subprocess.TimeoutExpired:
            number = SIGNALS[kill % len(SIGNALS)]
            process.send_signal(number)
            out, _ = process.communicate(timeout=120)
            assert process.returncode in (-number, 128 + number), out
        assert "Traceback" not in out
    process = sweep.start(*LR, "trainer.epochs=20", n_trials=n_trials)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    finished = [trial for trial in sweep.trials if trial.state.name in ("COMPLETE", "PRUNED")]
    assert len(finished) == n_trials
    assert len({trial.params["optimizer.lr"] for trial in finished}) == n_trials
    assert not list((sweep.folder / "processes").glob("*.lock"))
    assert (sweep.folder / "sweep.html").exists()
