from __future__ import annotations

import asyncio
from typing import Any

import pytest

from astroclf.serving.limits import BoundedBody, is_server, most_bytes

Messages = list[dict[str, Any]]


def answer_to(parts: list[bytes], bound: int, stated: int | None = None) -> tuple[Messages, Any]:
    """Return what a bounded application sends for a request in these parts, and the body it got."""
    requests = [
        {"type": "http.request", "body": part, "more_body": n < len(parts) - 1}
        for n, part in enumerate(parts)
    ]
    sent: Messages = []
    bodies: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return requests.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        bodies.append(body)
        await send({"type": "http.response.start", "status": 200})

    headers = [] if stated is None else [(b"content-length", str(stated).encode())]
    scope = {"type": "http", "headers": headers}
    asyncio.run(BoundedBody(app, bound)(scope, receive, send))
    return sent, bodies


def test_a_request_within_the_bound_arrives_unchanged() -> None:
    sent, bodies = answer_to([b"abc", b"de", b""], bound=5, stated=5)
    assert (sent[0]["status"], bodies) == (200, [b"abcde"])


@pytest.mark.parametrize("stated", [None, 6, 3])
def test_a_larger_request_is_answered_with_413(stated: int | None) -> None:
    sent, bodies = answer_to([b"abc", b"def"], bound=5, stated=stated)
    assert (sent[0]["status"], bodies) == (413, [])
    assert b"ASTROCLF_MAX_REQUEST_MB" in sent[1]["body"]


def test_the_bound_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert most_bytes() == 64 << 20
    monkeypatch.setenv("ASTROCLF_MAX_REQUEST_MB", "0.5")
    assert most_bytes() == 1 << 19


def test_only_the_process_of_a_server_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("__pyfunc_model_path__", raising=False)
    assert not is_server()
    monkeypatch.setenv("__pyfunc_model_path__", "models:/a/1")
    assert is_server()
