"""The site as real processes, and browsers that talk to it over a socket."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings

from tests.people import Person
from tests.servers import BASE_DIR

TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    location: str
    body: str


@dataclass
class Site:
    """A running site: its port and its processes."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """Return what the server wrote."""
        return self.log.read_text()[-4000:]


@contextmanager
def served_site(
    folder: Path, *, workers: int = 3, threads: int = 4, application: str = "qms.wsgi:application"
) -> Iterator[Site]:
    """Serve the test database with several processes until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    log = folder / "server.log"
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"fd://{listener.fileno()}"]
    command += ["--workers", str(workers), "--threads", str(threads), "--timeout", str(TIMEOUT)]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONWARNINGS": "ignore"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=BASE_DIR, env=environment, stdout=output, stderr=output, pass_fds=[listener.fileno()]
        )
    site = Site(listener.getsockname()[1], process, log)
    try:
        answer = ask(site.port, "GET", "/livez")  # waits in the listener's queue until a worker takes it
        assert answer.status == 200, site.said()
        yield site
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(TIMEOUT)
        listener.close()


def ask(port: int, method: str, path: str, *, body: str = "", headers: dict[str, str] | None = None) -> Answer:
    """Send one request and read the whole answer."""
    return ask_keeping_cookies(port, method, path, body=body, headers=headers or {})[0]


def ask_keeping_cookies(
    port: int, method: str, path: str, *, body: str = "", headers: dict[str, str]
) -> tuple[Answer, SimpleCookie]:
    """Send one request; return the answer and the cookies it set."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request(method, path, body or None, headers)
        found = connection.getresponse()
        cookies: SimpleCookie = SimpleCookie()
        for line in found.headers.get_all("Set-Cookie") or []:
            cookies.load(line)
        text = found.read().decode(errors="replace")
        return Answer(found.status, found.headers.get("Location", ""), text), cookies
    finally:
        connection.close()


@dataclass
class Visitor:
    """A person's browser at a served site: signed in, with cookies and form tokens."""

    site: Site
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    @classmethod
    def of(cls, site: Site, person: Person) -> Visitor:
        """Sign a person in, in process, and carry their session over to the served site."""
        session = person.client(fresh=True).cookies[settings.SESSION_COOKIE_NAME].value
        return cls(site, {settings.SESSION_COOKIE_NAME: session})

    def headers(self) -> dict[str, str]:
        """Return what a browser sends with each request."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies, "Host": f"127.0.0.1:{self.site.port}"}

    def get(self, path: str) -> Answer:
        """Open a page and keep its form token."""
        answer, cookies = ask_keeping_cookies(self.site.port, "GET", path, headers=self.headers())
        self.cookies |= {name: morsel.value for name, morsel in cookies.items()}
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.body)
        self.token = found[1] if found else self.token
        return answer

    def post(self, path: str, typed: dict[str, str], **headers: str) -> Answer:
        """Send a form as the page's own."""
        body = urlencode({"csrfmiddlewaretoken": self.token} | typed)
        sent = self.headers() | {"Content-Type": "application/x-www-form-urlencoded"} | headers
        return ask(self.site.port, "POST", path, body=body, headers=sent)
