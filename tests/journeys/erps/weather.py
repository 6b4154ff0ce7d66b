"""A forwarder in front of the ERP that spoils the one request that registers a payment, in a chosen way, once."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

EXECUTE = b"wizard.account.invoice.pay.execute"
CANCEL = b"wizard.account.move.cancel.execute"
# the states of the wizard that can register a payment; "start" only shows the form
REGISTERS = (b'"choice"', b'"pay"')
CANCELS = b'"cancel"'
HOP = {"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length", "server", "date"}


class Weather:
    """Forwards everything to the ERP.

    Attributes:
        fault: What happens to the next request that can register a payment: "" nothing, "lost_request" it never
            arrives, "lost_answer" it is done and the answer never comes back, "late_request" the caller sees the
            connection break and it arrives when `let_late_requests_arrive` says so, "kill" `killer` is called just
            after it arrived.
        killer: Ends the ERP.
        cancels: The fault waits for a request that cancels a payment instead.
        spoilt: How many requests were spoilt.
        logins: How many log-ins with a password went through.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.fault = ""
        self.killer: Callable[[], None] = lambda: None
        self.cancels = False
        self.spoilt = 0
        self.logins = 0
        self._late: list[bytes] = []
        self._held = 0
        self._arrive, self._arrived = threading.Event(), threading.Semaphore(0)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def let_late_requests_arrive(self) -> list[bytes]:
        """Forward what was held back and return the ERP's answers."""
        self._arrive.set()
        for _ in range(self._held):
            self._arrived.acquire(timeout=120)
        return self._late

    def _meant(self, body: bytes) -> bool:
        if self.cancels:
            return CANCEL in body and CANCELS in body
        return EXECUTE in body and any(state in body for state in REGISTERS)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        weather = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._forward(b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if b"common.db.login" in body and b'"password"' in body:
                    weather.logins += 1
                if b"wizard.account.invoice.pay.delete" in body and weather._held and not weather._arrive.is_set():
                    self._hang_up()  # a deleted wizard would refuse the late request before the invoice could
                elif weather.fault and weather._meant(body):
                    self._spoil(body)
                else:
                    self._forward(body)

            def _spoil(self, body: bytes) -> None:
                fault, weather.fault = weather.fault, ""
                weather.spoilt += 1
                if fault == "lost_answer":
                    self._ask(body)
                elif fault == "late_request":
                    weather._held += 1
                    self._hang_up()
                    weather._arrive.wait(300)
                    answer = self._ask(body)
                    weather._late.append(answer.content if answer else b"")
                    weather._arrived.release()
                    return
                elif fault == "kill":
                    ask = threading.Thread(target=self._ask, args=(body,), daemon=True)
                    ask.start()
                    ask.join(0.05)
                    weather.killer()
                self._hang_up()

            def _hang_up(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)  # closing alone waits for this handler to end

            def _ask(self, body: bytes) -> httpx.Response | None:
                headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
                headers["Accept-Encoding"] = "gzip"  # Tryton says gzip whatever one asks for
                address = f"{weather.upstream}{self.path}"
                try:
                    return httpx.request(
                        self.command, address, content=body, headers=headers, timeout=120, trust_env=False
                    )
                except httpx.TransportError:
                    return None

            def _forward(self, body: bytes) -> None:
                answer = self._ask(body)
                if answer is None:
                    self._hang_up()
                    return
                self.send_response(answer.status_code)
                for name, value in answer.headers.multi_items():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

        return Handler
