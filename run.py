"""Compose the configuration in conf/ and do the task it names: `python run.py --help`."""

import sys
from typing import Any

import hydra
from omegaconf import DictConfig

from astroclf.app import dispatch, require_readable


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(config: DictConfig) -> Any:
    return dispatch(config)


if __name__ == "__main__":
    require_readable(sys.argv[1:])
    main()
