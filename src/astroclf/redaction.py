"""Redaction of credentials in addresses, commands, settings and log lines."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TypeVar

from astroclf.files import write_text

MASK = "***"

T = TypeVar("T")

# Behind scheme://, user:password@ or token@; the name of a database user alone is no secret.
# A password may hold "/" and "@", but what follows a port does not: http://host:5000/a@b.
_PASSWORD = r"""[^/?#:\s'"]*:(?!\d+[/?#])[^\s'"]*@"""
_USER_INFO = re.compile(
    rf"""(\bhttps?://)(?:[^/?#\s'"]*@|{_PASSWORD})|(\b[a-z][\w+.-]*://)(?!/){_PASSWORD}""",
    re.IGNORECASE,
)
# password=... in the query of an address, or inside an ODBC string that is itself percent-encoded.
_QUERY = re.compile(
    r"""((?:[?&;]|%3B)
    (?:[\w.-]*(?:passw|pwd|passphrase|token|secret|api_?key|access_?key|credential|signature)[\w.-]*
       |auth|authorization|sig|key)
    (?:=|%3D))
    (?:(?!%3B)[^&;#\s'"])+""",
    re.IGNORECASE | re.VERBOSE,
)


def redact(text: str) -> str:
    """Return the text with the credentials of every address in it replaced by `***`.

    Credentials are `user:password@`, the `token@` of a web address, and the values of query
    parameters such as `password`, `token` and `api_key`.
    """
    return _QUERY.sub(rf"\1{MASK}", _USER_INFO.sub(rf"\1\2{MASK}@", text))


def redact_values(content: T) -> T:
    """Return nested dicts, lists and tuples with every text in them redacted."""
    if isinstance(content, str):
        return redact(content)  # type: ignore[return-value]
    if isinstance(content, dict):
        return {key: redact_values(value) for key, value in content.items()}  # type: ignore[return-value]
    if isinstance(content, (list, tuple)):
        return type(content)(redact_values(value) for value in content)
    return content


def redact_files(folder: Path) -> None:
    """Redact the YAML files of a folder, each in one step; a folder that is not there has none."""
    for file in sorted(folder.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        if redact(text) != text:
            write_text(file, redact(text))


class RedactingFormatter(logging.Formatter):
    """Formatter that redacts whole log lines, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
