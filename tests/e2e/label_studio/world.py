"""A real Label Studio and our server beside it, each a process of its own on a free loopback port, both on SQLite."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[3]
LABEL_STUDIO = Path(os.environ.get("LABEL_STUDIO_COMMAND", ROOT / ".venv-label-studio" / "bin" / "label-studio"))
TOKEN = "0123456789abcdef0123456789abcdef01234567"
SECRET = "shared-by-the-test-and-nobody-else"
ADMIN = "admin@north.example"
PASSWORD = "a-password-of-the-test-1"
PATIENCE_SECONDS = 180


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def wait_until(what, told="it did not happen", seconds=PATIENCE_SECONDS):
    """Give the first true answer; fail after a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(told)


@dataclass
class Program:
    """A process that can be stopped and started again on the same port."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    health: str
    process: Any = None

    def start(self):
        with self.log.open("a") as stream:
            self.process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        wait_until(self.answers, f"{self.command[0]} did not start, see {self.log}")

    def answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.command[0]} ended, see {self.log}")
        try:
            with urllib.request.urlopen(self.health, timeout=5) as answer:  # noqa: S310 - our own program
                return answer.status == HTTPStatus.OK
        except OSError:
            return False

    def stop(self, *, kill=False):
        if self.process is not None and self.process.poll() is None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(timeout=30)


@dataclass
class World:
    """Both servers, and what the test does with them."""

    folder: Path
    bundles: Path
    artefacts: Path
    studio_url: str = ""
    server_url: str = ""
    studio: Any = None
    server: Any = None
    projects: dict = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, bundles: Path, artefacts: Path) -> "World":
        world = cls(folder, bundles, artefacts)
        studio_port, server_port = free_port(), free_port()
        world.studio_url, world.server_url = (f"http://127.0.0.1:{port}" for port in (studio_port, server_port))
        world.studio = Program(
            [str(LABEL_STUDIO), "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(studio_port)],
            {
                "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "label-studio"),
                "LABEL_STUDIO_USERNAME": ADMIN,
                "LABEL_STUDIO_PASSWORD": PASSWORD,
                "LABEL_STUDIO_USER_TOKEN": TOKEN,
                "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
                "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
                "SENTRY_DSN": "",
                "FRONTEND_SENTRY_DSN": "",
                "COLLECT_ANALYTICS": "false",
                "LATEST_VERSION_CHECK": "false",
                "SSRF_PROTECTION_ENABLED": "false",
                "ML_BLOCK_LOCAL_IP": "false",
            },
            artefacts / "label-studio.log",
            f"{world.studio_url}/health",
        )
        world.server = world.our_server(server_port, "label-studio-our-server.log")
        return world

    def our_server(self, port, log) -> Program:
        """Our server on this store; not started yet."""
        command = [sys.executable, "-m", "coding_service.cli.main", "serve", "--port", str(port)]
        return Program(command, self.environment, self.artefacts / log, f"http://127.0.0.1:{port}/live")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CODING_SERVICE_DATABASE": f"sqlite:///{self.folder / 'store.sqlite'}",
            "CODING_SERVICE_BUNDLES": str(self.bundles),
            "CODING_SERVICE_BUNDLE": "starter",
            "CODING_SERVICE_BLIND_SHARE": "0",
            "CODING_SERVICE_SECOND_CODING_SHARE": "0",
            "CODING_SERVICE_POLL_SECONDS": "1",
            "CODING_SERVICE_LABEL_STUDIO_URL": self.studio_url,
            "CODING_SERVICE_LABEL_STUDIO_TOKEN": TOKEN,
            "CODING_SERVICE_LABEL_STUDIO_SECRET": SECRET,
        }

    def cli(self, *arguments, check=True, **environment):
        done = subprocess.run(
            [sys.executable, "-m", "coding_service.cli.main", *arguments],
            env={**os.environ, **self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"io-coding {' '.join(arguments)} gave {done.returncode}: {done.stderr}")
        return done

    def api(self, method, path, body=None, **parameters):
        """Call Label Studio itself, as an administrator would."""
        address = f"{self.studio_url}{path}?{urlencode(parameters)}"
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, content, headers, method=method)  # noqa: S310 - a loopback address
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:300]}") from None
        return json.loads(content) if content else None

    def import_reviews(self, jurisdiction, texts, **environment):
        """Bring one review for each text into the store."""
        lines = [
            json.dumps({"id": f"r{number}", "narratives": [{"id": "n", "text": text}]})
            for number, text in enumerate(texts)
        ]
        file = self.folder / f"{jurisdiction}.jsonl"
        file.write_text("\n".join(lines), encoding="utf-8")
        arguments = "--jurisdiction", jurisdiction, "--new-jurisdiction"
        self.cli("reviews", "import", str(file), *arguments, **environment)

    def init(self, purpose="first", jurisdiction="north", *, connected=True, **environment):
        """Set a project up; unless it is connected, Label Studio calls nobody."""
        server = ("--server", self.server_url) if connected else ()
        arguments = ("--jurisdiction", jurisdiction, "--purpose", purpose, *server)
        return self.cli("label-studio", "init", *arguments, **environment).stderr

    def init_project(self, jurisdiction, purpose="first", **more) -> int:
        """Set a project up and give its number."""
        return int(re.search(r"Project (\d+) is", self.init(purpose, jurisdiction, **more))[1])

    def user(self, email) -> int:
        """Make a user of Label Studio and give the number."""
        return self.api("POST", "/api/users/", {"email": email, "username": email.partition("@")[0] + email[-14:]})[
            "id"
        ]

    def tasks(self, project) -> dict[str, dict[str, Any]]:
        """The tasks of a project with all they hold, by their text."""
        listed = self.api("GET", "/api/tasks", project=project, fields="all", page_size=1000)["tasks"]
        return {task["data"]["text"]: task for task in listed}

    def annotations(self, project) -> list[sqlite3.Row]:
        """What Label Studio's own database holds, skipped ones too: id, task, text, e-mail address, skipped, result."""
        query = """SELECT a.id, a.task_id AS task, t.data ->> 'text' AS text, u.email, a.was_cancelled AS skipped,
            a.result FROM task_completion a JOIN task t ON t.id = a.task_id JOIN htx_user u ON u.id = a.completed_by_id
            WHERE a.project_id = ? ORDER BY a.id"""
        with closing(sqlite3.connect(self.folder / "label-studio" / "label_studio.sqlite3")) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, [project]).fetchall()

    def annotate(self, task, *codes, completed_by=None, **more):
        """Annotate as Label Studio's API does; codes are given as paths of aliases."""
        result = [
            {"id": "c", "from_name": "codes", "to_name": "text", "type": "taxonomy", "value": {"taxonomy": codes}}
        ]
        body = {"result": result if codes else [], "lead_time": 3.5, **more}
        if completed_by is not None:
            body["completed_by"] = completed_by
        return self.api("POST", f"/api/tasks/{task}/annotations/", body)["id"]

    def close(self):
        for program in (self.server, self.studio):
            program.stop()
