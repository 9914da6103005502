"""Speed of training with the threads of `trainer.threads`, on an idle and on a busy machine.

    python benchmarks/threads.py
    python benchmarks/threads.py --rounds 5 --seconds 15 model=mobilenet dataset.image_px=64

Every situation takes its turn in every round, in processes of its own:

- before: PyTorch's own number of threads, which wait actively for each other;
- one thread, and `trainer.threads=auto`, as `python run.py` runs them;
- each on the machine as it is, and beside a process that keeps one core busy;
- two trainings at once, whose images are added up.

The table has images per second, and the ratios side by side. The machine must be idle otherwise.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEFAULTS = ("dataset.n_images=1000", "trainer.precision=fp32", "trainer.channels_last=false")
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


@dataclass(frozen=True)
class Situation:
    """threads: of trainer.threads, or "before". at_once: trainings. is_busy: beside another process."""

    threads: str
    at_once: int = 1
    is_busy: bool = False

    def __str__(self) -> str:
        number = {"before": "as before", "1": "1 thread"}.get(
            self.threads, f"threads={self.threads}"
        )
        crowd = "two at once" if self.at_once == 2 else "alone"
        return f"{crowd}, {number}{', beside a busy process' if self.is_busy else ''}"


STEPS = 5  # of one measurement
ALONE = [Situation(threads) for threads in ("before", "1", "auto")]
BESIDE = [Situation(threads, is_busy=True) for threads in ("before", "1", "auto")]
TWO = [Situation(threads, at_once=2) for threads in ("before", "auto")]
RATIOS = (
    ("idle: auto / before (1 = as fast as before)", ALONE[2], ALONE[0]),
    ("busy: auto / 1 thread (bar: 0.9)", BESIDE[2], BESIDE[1]),
    ("busy: auto / before", BESIDE[2], BESIDE[0]),
    ("two at once, auto / one after the other, as before (bar: 1.5)", TWO[1], ALONE[0]),
    ("two at once: auto / before", TWO[1], TWO[0]),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument(
        "overrides", nargs="*", help="of the configuration, such as model=mobilenet"
    )
    given = parser.parse_args()
    if given.worker:
        work(given.worker, given.seconds, given.overrides)
        return
    rates: dict[Situation, list[float]] = {each: [] for each in (*ALONE, *BESIDE, *TWO)}
    with tempfile.TemporaryDirectory() as cache:
        overrides = [*DEFAULTS, f"dataset.cache={cache}", *given.overrides]
        measure(Situation("1"), 0.0, overrides)  # makes the images
        for number in range(given.rounds):
            for situation, found in rates.items():
                found.append(measure(situation, given.seconds, overrides))
                print(f"round {number + 1}  {situation!s:<45}{found[-1]:8.0f} images/s", flush=True)
    print(table(rates))


def measure(situation: Situation, seconds: float, overrides: Sequence[str]) -> float:
    """Return the images per second of all trainings of the situation together."""
    with busy_process() if situation.is_busy else nullcontext():
        workers = [start_worker(situation, seconds, overrides) for _ in range(situation.at_once)]
        for worker in workers:
            read_line(worker)  # it is ready
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return sum(float(read_line(worker)) for worker in workers)


def start_worker(
    situation: Situation, seconds: float, overrides: Sequence[str]
) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    environment.pop("OMP_NUM_THREADS", None)
    environment.pop("OMP_WAIT_POLICY", None)
    command = [sys.executable, __file__, "--worker", situation.threads, "--seconds", str(seconds)]
    return subprocess.Popen(
        [*command, *overrides],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )


def read_line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise SystemExit("a training of the benchmark has failed; its error is above")
    return line


@contextmanager
def busy_process() -> Iterator[subprocess.Popen[bytes]]:
    """Keep one core busy while inside."""
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def work(threads: str, seconds: float, overrides: Sequence[str]) -> None:
    """Train as task=train does, for so many seconds after a line on stdin; print images per second."""
    if threads != "before":
        import astroclf.app  # sets how threads wait, which torch reads when it is imported
    import torch
    from hydra import compose, initialize_config_dir

    import astroclf.app  # noqa: F401  registers the resolvers
    from astroclf.composition import plain_config
    from astroclf.data.sources import load_dataset
    from astroclf.settings import read_settings
    from astroclf.tasks.benchmark import loop_images_per_s
    from astroclf.tasks.build import prepare

    number = torch.get_num_threads() if threads == "before" else threads
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        chosen = [
            "task=benchmark",
            f"task.steps={STEPS}",
            "trainer.device=cpu",
            f"trainer.threads={number}",
        ]
        config = compose("config", overrides=[*chosen, "tracking=none", *overrides])
    settings = read_settings(plain_config(config))
    setup = prepare(settings, load_dataset(settings.dataset), torch.device("cpu"), stored=None)
    loop_images_per_s(setup, STEPS)
    print("ready", flush=True)
    sys.stdin.readline()
    end_s = time.monotonic() + seconds
    rates = [loop_images_per_s(setup, STEPS)]
    while time.monotonic() < end_s:
        setup.callbacks[0].adjust()  # the number of threads
        rates.append(loop_images_per_s(setup, STEPS))
    print(statistics.harmonic_mean(rates), flush=True)


def table(rates: dict[Situation, list[float]]) -> str:
    n_rounds = len(rates[ALONE[0]])
    heads = "".join(f"{f'round {i + 1}':>10}" for i in range(n_rounds)) + f"{'median':>10}"
    lines = ["", f"{'images/s':<62}{heads}"]
    for situation, found in rates.items():
        cells = "".join(f"{rate:>10.0f}" for rate in (*found, statistics.median(found)))
        lines.append(f"{situation!s:<62}{cells}")
    lines += ["", f"{'ratio':<62}{heads}"]
    for title, above, below in RATIOS:
        ratios = [a / b for a, b in zip(rates[above], rates[below], strict=True)]
        cells = "".join(f"{ratio:>10.2f}" for ratio in (*ratios, statistics.median(ratios)))
        lines.append(f"{title:<62}{cells}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
