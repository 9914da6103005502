"""Settings in which compared runs differ, with their meaning in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from astroclf.installation import CONF
from astroclf.redaction import redact
from astroclf.reports.compare.content import SettingRow
from astroclf.tasks.comparison.compared_run import ComparedRun

# Settings that change no prediction, or that only name things.
NOT_SHOWN = (
    "paths", "tracking", "lookup", "search", "debug", "dataset.cache", "evaluation.report",
    "evaluation.bootstrap_resamples", "trainer.threads", "model_from",
)  # fmt: skip
LONGEST = 60
ABSENT = "–"


def differing_settings(runs: Sequence[ComparedRun]) -> list[SettingRow]:
    """Return a row for each setting with two values or more; nothing if a run has no settings stored."""
    configs = [run.config for run in runs]
    known = [config for config in configs if config is not None]
    if len(known) < len(configs):
        return []
    keys = dict.fromkeys(key for config in known for key in config)
    rows = []
    for key in keys:
        values = tuple(_shown(config[key]) if key in config else ABSENT for config in known)
        if len(set(values)) > 1 and not key.startswith(NOT_SHOWN):
            rows.append(SettingRow(key, meaning_of(key), values))
    return rows


@cache
def meaning_of(key: str) -> str:
    """Return the comment on a key in conf/, "" without one."""
    group, _, name = key.rpartition(".")
    files = sorted((CONF / group).glob("*.yaml")) if group else [CONF / "config.yaml"]
    for file in [*files, CONF / "image_files.yaml"]:
        found = re.search(
            rf"^{re.escape(name)}:[^#\n]*# (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE
        )
        if found:
            return found[1].strip()
    return ""


def _shown(value: object) -> str:
    text = redact("none" if value is None else str(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
