from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import torch
from astroclf.allocator import keep_freed_memory
assert keep_freed_memory()

def faults(n):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n):
        step = [torch.empty(5_000_000).fill_(1.0) for _ in range(6)]  # of 20 MB
        del step
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults(12)  # until the heap is large enough
print(faults(5))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this is about glibc")
def test_freed_memory_stays_mapped() -> None:
    """Without it, more than half of all processes map 20,000 pages and more; a page is 4 kB."""
    counts = [
        int(
            subprocess.run(
                [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(3)
    ]
    assert max(counts) < 1000
