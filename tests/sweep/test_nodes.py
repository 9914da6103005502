from __future__ import annotations

import ast
from pathlib import Path
from pkgutil import resolve_name

import pytest

from astroclf.sweep import nodes
from astroclf.sweep.nodes import NODES


def test_nodes_import_nothing() -> None:
    tree = ast.parse(Path(nodes.__file__).read_text())
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert {getattr(n, "module", None) for n in imports} == {"__future__", "typing"}


@pytest.mark.parametrize("kind", NODES)
def test_each_node_has_a_target_of_its_own(kind: nodes.Kind) -> None:
    targets = [node["_target_"] for node in NODES[kind].values()]
    assert len({resolve_name(target) for target in targets}) == len(targets)
