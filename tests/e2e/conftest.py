"""Fixtures of what a person sees: Chromium of the system, a server of our own, and a folder for what is worth keeping.

Playwright is imported on use, for the environment of the suite does not have it.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"
CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""The first lets root start it, the others keep it from calling anybody by itself."""
PATIENCE_SECONDS = 120


@pytest.fixture(scope="session")
def artefacts():
    """The folder of screenshots and logs."""
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS


@pytest.fixture(scope="session")
def browser():
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serve():
    """Start a server with these settings on a free port; gives its address."""

    @contextmanager
    def start(log, **settings):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = os.environ | {f"CODING_SERVICE_{name.upper()}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-m", "coding_service.cli.main", "serve", "--port", str(port)]
        with log.open("w") as stream:
            process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/ready", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)

    return start


def wait_until_ready(address, process, log):
    give_up = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text()}")
