"""Bounds of a request to `mlflow models serve`, whose server has none of its own."""

from __future__ import annotations

import os
from typing import Any

MOST_IMAGES = 1000  # of one request
MOST_BYTES = 64 * 2**20  # of the body of one request
ENVIRONMENT = "ASTROCLF_MAX_REQUEST_MB"  # another bound of the body
SERVED_MODEL = "__pyfunc_model_path__"  # MLflow's variable in the process of its server


def is_server() -> bool:
    """Return whether this process is MLflow's server of a model."""
    return SERVED_MODEL in os.environ


def most_bytes() -> int:
    """Return the bound of the body of a request."""
    megabytes = os.environ.get(ENVIRONMENT, "")
    return int(float(megabytes) * 2**20) if megabytes else MOST_BYTES


def bound_requests() -> None:
    """Make the application that MLflow's server builds next refuse larger requests, with status 413.

    The server takes FastAPI from its module after it has loaded the model.
    """
    import fastapi

    bound = most_bytes()

    class BoundedApp(fastapi.FastAPI):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await BoundedBody(super().__call__, bound)(scope, receive, send)

    fastapi.FastAPI = BoundedApp  # type: ignore[misc]


class BoundedBody:
    """ASGI application that reads at most `bound` bytes of a request, and answers 413 to a larger one."""

    def __init__(self, app: Any, bound: int) -> None:
        self.app = app
        self.bound = bound

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"")
        if stated.isdigit() and int(stated) > self.bound:
            await self._refuse(send)
            return
        messages, size, is_whole = [], 0, False
        while not is_whole:
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.bound:
                await self._refuse(send)
                return
            messages.append(message)
            is_whole = not message.get("more_body", False)

        async def replay() -> Any:
            return messages.pop(0) if messages else await receive()

        await self.app(scope, replay, send)

    async def _refuse(self, send: Any) -> None:
        megabytes = self.bound / 2**20
        text = (
            f"The request is larger than {megabytes:g} MiB. Send fewer images at a time, or start the "
            f"server with {ENVIRONMENT}=<number>."
        )
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})
