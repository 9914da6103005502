"""Resolvers that conf/ uses, and the composed configuration as plain containers."""

from __future__ import annotations

import re
import warnings
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from astroclf.errors import UserError, one_line
from astroclf.installation import CONF, program

# Hydra 1.3 needs what Hydra 1.4 will not need any more, and OmegaConf 2.4 renames what comes next.
warnings.filterwarnings("ignore", "The version_base parameter is deprecated")
warnings.filterwarnings("ignore", r"register_new_resolver\(\) is deprecated")


def _sweep_name(study: str | None, fresh: str) -> str:
    """Return the folder name of a sweep: a study is resumed in its own, every other one gets a new one."""
    return study or fresh


def _study_name(*names: str) -> str:
    """Return the default name of a study: what is trained on what, as one folder name."""
    return re.sub(r"[^\w.+=@,-]+", "-", "-".join(map(str, names)), flags=re.ASCII)[:100].strip("-.")


def _search_space(strategy: str) -> str:
    """Return the file of conf/search/ for a fine-tuning strategy: its own, else default."""
    return strategy if (CONF / f"search/{strategy}.yaml").exists() else "default"


# Hydra resolves the folder of a sweep from these, so they are registered before anything is composed.
OmegaConf.register_new_resolver("sweep_name", _sweep_name, replace=True)
OmegaConf.register_new_resolver("study_name", _study_name, replace=True)
OmegaConf.register_new_resolver("search_space", _search_space, replace=True)
OmegaConf.register_new_resolver("program", program, replace=True)


def plain_config(config: DictConfig) -> dict[str, Any]:
    """Return a configuration as plain containers, without Hydra's own node and without `paths`.

    `model.weights=simulated` becomes the path of the bundle that experiment=pretrain_simulated writes.

    Raises UserError if a reference in it cannot be resolved.
    """
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    try:
        plain: dict[str, Any] = OmegaConf.to_container(own, resolve=True)  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise UserError(f"The settings cannot be resolved: {one_line(error)}.") from error
    paths = plain.pop("paths", None) or {}  # its values are in the settings that refer to it
    model = plain.get("model")
    if isinstance(model, dict) and model.get("weights") == "simulated" and "pretrained" in paths:
        model["weights"] = f"{paths['pretrained']}/simulated-{model.get('name')}/bundle"
    return plain
