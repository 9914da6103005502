from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from astroclf.tracking.artifacts import file_version, upload


def test_the_version_of_a_file_changes_with_its_size_and_its_time(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert file_version(file) == ""
    file.write_text("page")
    os.utime(file, ns=(1, 5))
    assert file_version(file) == "4-5"
    os.utime(file, ns=(1, 6))
    assert file_version(file) == "4-6"


def test_the_version_of_a_folder_is_the_sum_of_sizes_and_the_newest_time(tmp_path: Path) -> None:
    for name, time_ns in (("bundle.json", 7), ("weights/model.safetensors", 3)):
        file = tmp_path / "bundle" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("12345")
        os.utime(file, ns=(time_ns, time_ns))
    assert file_version(tmp_path / "bundle") == "10-7"


def test_a_folder_keeps_its_name_on_the_server(tmp_path: Path) -> None:
    calls: list[Any] = []
    client: Any = SimpleNamespace(
        log_artifacts=lambda *given: calls.append(given),
        log_artifact=lambda *given: calls.append(given),
    )
    (tmp_path / "bundle").mkdir()
    (tmp_path / "report.html").touch()
    for name in ("bundle", "report.html"):
        upload(client, "run", tmp_path / name)
    folder, file = str(tmp_path / "bundle"), str(tmp_path / "report.html")
    assert calls == [("run", folder, "bundle"), ("run", file)]
