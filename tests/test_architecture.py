"""Architecture: imports between layers, cost of a start, and agreement of conf/ with the code."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from astroclf.setting_names import bases_of
from astroclf.settings import Settings
from astroclf.settings.groups import GROUPS, choices_of, selector_of
from astroclf.settings.sections import Section

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/astroclf"
MODULES = sorted(SOURCE.rglob("*.py"))

# Modules that every layer may import, and what else each top-level module or package may import.
FOUNDATION = {
    "commands", "composition", "errors", "failures", "files", "installation", "integrity", "interruption", "locks", "redaction",
    "setting_names", "settings", "status", "tables", "text_table", "vote_tree",
}  # fmt: skip
MAY_IMPORT: dict[str, set[str]] = {
    "commands": set(),
    "composition": set(),
    "errors": set(),
    "files": set(),
    "installation": set(),
    "integrity": set(),
    "locks": set(),
    "status": set(),
    "failures": set(),
    "interruption": set(),
    "overrides": {"sweep"},
    "setting_names": set(),
    "runs": {"data", "evaluation", "training"},
    "redaction": set(),
    "tables": set(),
    "vote_tree": set(),
    "text_table": set(),
    "settings": set(),
    "provenance": set(),
    "data": set(),
    "models": set(),
    "allocator": set(),
    "device": {"allocator"},
    "evaluation": set(),
    "sweep": set(),
    "reports": {"evaluation", "sweep"},
    "tracking": {"provenance", "runs"},
    "training": {"data", "device"},
    "inference": {"data", "device", "models", "training"},
    "bundle": {"data", "device", "evaluation", "inference", "models"},
    "serving": {"bundle", "data"},
    "export": {"bundle", "data", "device", "evaluation", "inference", "runs"},
    "tasks": {
        "bundle",
        "data",
        "device",
        "evaluation",
        "export",
        "inference",
        "models",
        "overrides",
        "provenance",
        "reports",
        "runs",
        "serving",
        "sweep",
        "tracking",
        "training",
    },
    "cli": {"app"},
    "api": {"bundle", "data", "evaluation", "export", "overrides", "runs", "tasks"},
    "app": {"overrides", "runs", "sweep", "tasks", "tracking", "training"},
}
HEAVY = {
    "cv2", "matplotlib", "mlflow", "optuna", "pandas", "PIL", "pydantic", "scipy", "sklearn", "timm",
    "torch", "torchvision",
}  # fmt: skip
NEEDED_LATE = {"matplotlib", "mlflow", "optuna", "sklearn", "timm"}

# Discriminators of the sections; the first comment of the file explains them.
SELECTORS = {"name", "family"}
GROUP_FILES = [file for group in GROUPS for file in sorted((ROOT / "conf" / group).glob("*.yaml"))]
CONF_FILES = sorted((ROOT / "conf").rglob("*.yaml"))


def path_in(folder: Path, file: Path) -> str:
    return str(file.relative_to(folder))


def layer_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_modules(file: Path) -> Iterator[str]:
    """Yield the full name of each import in the file, inside `if` and `def` too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def imported_layers(file: Path) -> set[str]:
    names = [name.split(".") for name in imported_modules(file)]
    return {name[1] for name in names if name[0] == "astroclf" and len(name) > 1}


def imports_when_loaded(file: Path) -> set[str]:
    """Return the modules of astroclf that are imported at the top level of the file."""
    top = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{name.name}" for node in top for name in node.names}
    names |= {str(node.module) for node in top}
    return {name for name in names if name.startswith("astroclf.")}


def test_no_modules_import_each_other_in_a_cycle() -> None:
    names = {
        path_in(SOURCE.parent, file).removesuffix(".py").replace(os.sep, "."): file
        for file in MODULES
        if file.name != "__init__.py"
    }
    graph = {name: imports_when_loaded(file) & set(names) for name, file in names.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize("file", MODULES, ids=lambda file: path_in(SOURCE, file))
def test_imports_go_downward_only(file: Path) -> None:
    layer = layer_of(file)
    if layer == "__init__":  # the public names, imported when they are used
        assert imported_layers(file) <= {"api", "data", "errors", "runs"}
        return
    assert layer in MAY_IMPORT, f"{layer} is new: state in MAY_IMPORT what it may import"
    assert imported_layers(file) <= MAY_IMPORT[layer] | FOUNDATION | {layer}


def test_the_foundation_imports_no_heavy_library() -> None:
    for file in MODULES:
        if layer_of(file) in FOUNDATION:
            assert not {name.split(".")[0] for name in imported_modules(file)} & HEAVY - {
                "pydantic"
            }


@pytest.mark.parametrize("flags", [["--cfg", "job"], ["--help"]], ids=" ".join)
def test_cfg_and_help_import_no_heavy_library(flags: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "run.py", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0
    imported = set(re.findall(r"\| +(\w+)\n", ran.stderr))
    assert "hydra" in imported
    assert not imported & HEAVY
    if flags == ["--help"]:
        assert len(ran.stdout.splitlines()) <= 48, "help should fit on a screen"
        # Hydra writes the files of a group on one line.
        assert all(len(line) <= 160 for line in ran.stdout.splitlines())
    else:
        assert ran.stdout.startswith("task:\n  name: train\n")


def test_a_training_imports_optional_libraries_when_used() -> None:
    show = f"import sys, astroclf.tasks.train; print(*{NEEDED_LATE!r} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def content_of(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = OmegaConf.to_container(OmegaConf.load(file))  # type: ignore[assignment]
    return content


def section_of(file: Path) -> type[Section]:
    group = file.parent.name
    selected = stated(file).get(str(selector_of(group)), "")
    return choices_of(group).get(selected, GROUPS[group][-1])  # the last may be open to any name


def stated(file: Path) -> dict[str, Any]:
    """Return the keys of a file and of the files of its group that it is based on."""
    content = content_of(file)
    bases = bases_of(file, content.pop("defaults", []))
    below = {key: value for base in bases for key, value in stated(base).items()}
    return below | content


@pytest.mark.parametrize("file", GROUP_FILES, ids=lambda file: path_in(ROOT / "conf", file))
def test_a_conf_file_has_the_keys_of_its_section(file: Path) -> None:
    assert set(stated(file)) == set(section_of(file).model_fields)


def test_every_group_has_a_section_and_every_section_a_file() -> None:
    folders = {file.parent.name for file in CONF_FILES} - {
        "conf",
        "experiment",
        "help",
        "hydra_logging",
        "job_logging",
        "local",
        "paths",
        "schema",
    }
    assert folders == set(GROUPS)
    sections_there = {section for classes in GROUPS.values() for section in classes}
    assert sections_there == set(map(section_of, GROUP_FILES))


def names_read() -> set[str]:
    """Return attributes that are read, and columns given to getattr; of sections, what a property reads."""
    names = set()
    for file in MODULES:
        nodes = list(ast.walk(ast.parse(file.read_text())))
        if SOURCE / "settings/sections" in file.parents:
            nodes = [each for node in nodes if is_property(node) for each in ast.walk(node)]
        names |= {n.attr for n in nodes if isinstance(n, ast.Attribute) and not stores(n)}
        if any(isinstance(n, ast.Name) and n.id == "getattr" for n in nodes):
            names |= {
                n.value for n in nodes if isinstance(n, ast.Constant) and type(n.value) is str
            }
    return names


def is_property(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(each, ast.Name) and each.id == "property" for each in node.decorator_list
    )


def stores(attribute: ast.Attribute) -> bool:
    return isinstance(attribute.ctx, ast.Store)


def test_every_key_is_read_by_code() -> None:
    classes = [Settings, *(section for classes in GROUPS.values() for section in classes)]
    fields = {field for each in classes for field in each.model_fields}
    assert len(fields) > 50
    # A group of one choice, with nothing to say but its name, leaves nothing to read.
    empty = {
        group for group, classes in GROUPS.items() if len(classes) == 1 and says_nothing(*classes)
    }
    assert fields - SELECTORS - empty - names_read() == set()


def says_nothing(section: type[Section]) -> bool:
    return set(section.model_fields) <= SELECTORS


@pytest.mark.parametrize("file", CONF_FILES, ids=lambda file: path_in(ROOT / "conf", file))
def test_a_conf_file_starts_with_a_comment(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    assert re.fullmatch(r"#( @package _global_| [A-Z].{10,})", first), first


def explained_keys(file: Path) -> set[str]:
    """Return the keys with a comment on their line."""
    return {
        match[1]
        for line in file.read_text().splitlines()
        if (match := re.match(r" *(?:- )?(?:optional )?(\w+)(?:@\w+)?:.* # \S", line))
    }


@pytest.mark.parametrize(
    "file",
    [
        ROOT / "conf/config.yaml",
        ROOT / "conf/image_files.yaml",
        *GROUP_FILES,
        ROOT / "conf/paths/default.yaml",
    ],
    ids=lambda file: path_in(ROOT / "conf", file),
)
def test_every_conf_key_has_a_comment(file: Path) -> None:
    content = content_of(file)
    defaults = content.pop("defaults", [])
    bases = bases_of(file, defaults)
    explained = explained_keys(file).union(SELECTORS, *map(explained_keys, bases))
    keys = set(map(str, content)) - {"hydra"}  # Hydra explains its own
    groups = {str(next(iter(entry))) for entry in defaults if not isinstance(entry, str)}
    # Groups of one task have their own files.
    groups = {group for group in groups if not group.startswith("/")}
    keys |= {
        group.removeprefix("optional ").partition("@")[0]
        for group in groups
        if not group.startswith("override ")
    }
    assert keys - explained == set()


def test_no_module_has_a_vague_name() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
    assert not [file for file in MODULES if file.stem in vague]


def test_every_module_can_be_imported_and_has_a_docstring() -> None:
    for file in MODULES:
        name = path_in(SOURCE.parent, file).removesuffix(".py").replace(os.sep, ".")
        module = importlib.import_module(name.removesuffix(".__init__"))
        assert module.__doc__, f"{name} has no docstring"
