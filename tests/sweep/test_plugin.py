"""Registration of the sweeper, for this application only."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.config_store import ConfigStore

from hydra_plugins.astroclf_sweeper import AstroclfSearchPath

CONF = Path(__file__).parents[2] / "conf"


def registered(provider: str, path: str) -> set[str]:
    """Groups of what the plugin registers for an application with this search path."""
    search_path = ConfigSearchPathImpl()
    search_path.append("hydra", "pkg://hydra.conf")
    search_path.append(provider, path)
    with patch.object(ConfigStore, "store") as store:
        AstroclfSearchPath().manipulate_search_path(search_path)
    return {call.kwargs["group"] for call in store.call_args_list}


@pytest.mark.parametrize("path", [str(CONF), f"file://{CONF}"])
def test_this_application_has_its_sweeper(path: str) -> None:
    groups = {"hydra/sweeper", "hydra/sweeper/sampler", "hydra/sweeper/pruner"}
    assert registered("main", path) == groups


def test_other_applications_keep_their_sweeper(tmp_path: Path) -> None:
    assert registered("main", str(tmp_path)) == set()
    assert registered("main", "pkg://somewhere.conf") == set()
    assert registered("another plugin", str(CONF)) == set()
