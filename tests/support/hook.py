"""An HTTP server on loopback that keeps all requests. The path of a request decides the answer."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.waiting import PATIENCE_S


class Hook(ThreadingHTTPServer):
    """A path such as /500 is the status of the answer. /drip and /hang are slow."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HookHandler)
        self.told: list[tuple[str, dict[str, str], bytes]] = []
        self.release = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    @property
    def detections(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.told]


class HookHandler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.path, dict(self.headers), body))
        if self.path == "/hang":
            self.server.release.wait(PATIENCE_S)
        elif self.path == "/drip":
            while not self.server.release.wait(0.05):
                self.wfile.write(b"H")
        elif self.path.startswith("/to"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd" if self.path == "/to-file" else f"{self.server.url}/200")
            self.end_headers()
        else:
            self.send_response(int(self.path.split("?")[0].strip("/") or 204))
            self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        return
