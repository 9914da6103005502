from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import torch
from astroclf.training.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()

def faults(n):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n):
        step = [torch.empty(5_000_000).fill_(1.0) for _ in range(6)]  # of 20 MB
        del step
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults(2)
print(faults(5))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this is about glibc")
def test_memory_that_is_kept_need_not_be_mapped_again() -> None:
    counts = {
        how: int(
            subprocess.run(
                [sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True
            ).stdout
        )
        for how in ("keep", "give back")
    }
    assert counts["keep"] < counts["give back"] / 10
