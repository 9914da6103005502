"""Winner of a sweep: its replicates, since the value that won was selected."""

from __future__ import annotations

import re
import shlex
from itertools import count, islice

from astroclf.commands import run_command
from astroclf.errors import UserError
from astroclf.files import read_csv, shortest
from astroclf.runs.folder import RunFolder

TRIALS, BEST = "trials.csv", "experiment/best.yaml"
PREFIX = "replicates-of-"
SEED_COLUMNS = ("params_seed", "params_seeds")
SEEDS = 3  # that the command of a refusal trains


def is_sweep(folder: RunFolder) -> bool:
    """Return whether a folder is that of a search with Optuna."""
    return (folder.path / TRIALS).is_file()


def replicates_of_winner(folder: RunFolder, key: str) -> RunFolder:
    """Return the folder of the replicates of the best trial of a sweep.

    key: the setting that named the sweep. Raises UserError, with the command that trains them, if there
    are none.
    """
    best = folder.path / BEST
    if not best.is_file():
        raise UserError(f"{key}: the sweep has no complete trial. Finish it, or give another run.")
    header = re.search(
        r"^# Trial (\d+) of the study", best.read_text(encoding="utf-8"), re.MULTILINE
    )
    replicates = folder.child(f"{PREFIX}{header[1] if header else ''}")
    if replicates.metrics.is_file():
        return replicates
    seeds = shlex.quote(f"seeds=[{','.join(map(str, _unused_seeds(folder)))}]")
    command = run_command("--config-dir", str(shortest(folder.path)), experiment="best")
    raise UserError(
        f"{key}: the best trial of this sweep was selected by its value, which is too optimistic to be "
        f"compared, and it has no replicates. Train it with other seeds, and compare that run: {command} {seeds}"
    )


def _unused_seeds(folder: RunFolder) -> list[int]:
    """Return the smallest seeds that no trial is known to have; 0 is the default of all."""
    rows = read_csv(folder.path / TRIALS)
    texts = " ".join(row.get(column, "") for row in rows for column in SEED_COLUMNS)
    used = {0, *map(int, re.findall(r"\d+", texts))}
    return list(islice((seed for seed in count() if seed not in used), SEEDS))
