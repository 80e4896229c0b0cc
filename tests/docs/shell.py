"""One bash that carries out the commands of a document in order, with whatever they start, and ends it all."""

import os
import re
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Timer

PORT = 8000
"""The port that documents name; a free one takes its place."""
SUITE = {"make test", "make check", "make e2e"}
"""Commands that are only looked up: a suite does not start itself."""
PATIENCE_SECONDS = 300
LISTENS = "Uvicorn running on"
SERVES = re.compile(r"^(\w+=\S+ )*(make|io-coding) serve\b")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Shell:
    """A bash in a folder; use it as a context manager."""

    folder: object
    environment: dict = field(repr=False)
    port: int = field(default_factory=free_port)
    server: subprocess.Popen | None = field(default=None, repr=False)

    def __enter__(self):
        self.bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_):
        self.stop_server()
        end(self.bash)

    def run(self, command):
        """Give exit code and output of a command; a server goes on running until the next one starts."""
        if SERVES.match(command):
            return self.serve(command)
        if command in SUITE:
            command = f"make --dry-run {command.removeprefix('make ')}"
        done = f"done-{secrets.token_hex(8)}"
        self.bash.stdin.write(f"{self.to_free_port(command)}\nprintf '\\n%s %s\\n' {done} $?\n")
        self.bash.stdin.flush()
        too_long = Timer(PATIENCE_SECONDS, os.killpg, [self.bash.pid, signal.SIGKILL])
        too_long.start()
        output = "\n"
        while not (found := re.search(rf"\n{done} (\d+)\n", output)):
            line = self.bash.stdout.readline()
            assert line, f"the shell ended, or took too long, at: {command}"
            output += line
        too_long.cancel()
        return int(found[1]), self.to_documented_port(output[1 : found.start()])

    def serve(self, command):
        """Start a server in the place of the last one, in the environment that the commands so far have made."""
        self.stop_server()
        command = self.to_free_port(command).replace("make serve", f"make -o .venv/.base serve PORT={self.port}")
        log = self.folder / f"server-{secrets.token_hex(4)}.log"
        _, exported = self.run("export -p")
        with log.open("w") as stream:
            self.server = subprocess.Popen(
                ["bash", "-c", f"{exported}\n{command}"],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        give_up = time.monotonic() + PATIENCE_SECONDS
        while LISTENS not in log.read_text() and self.server.poll() is None and time.monotonic() < give_up:
            time.sleep(0.1)
        return self.server.poll() or 0, self.to_documented_port(log.read_text())

    def stop_server(self):
        if self.server is not None:
            end(self.server)
            self.server = None

    def to_free_port(self, text):
        return re.sub(rf"(127\.0\.0\.1:|--port ){PORT}\b", rf"\g<1>{self.port}", text)

    def to_documented_port(self, text):
        return re.sub(rf"(127\.0\.0\.1:|--port |PORT=){self.port}\b", rf"\g<1>{PORT}", text)


def end(process):
    """End a process with all that it started, gently first."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
            return
