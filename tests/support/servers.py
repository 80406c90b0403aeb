"""Servers on this machine: files, redirects and silence behind an address."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


class _Files(SimpleHTTPRequestHandler):
    """Serves a folder; ``/redirect?ADDRESS`` leads to the address."""

    asked: list[str]

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        if self.path.startswith("/redirect?"):
            self.send_response(302)
            self.send_header("Location", unquote(self.path.partition("?")[2]))
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
        self.asked: list[str] = []  # paths, in order
        self.address = f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve the files of ``folder``."""
    with Server(folder) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def silence(begin: bytes = b"") -> Iterator[tuple[str, threading.Event]]:
    """Yield the address of a server that sends ``begin`` and then nothing, and an event set by the first request."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked, held = threading.Event(), []

    def accept() -> None:
        try:
            while True:
                connection, _ = listener.accept()
                held.append(connection)
                connection.recv(4096)
                if begin:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + begin)
                asked.set()
        except OSError:
            return

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/clip.ts", asked
    finally:
        listener.close()
        for connection in held:
            connection.close()
