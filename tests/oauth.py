"""A token endpoint for tests, which also tells mail servers whose a token is."""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qs, urlsplit

_numbers = count(1)


class OAuthDouble:
    """Gives tokens (client credentials) and tells Dovecot whose they are (RFC 7662).

    Attributes:
        secret: What a client must send as ``client_secret``.
        granted: How many tokens the endpoint gave.
        fault: Status that the token endpoint answers with instead, 0 for none.
        lifetime: Seconds that a token given by the endpoint is said to last.
    """

    def __init__(self) -> None:
        self.secret = "secreto-del-cliente"
        self.granted = 0
        self.fault = 0
        self.lifetime = 3600
        self.forms: list[dict[str, str]] = []
        self._tokens: dict[str, str] = {}
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                form = {key: values[0] for key, values in parse_qs(self.rfile.read(length).decode()).items()}
                status, answer = double.answer(urlsplit(self.path).path, form)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def issue(self, user: str) -> str:
        """A token that opens `user`'s mailbox."""
        token = f"tk-{next(_numbers)}-{os.getpid()}"
        self._tokens[token] = user
        return token

    def expire(self) -> None:
        """Every token given so far opens nothing any more."""
        self._tokens.clear()

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Status and JSON of one request."""
        if path == "/introspect":
            user = self._tokens.get(form.get("token", ""))
            return 200, {"active": True, "username": user, "scope": "imap"} if user else {"active": False}
        self.forms.append(form)
        if self.fault:
            return self.fault, {"error": "server_error"}
        if form.get("client_secret") != self.secret and form.get("grant_type") == "client_credentials":
            return 401, {"error": "invalid_client"}
        self.granted += 1
        user = form.get("scope") or form.get("client_id", "")
        return 200, {"access_token": self.issue(user), "token_type": "Bearer", "expires_in": self.lifetime}

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
