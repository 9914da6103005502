"""Report of the error that ends a program: one sentence if the input or the machine is the cause."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from collections.abc import Iterator

from astroclf.errors import UserError, one_line
from astroclf.redaction import redact

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
# PyTorch and safetensors write files themselves and raise errors of their own.
_TORCH_WRITER = re.compile(r"PytorchStreamWriter|inline_container")
_RUST_ERROR = re.compile(r"(?:Os \{ code: |os error )(\d+)")
_NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def report_error(error: Exception, subject: str = "") -> int:
    """Write the error to stderr and return the exit code: 2 for one sentence, 1 for a traceback.

    subject: prefix of the sentence, such as "job #0: ". HYDRA_FULL_ERROR=1 shows every traceback.
    """
    sentence = explain_error(error)
    if sentence is None or os.environ.get("HYDRA_FULL_ERROR"):
        traceback.print_exception(error)
        return 1
    print(f"astroclf: {subject}{redact(sentence)}", file=sys.stderr)
    return 2


def explain_error(error: Exception) -> str | None:
    """Return one sentence if the input or the machine is the cause, None for a defect."""
    if isinstance(error, UserError):
        return str(error)
    if is_out_of_memory(error):
        return (
            f"Out of memory ({one_line(error)}). Lower trainer.batch_size or dataset.image_px, choose "
            "a smaller model, or free memory."
        )
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno is not None:
            return _explain_os_error(cause.errno, cause.filename)
        rust = _RUST_ERROR.search(str(cause))
        if rust:
            return _explain_os_error(int(rust[1]), None)
        if _TORCH_WRITER.search(str(cause)):
            return _explain_os_error(errno.ENOSPC, None)
    return None


def is_out_of_memory(error: Exception) -> bool:
    """Return whether the memory of the machine or of the GPU was too small."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(phrase in text for phrase in OUT_OF_MEMORY)
    )


def _explain_os_error(number: int, path: object) -> str:
    reason = os.strerror(number)
    if number in _NO_SPACE:
        where = f"{path} cannot be written" if path else "A file cannot be written"
        return f"{where}: {reason}. Free some space; files written before are intact."
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path or 'A file'}: {reason}. Give the permission, or choose another folder."
    return f"{path or 'A file'}: {reason}."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and those that led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
