"""Files of the model hub (Hugging Face): from its cache, or downloaded after one request."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from astroclf.errors import one_line

# Timeout of the hub.
TIMEOUT_S = 5.0
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


def find_hub_file(repository: str, file_names: Sequence[str]) -> Path | str:
    """Return the first of the files that a repository has, or the reason why there is none.

    At most one request of `TIMEOUT_S` seconds for each file that is not in the cache; a download that
    has begun is finished.
    """
    return _cached(repository, file_names) or _download(repository, file_names)


def _cached(repository: str, file_names: Sequence[str]) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    for file_name in file_names:
        path = try_to_load_from_cache(repository, file_name)
        if isinstance(path, str):
            return Path(path)
    return None


def _download(repository: str, file_names: Sequence[str]) -> Path | str:
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    if constants.HF_HUB_OFFLINE:
        return "not in the hub's cache, and HF_HUB_OFFLINE is set"
    for file_name in file_names:
        reason = _hub_refuses(repository, file_name)
        if reason is not None:
            if reason == "no such file":
                continue
            return reason
        try:
            return Path(hf_hub_download(repository, file_name, etag_timeout=TIMEOUT_S))
        except EntryNotFoundError:
            continue
        except Exception as error:
            return f"the download broke off: {one_line(error, 160)}"
    return f"{repository} on the model hub holds none of {', '.join(file_names)}"


def _hub_refuses(repository: str, file_name: str) -> str | None:
    """Return the reason why a file cannot be downloaded, or None if it can.

    The request runs in a thread, since a name lookup can exceed any timeout.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    reasons: list[str | None] = []

    def request() -> None:
        try:
            get_hf_file_metadata(hf_hub_url(repository, file_name), timeout=TIMEOUT_S)
            reasons.append(None)
        except EntryNotFoundError:
            reasons.append("no such file")
        except Exception as error:
            reasons.append(f"the model hub cannot be reached: {one_line(error, 160)}")

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    return reasons[0] if reasons else f"the model hub did not answer within {TIMEOUT_S:.0f} s"
