"""A model is trained, registered, served by MLflow on a free port, and answers as its bundle."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest

from astroclf.bundle import Bundle, read_bundle

pytestmark = pytest.mark.slow
CLASSES = ("galaxy", "star")
LIMIT_MB = 1


class Server(NamedTuple):
    """A served model: its address, its bundle, and the folder of its images."""

    address: str
    bundle: Bundle
    images: Path

    def post(self, body: bytes) -> tuple[int, Any]:
        """Return the status and the answer to a request."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/invocations", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)["predictions"]
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def announce(self, size: int) -> tuple[int, str]:
        """Return the status and the answer to the headers of a request, of which no byte is sent."""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=60)
        connection.putrequest("POST", "/invocations")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def predict(self, *rows: dict[str, Any]) -> list[dict[str, Any]]:
        status, answer = self.post(json.dumps({"dataframe_records": rows}).encode())
        assert status == 200, answer
        return list(answer)


def write_pictures(root: Path) -> Path:
    """Write 60 pictures of two classes, which differ in their width."""
    rng = np.random.default_rng(0)
    axis = np.arange(24) - 11.5
    for number in range(60):
        name, width = (CLASSES[number % 2], (5.0, 1.5)[number % 2])
        profile = np.exp(-((axis / width) ** 2) / 2)
        flux = 180 * profile[:, None] * profile + rng.normal(10, 4, (24, 24))
        picture = np.repeat(flux.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
        (root / name).mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / name / f"{number:02}.png"), picture)
    return root


@pytest.fixture(scope="module")
def server(
    train_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Train, log and register a model, and serve it until the tests end."""
    folder = tmp_path_factory.mktemp("served")
    images, uri = write_pictures(folder / "images"), f"sqlite:///{folder}/mlflow.db"
    data = ("dataset=image_folder", f"dataset.root={images}", "trainer.epochs=4")
    tracked = ("tracking=mlflow", f"tracking.uri={uri}", "tracking.log_model=true")
    run = train_run(*data, *tracked, "tracking.register=pictures", "model.widths=[4,8]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/pictures/1"]
    source = str(Path(__file__).parents[2] / "src")
    process = subprocess.Popen(
        [*command, "--env-manager", "local", "--port", str(port)],
        env=os.environ
        | {"MLFLOW_TRACKING_URI": uri, "PYTHONPATH": source}
        | {"ASTROCLF_MAX_REQUEST_MB": str(LIMIT_MB)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process)
        yield Server(address, read_bundle(run / "bundle", "cpu"), images)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 180
    while time.monotonic() < deadline_s:
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{address}/ping", timeout=5)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the server does not answer")


def encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


def test_files_are_answered_as_the_bundle_predicts_them(server: Server) -> None:
    files = sorted(server.images.glob("*/*.png"))[::10]
    answer = server.predict(*({"id": each.stem, "file": encoded(each)} for each in files))
    expected = server.bundle.prediction(server.bundle.read_files(files))
    assert [row["id"] for row in answer] == [each.stem for each in files]
    assert [row["label"] for row in answer] == [CLASSES[k] for k in expected.labels]
    shares = [[row[f"p_{name}"] for name in CLASSES] for row in answer]
    np.testing.assert_allclose(shares, expected.probabilities, atol=1e-5)
    assert expected.unlike_training is not None
    unlike = [row["unlike_training"] for row in answer]
    np.testing.assert_allclose(unlike, expected.unlike_training, atol=0.05)


def test_arrays_are_answered_like_files(server: Server) -> None:
    file = server.images / "star/01.png"
    array = server.bundle.read_files(file)[0]
    of_file, of_array = server.predict({"file": encoded(file)}, {"array": array.tolist()})
    assert of_file["p_star"] == pytest.approx(of_array["p_star"], abs=1e-6)


def test_a_bad_image_has_a_reason_and_the_others_are_answered(server: Server) -> None:
    good = {"file": encoded(server.images / "galaxy/00.png")}
    bad = {"file": base64.b64encode(b"text").decode()}
    first, second, third = server.predict(good, bad, good)
    assert (first["reason"], third["reason"]) == ("", "")
    assert second["reason"].startswith("not a JPEG")
    assert second["label"] is None
    assert first["p_star"] == pytest.approx(third["p_star"], abs=1e-6)


def test_a_request_that_is_too_large_is_refused(server: Server) -> None:
    status, answer = server.announce((LIMIT_MB << 20) + 1)
    assert status == 413
    assert "ASTROCLF_MAX_REQUEST_MB" in answer
    rows = [{"id": str(number)} for number in range(1001)]
    status, answer = server.post(json.dumps({"dataframe_records": rows}).encode())
    assert status == 400
    assert "1,001 images, more than the 1,000" in answer


@pytest.mark.filterwarnings("ignore")  # those of MLflow about its own code
def test_the_registered_model_is_loaded_from_python(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")  # set by MLflow below; absent again at the end
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    import mlflow
    import pandas as pd

    uri = f"sqlite:///{server.images.parent}/mlflow.db"
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        loaded = mlflow.pyfunc.load_model("models:/pictures/1")
    finally:
        mlflow.set_tracking_uri(before)
    file = server.images / "star/03.png"
    answer = loaded.predict(pd.DataFrame({"file": [encoded(file)]}))
    expected = server.bundle.predict(server.bundle.read_files(file))[0, 1]
    assert float(answer["p_star"][0]) == pytest.approx(expected, abs=1e-5)
