"""Shared fixtures: settings composed from conf/, a small simulated sky, a run in a folder."""

from __future__ import annotations

import os

# Both are read once, when their library is imported.
os.environ["HF_HUB_OFFLINE"] = "1"  # no test requests weights from the internet
os.environ["OMP_NUM_THREADS"] = "1"  # threads that wait for each other make small trainings slow

import logging
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings as hypothesis_settings

from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError
from astroclf.settings import Settings, read_settings
from fixtures.composition import compose_config

# A busy machine is slow, and that is no failure.
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.load_profile("patient")

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared/data"

# Small enough that a training takes a second; a test's own overrides come after these.
SMALL = (
    "tracking=none",
    "evaluation.bootstrap_resamples=20",
    "trainer.device=cpu",
    "trainer.precision=fp32",
    "trainer.channels_last=false",
    "trainer.batch_size=16",
    "trainer.epochs=2",
)
SMALL_SKY = ("dataset.n_images=64", "dataset.image_px=32")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of prepared images for the whole session."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def small_overrides(cache: Path) -> Callable[..., list[str]]:
    """small_overrides(*overrides): those that make a run small, then the given ones."""

    def build(*overrides: str) -> list[str]:
        is_simulated = not any(
            override.startswith("dataset=") and override != "dataset=simulated"
            for override in overrides
        )
        sky = SMALL_SKY if is_simulated else ()
        return [*SMALL, *sky, f"dataset.cache={cache}", *overrides]

    return build


@pytest.fixture(scope="session")
def config(small_overrides: Callable[..., list[str]]) -> Callable[..., dict[str, Any]]:
    """config(*overrides): the plain configuration of a small run."""
    return lambda *overrides: compose_config(*small_overrides(*overrides))


@pytest.fixture(scope="session")
def settings(config: Callable[..., dict[str, Any]]) -> Callable[..., Settings]:
    """settings(*overrides): the checked settings of a small run."""
    return lambda *overrides: read_settings(config(*overrides))


@pytest.fixture(scope="session")
def refusal(config: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """refusal(*overrides): the sentence with which the settings of a small run are refused."""

    def refuse(*overrides: str) -> str:
        with pytest.raises(UserError) as refused:
            read_settings(config(*overrides))
        return str(refused.value)

    return refuse


@pytest.fixture(scope="session")
def simulated_dataset(settings: Callable[..., Settings]) -> ImageDataset:
    """64 simulated stars and galaxies of 32 px in three bands, with splits."""
    from astroclf.data.sources import load_dataset

    return load_dataset(settings().dataset)


@pytest.fixture(scope="session")
def train_run(
    config: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """train_run(*overrides): does the task, and returns the new folder of its results."""

    def run(*overrides: str) -> Path:
        from astroclf.tasks.run import open_run
        from astroclf.tasks.task import run_task

        folder = tmp_path_factory.mktemp("run")
        plain = config(*overrides)
        run_task(open_run(read_settings(plain), folder))
        return folder

    return run


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., ImageDataset]:
    """make_dataset(n, ...): noise with a label on each image, two thirds of it train, the rest val."""

    def make(
        n: int = 12,
        channels: int = 3,
        px: int = 8,
        n_classes: int = 2,
        *,
        votes: bool = False,
        dtype: type = np.uint8,
        all_train: bool = False,
    ) -> ImageDataset:
        rng = np.random.default_rng(n)
        images = rng.integers(0, 256, (n, channels, px, px)).astype(dtype)
        classes = tuple("abcdefgh"[:n_classes])
        targets = np.arange(n) % n_classes
        if votes:
            targets = rng.dirichlet(np.ones(n_classes), n).astype(np.float32)
        return ImageDataset(
            images=images,
            targets=targets,
            ids=np.array([f"image-{i}" for i in range(n)]),
            classes=classes,
            split=np.where(all_train | (np.arange(n) % 6 < 4), "train", "val"),
            pixels=Pixels(
                tuple(f"band-{i}" for i in range(channels)),
                0.4,
                "asinh" if dtype == np.uint8 else "linear",
            ),
        )

    return make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real images beside the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no ../shared/data")
    return SHARED_DATA


class Page(HTMLParser):
    """Sections, links and text of a page; fails on a tag that is closed in the wrong place."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source, self.text = source, ""
        self.open: list[str] = []
        self.sections: list[str | None] = []
        self.links: list[str] = []
        self.feed(source)
        assert self.open == []
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self.sections.append(dict(attrs)["id"])
        self.handle_startendtag(tag, attrs)
        assert tag != "script"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [str(value) for key, value in attrs if key in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += f" {data}"

    def check_self_contained(self) -> None:
        assert "http" not in self.source
        # A link without a scheme leads to a file of the same folder.
        assert all(re.match(r"data:image/|#|[\w-]+[\w/.-]*$", link) for link in self.links)
        assert "@import" not in self.source
        assert set(re.findall(r"url\((.)", self.source)) <= {"#"}
        targets = {link[1:] for link in self.links if link.startswith("#")}
        assert targets <= set(re.findall(r' id="([^"]+)"', self.source))
        assert len(self.source) < 3_000_000


@pytest.fixture(scope="session")
def read_page() -> Callable[[Path], Page]:
    """Return read_page(file): the content of an HTML file."""
    return lambda file: Page(file.read_text(encoding="utf-8"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={2 << 20}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def computed() -> Iterator[list[int]]:
    """Numbers of features that frozen backbones computed, one for each pass that computed any."""
    numbers: list[int] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.msg.startswith("computing") and isinstance(record.args, tuple):
                numbers.append(int(str(record.args[0])))

    logger, handler = logging.getLogger("astroclf.inference.feature_cache"), Collect()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield numbers
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


class Ran(NamedTuple):
    """Exit code and output of run.py."""

    code: int
    out: str
    err: str


@pytest.fixture
def run_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ran]]:
    """run_here(*arguments): run.py in this process, in the test's own folder; returns `Ran`."""
    root, package = logging.getLogger(), logging.getLogger("astroclf")
    before = (list(root.handlers), root.level, package.level)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        capsys.readouterr()
        code: Any = 0
        try:
            runpy.run_path(str(ROOT / "run.py"), run_name="__main__")
        except SystemExit as left:
            code = left.code
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    yield run
    for handler in set(root.handlers) - set(before[0]):
        handler.close()
    root.handlers[:], level, package_level = before
    root.setLevel(level)
    package.setLevel(package_level)


@pytest.fixture
def run_process(tmp_path: Path) -> Callable[..., Ran]:
    """run_process(*arguments, full_error=False): run.py as a user starts it; returns `Ran`."""
    environment = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}

    def run(*arguments: str, full_error: bool = False) -> Ran:
        done = subprocess.run(
            [sys.executable, str(ROOT / "run.py"), *arguments],
            cwd=tmp_path,
            env=environment | ({"HYDRA_FULL_ERROR": "1"} if full_error else {}),
            capture_output=True,
            text=True,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
