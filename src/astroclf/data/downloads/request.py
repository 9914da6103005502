"""One HTTP request for a file, or for the rest of it."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from astroclf.errors import one_line

BLOCK = 2**20  # bytes read at a time
AGENT = "astroclf"
PARTIAL, RANGE_NOT_SATISFIABLE = 206, 416
# The server may answer otherwise later: timeout, too many requests, and its own failures.
PASSING = (408, 425, 429, 500, 502, 503, 504)
SCHEMES = ("http", "https")


class Refused(Exception):  # noqa: N818 - an answer of the server
    """An answer that another attempt would not change."""


class Unfinished(Exception):  # noqa: N818 - an answer of the server
    """An attempt that may succeed later. wait_s: as the server states it, or None."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


def fetch(url: str, part: Path, timeout_s: float) -> None:
    """Download a file, or the part of it that is not in `part` yet.

    Raise Refused or Unfinished unless `part` has the length that the server states.
    """
    if urlsplit(url).scheme not in SCHEMES:
        raise Refused("not an address of http or https")
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            _store(response, part, have)
    except urllib.error.HTTPError as error:
        if error.code == RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)  # longer than the file: begin again
            raise Unfinished("the server has another file than the one that was begun") from error
        reason = f"the server answered {error.code} {error.reason}"
        if error.code in PASSING:
            raise Unfinished(reason, _stated_wait_s(error.headers)) from error
        raise Refused(reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unfinished(f"the connection failed ({one_line(error, 120)})") from error


def _store(response: Any, part: Path, have: int) -> None:
    """Append the rest, or write the whole where the server does not resume."""
    resumed = have > 0 and response.status == PARTIAL
    if resumed and not str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
        part.unlink()
        raise Unfinished("the server sent another part than the one that was requested")
    stated = response.headers.get("Content-Length")
    with part.open("ab" if resumed else "wb") as stream:
        while block := response.read(BLOCK):
            stream.write(block)
    wanted = None if stated is None else int(stated) + (have if resumed else 0)
    size = part.stat().st_size
    if wanted is not None and size != wanted:
        raise Unfinished(f"the connection ended after {size:,} of {wanted:,} bytes")


def _stated_wait_s(headers: Any) -> float | None:
    try:
        return max(0.0, float(headers.get("Retry-After")))
    except (TypeError, ValueError):  # absent, or a date
        return None
