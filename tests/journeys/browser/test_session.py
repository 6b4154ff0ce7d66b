"""The shared browser against a small server of its own: evidence on failure, and no secret in any of it."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from cobranza.kernel.errors import ApplicationError
from cobranza.kernel.secrets import Secret
from connectors.browser import Browser, BrowserMissing, Session, executable
from connectors.saved_state import SavedState

pytestmark = pytest.mark.browser

SECRET = 'Clave/"rara" & <única> 7391'
CODE = "804517"
COOKIE = "galleta-de-sesion-55aa"

FORM = """<!doctype html><meta charset=utf-8><title>Acceso</title><form method=post action=/entrar>
<label>Clave <input type=password name=clave></label><label>Código <input name=codigo></label>
<button>Entrar</button></form>"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = {"/": FORM, "/hijo": "<p>dentro</p>"}.get(self.path, f"<h1>Posición</h1><p>{self.headers['Cookie']}</p>")
        self._send(body)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        # A careless portal: it repeats the secrets in text, attribute, script and link, and in a frame.
        code, word = sent["codigo"][0], sent["clave"][0]
        echo = word.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        self._send(
            f"{FORM}<h1>Error</h1><p>No vale {echo} con {code}</p><input value='{code}'>"
            f"<script>var ultimo = {json.dumps(word)}</script><a href='/x?c={quote(word)}'>otra vez</a>"
            f"<iframe srcdoc='<p>{code}</p>'></iframe>"
        )

    def _send(self, body: str) -> None:
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Set-Cookie", f"sid={COOKIE}; Path=/; Max-Age=9999")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as running:
        yield running


def try_login(session: Session, url: str) -> None:
    session.goto(f"{url}/")
    with session.unrecorded():
        session.type_secret(session.page.get_by_label("Clave"), Secret(SECRET))
        session.type_secret(session.page.get_by_label("Código"), CODE, by_keys=True)
        session.page.get_by_role("button", name="Entrar").click()
        session.page.get_by_role("heading", name="Error").wait_for()


def everything_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    yield f"{file.name}!{name}", archive.read(name)
        elif file.is_file():
            yield file.name, file.read_bytes()


def test_failure_leaves_complete_evidence(browser: Browser, url: str, tmp_path: Path) -> None:
    with (
        pytest.raises(ApplicationError) as caught,
        browser.session(tmp_path, adapter="prueba", version="7", har=True) as session,
    ):
        try_login(session, url)
        session.step("Leer movimientos")
        session.page.get_by_role("heading", name="Error").inner_text()
        raise ApplicationError("no se pudo leer")

    (folder,) = session.failures
    assert {"screenshot.png", "page.html", "aria.yml", "trace.zip", "failure.json", "session.har"} <= {
        file.name for file in folder.iterdir()
    }
    report = json.loads((folder / "failure.json").read_text())
    assert report["error"]["code"] == ApplicationError.code
    assert (report["adapter"], report["version"], report["missing"]) == ("prueba", "7", [])
    assert [step["step"] for step in report["steps"]] == [f"Abrir {url}/", "Leer movimientos"]
    assert "Error" in (folder / "page.html").read_text()
    assert 'heading "Error"' in (folder / "aria.yml").read_text()
    assert any(str(folder) in note for note in caught.value.__notes__)
    with zipfile.ZipFile(folder / "trace.zip") as trace:
        assert "trace.trace" in trace.namelist()


def test_no_secret_in_any_evidence(browser: Browser, url: str, tmp_path: Path) -> None:
    with pytest.raises(ApplicationError), browser.session(tmp_path, har=True) as session:
        try_login(session, url)
        session.page.get_by_role("heading", name="Error").inner_text()  # the trace now photographs the echoing page
        session.page.goto(f"{url}/eco?clave={quote(SECRET)}")
        session.step(f"Con {SECRET}")
        raise ApplicationError(f"la clave {SECRET} y el código {CODE}")

    pieces = list(everything_in(tmp_path))
    assert len(pieces) > 8
    needles = [SECRET, quote(SECRET), SECRET.split('"')[1], CODE, COOKIE, "7391"]
    leaks = [(name, needle) for name, data in pieces for needle in needles if needle.encode() in data]
    # What is left of the address and of the page proves that the files were really written from those pages.
    assert any(b"/eco?clave=" in data for _, data in pieces)
    assert not [leak for leak in leaks if leak[1] != COOKIE]
    # The careless server prints its cookie in a page; headers and cookie lists must not hold it.
    assert not [name for name, needle in leaks if needle == COOKIE and name.endswith((".network", ".har"))]


def test_the_typed_value_is_not_in_the_error_message(browser: Browser, url: str, tmp_path: Path) -> None:
    with browser.session(tmp_path, timeout=0.3) as session:
        session.goto(f"{url}/")
        with session.unrecorded(), pytest.raises(PlaywrightTimeoutError) as caught:
            session.type_secret(session.page.get_by_label("No existe"), Secret(SECRET))

    assert "7391" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_refuses_to_type_a_secret_while_recording(browser: Browser, url: str, tmp_path: Path) -> None:
    with browser.session(tmp_path) as session:
        session.goto(f"{url}/")
        with pytest.raises(RuntimeError, match="unrecorded"):
            session.type_secret(session.page.get_by_label("Clave"), Secret(SECRET))


def test_success_leaves_nothing(browser: Browser, url: str, tmp_path: Path) -> None:
    evidence = tmp_path / "pruebas"
    with browser.session(evidence, har=True) as session:
        session.goto(f"{url}/posicion")
    assert not evidence.exists()


def test_two_failures_and_the_same_one_twice(browser: Browser, url: str, tmp_path: Path) -> None:
    error = ApplicationError("una")
    with browser.session(tmp_path) as session:
        session.goto(f"{url}/posicion")
        first = session.save_failure(error)
        assert session.save_failure(error) == first
        second = session.save_failure("otra")
    with browser.session(tmp_path) as later:
        third = later.save_failure("otra sesión, la misma carpeta")
    assert [first.name, second.name, third.name] == ["failure-01", "failure-02", "failure-03"]


def test_state_is_encrypted_and_spares_the_login(browser: Browser, url: str, tmp_path: Path) -> None:
    state = SavedState(tmp_path / "estado" / "caja", Secret(SECRET))
    with browser.session(tmp_path, state=state) as session:
        assert not session.restored
        session.goto(f"{url}/posicion")
        session.save_state()
    assert COOKIE.encode() not in state.file.read_bytes()
    assert state.file.stat().st_mode & 0o777 == 0o600
    with browser.session(tmp_path, state=state) as session:
        assert session.restored
        session.goto(f"{url}/posicion")
        assert COOKIE in session.page.content()


@pytest.mark.parametrize("case", ["other key", "expired", "damaged"])
def test_a_state_that_does_not_open_is_forgotten(tmp_path: Path, case: str) -> None:
    file = tmp_path / "caja"
    SavedState(file, Secret(SECRET)).save({"cookies": []})
    if case == "damaged":
        file.write_bytes(file.read_bytes()[:-7])
    key = Secret("otra") if case == "other key" else Secret(SECRET)
    lifetime = timedelta(seconds=-1) if case == "expired" else timedelta(hours=1)

    assert SavedState(file, key, lifetime=lifetime).load() is None
    assert not file.exists()


def test_chromium_is_recycled_and_survives_its_own_death(url: str, tmp_path: Path) -> None:
    with Browser(recycle_after=2) as running:
        versions = []
        for _ in range(3):
            with running.session(tmp_path) as session:
                versions.append(session.context.browser)
        assert versions[0] is versions[1] and versions[1] is not versions[2]
        with pytest.raises(PlaywrightError), running.session(tmp_path / "muerte") as session:
            assert session.context.browser is not None
            session.context.browser.close()
            session.goto(url)
        assert (tmp_path / "muerte" / "failure-01" / "failure.json").exists()
        with running.session(tmp_path) as session:
            session.goto(f"{url}/posicion")


def test_names_a_missing_chromium(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COBRANZA_CHROMIUM", str(tmp_path / "no-hay"))
    with pytest.raises(BrowserMissing, match="COBRANZA_CHROMIUM"):
        executable()
    monkeypatch.delenv("COBRANZA_CHROMIUM")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserMissing, match="ningún navegador"):
        executable()
