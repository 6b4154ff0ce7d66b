"""One Chromium per process and one context per session, shared by every connector that drives a web page.

A `Session` records all the time (Playwright trace, last steps) and keeps the record only when something fails, in
the evidence folder that the caller names. Secrets are typed inside `Session.unrecorded` and are masked once more
when evidence is written, so that none stays in a trace, a page dump, a screenshot or an error message.

>>> with Browser() as browser, browser.session(folder, adapter="caja_demo", version="1") as session:  # doctest: +SKIP
...     session.goto("https://banca.example/")
...     with session.unrecorded():
...         session.type_secret(session.page.get_by_label("Clave"), clave)
...         session.page.get_by_role("button", name="Entrar").click()
...     session.step("Leer movimientos")
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Frame, Locator, Page, Playwright, Response, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from cobranza.kernel import clock, programs
from cobranza.kernel.errors import ApplicationError, BusinessError, CobranzaError
from cobranza.kernel.secrets import Secret
from connectors.client_certificate import ClientCertificate
from connectors.masking import MASK, Masker
from connectors.saved_state import SavedState

_ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
_LAUNCH_SECONDS = 60.0
_EVIDENCE_SECONDS = 5.0
_STEPS_KEPT = 20

# Empties fields and texts that hold a secret, before anything is photographed or dumped. Walks open shadow roots.
_BLANK_SECRETS = """
([secrets, mask]) => {
  const hides = (text) => secrets.some((secret) => text && text.includes(secret));
  const walk = (root) => {
    const nodes = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = nodes.currentNode; node; node = nodes.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) {
        if (hides(node.data)) for (const secret of secrets) node.data = node.data.split(secret).join(mask);
        continue;
      }
      if (node.shadowRoot) walk(node.shadowRoot);
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      for (const attribute of node.attributes) if (hides(attribute.value)) attribute.value = mask;
      if ('value' in node && typeof node.value === 'string' && (node.type === 'password' || hides(node.value)))
        node.value = '';
    }
  };
  walk(document);
}
"""


class BrowserMissing(BusinessError):
    """No Chromium on this machine, or one that does not start."""

    code = "COB-NAV-001"
    remedy = "Instale Chromium (en Debian: apt-get install chromium) o indique su ruta en COBRANZA_CHROMIUM."


class BrowserLost(ApplicationError):
    """The browser died or closed under us."""

    code = "COB-NAV-002"
    remedy = "Se reintentará con un navegador nuevo; si se repite, compruebe la memoria libre del equipo."


def executable() -> Path:
    """The Chromium to use: `COBRANZA_CHROMIUM`, else the first known name on `PATH`.

    Raises:
        BrowserMissing: there is none.
    """
    path = programs.chromium()
    if path is None:
        raise BrowserMissing(f"No hay ningún navegador Chromium en este equipo ({', '.join(programs.CHROMIUM_NAMES)}).")
    if not os.access(path, os.X_OK) or path.is_dir():
        raise BrowserMissing(f"COBRANZA_CHROMIUM es «{path}» y no es un programa que se pueda ejecutar.")
    return path


def flags() -> list[str]:
    """What Chromium is started with; root cannot use its sandbox."""
    root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    return [*_ARGUMENTS, *root]


class Browser:
    """A Chromium for one process and one thread; starts with the first session and again after every `recycle_after`.

    Args:
        program: Chromium to start; `executable()` by default.
        headless: False shows the window, to watch a robot at work.
        recycle_after: Sessions after which a browser without open sessions is replaced by a fresh one.
        arguments: More command-line flags.
    """

    def __init__(
        self,
        *,
        program: Path | None = None,
        headless: bool = True,
        recycle_after: int = 50,
        arguments: Sequence[str] = (),
    ) -> None:
        self._program = program
        self._headless = headless
        self._recycle_after = recycle_after
        self._arguments = tuple(arguments)
        self._driver: Driver | None = None
        self._chromium: Chromium | None = None
        self._served = 0
        self._open: set[Session] = set()
        self._owner: tuple[int, int] | None = None

    def session(
        self,
        evidence: Path,
        *,
        adapter: str = "",
        version: str = "",
        state: SavedState | None = None,
        timeout: float = 15.0,
        locale: str = "es-ES",
        timezone: str = "Europe/Madrid",
        har: bool = False,
        certificate: ClientCertificate | None = None,
    ) -> Session:
        """Open a session: a fresh context with one page, recorded from now on.

        Args:
            evidence: Folder that failures are written into; made when needed.
            adapter: Slug of the connector, for the evidence.
            version: Its version, for the evidence.
            state: Kept log-in to start from; `Session.save_state` renews it.
            timeout: Seconds that any single wait may take.
            locale: Language of page and number formats.
            timezone: IANA zone of the page's clock.
            har: Also record a HAR file; kept, masked, on failure only.
            certificate: Shown to its origin when that asks for one; it is part of no evidence.

        Raises:
            BrowserMissing: no Chromium, or it does not start.
            BrowserLost: it died while opening the context.
        """
        session = Session(
            self._running(),
            evidence,
            adapter,
            version,
            state,
            timeout,
            locale,
            timezone,
            har,
            certificate,
            self._open.discard,
        )
        self._open.add(session)
        self._served += 1
        return session

    def close(self) -> None:
        """End every session and the browser; safe to call twice."""
        for session in tuple(self._open):
            session.close()
        self._stop_chromium()
        if self._driver is not None:
            self._driver.release()
            self._driver = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running(self) -> Chromium:
        owner = (os.getpid(), threading.get_ident())
        if self._owner not in (None, owner):
            raise RuntimeError("a Browser belongs to the process and thread that first used it")
        self._owner = owner
        worn = self._served >= self._recycle_after and not self._open
        if self._chromium is not None and (worn or not self._chromium.is_connected()):
            self._stop_chromium()
        if self._chromium is None:
            self._chromium = self._launch()
            self._served = 0
        return self._chromium

    def _launch(self) -> Chromium:
        program = self._program or executable()
        try:
            if self._driver is None:
                self._driver = Driver.acquire()
            return self._driver.playwright.chromium.launch(
                executable_path=str(program),
                headless=self._headless,
                args=[*flags(), *self._arguments],
                timeout=_LAUNCH_SECONDS * 1000,
            )
        except PlaywrightError as exc:
            raise BrowserMissing(f"«{program.name}» no arranca: {exc.message.splitlines()[0]}") from exc

    def _stop_chromium(self) -> None:
        if self._chromium is not None:
            with contextlib.suppress(PlaywrightError):
                self._chromium.close()
            self._chromium = None
        self._open.clear()


class Driver:
    """Playwright's own process: a thread can run only one, so every `Browser` of a thread uses the same."""

    _running: ClassVar[dict[tuple[int, int], Driver]] = {}

    def __init__(self, key: tuple[int, int]) -> None:
        self.playwright: Playwright = sync_playwright().start()
        self._key = key
        self._users = 0

    @classmethod
    def acquire(cls) -> Driver:
        """This thread's driver, started when it is the first; give it back with `release`."""
        key = (os.getpid(), threading.get_ident())
        if key not in cls._running:
            cls._running[key] = cls(key)
        driver = cls._running[key]
        driver._users += 1
        return driver

    def release(self) -> None:
        """Give it back; the last one stops it."""
        self._users -= 1
        if self._users == 0:
            del self._running[self._key]
            with contextlib.suppress(PlaywrightError):
                self.playwright.stop()


_shared: dict[tuple[int, int], Browser] = {}


def shared() -> Browser:
    """This thread's own `Browser`, closed when the process ends: what robots and keywords use."""
    key = (os.getpid(), threading.get_ident())
    if key not in _shared:
        _shared[key] = browser = Browser()
        atexit.register(browser.close)
    return _shared[key]


class Session:
    """One browser context with its page and its record. Made by `Browser.session`; use as a context manager.

    Leaving the block with an exception writes the evidence of the failure first.

    Attributes:
        page: The first page; connectors open pop-ups from it.
        context: Playwright's context, for what this class does not wrap.
        evidence: Folder of the failures.
    """

    def __init__(
        self,
        chromium: Chromium,
        evidence: Path,
        adapter: str,
        version: str,
        state: SavedState | None,
        timeout: float,
        locale: str,
        timezone: str,
        har: bool,
        certificate: ClientCertificate | None = None,
        on_close: Any = None,
    ) -> None:
        self.evidence = evidence
        self.adapter = adapter
        self.version = version
        self._state = state
        self._masker = Masker()
        self._steps: deque[dict[str, str]] = deque(maxlen=_STEPS_KEPT)
        self._work = Path(tempfile.mkdtemp(prefix="cobranza-sesion-"))  # mode 0700
        self._parts: list[Path] = []
        self._recording = False
        self._failures: list[Path] = []
        self._har = self._work / "session.har" if har else None
        self._on_close = on_close
        self._closed = False
        stored = state.load() if state else None
        options: dict[str, Any] = {"storage_state": stored} if stored else {}
        if self._har:
            options |= {"record_har_path": str(self._har), "record_har_content": "omit"}
        if certificate is not None:
            shown = {"origin": certificate.origin, "cert": certificate.chain, "key": certificate.key}
            options |= {"client_certificates": [shown]}
        try:
            self.context: BrowserContext = chromium.new_context(
                locale=locale,
                timezone_id=timezone,
                accept_downloads=True,
                viewport={"width": 1280, "height": 900},
                **options,
            )
            self.context.set_default_timeout(timeout * 1000)
            self.context.set_default_navigation_timeout(timeout * 1000)
            self.page: Page = self.context.new_page()
            self._record()
        except PlaywrightError as exc:
            shutil.rmtree(self._work, ignore_errors=True)
            raise BrowserLost(f"El navegador no abre una sesión: {exc.message.splitlines()[0]}") from exc
        self.restored = stored is not None

    def goto(self, url: str, *, page: Page | None = None) -> Response | None:
        """Open `url` and wait for its document, not for images or scripts that may never come."""
        self.step(f"Abrir {url}")
        return (page or self.page).goto(url, wait_until="domcontentloaded")

    def step(self, text: str) -> None:
        """Note what is about to be done; the last twenty are part of the evidence."""
        self._steps.append({"at": clock.now().isoformat(timespec="milliseconds"), "step": self._masker.text(text)})

    def protect(self, value: str) -> None:
        """Mask `value` in all evidence from now on (an account's password, a one-time code)."""
        self._masker.protect(value)

    @contextlib.contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Nothing inside is traced: neither the typing of a secret nor the request that carries it.

        Leave the block only once the page with the secret is gone. Blocks may nest.
        """
        if not self._recording:
            yield
            return
        self._stop_recording()
        try:
            yield
        finally:
            with contextlib.suppress(PlaywrightError):  # a dead browser must not hide the error under way
                self._record()

    def type_secret(self, field: Locator, secret: Secret | str, *, by_keys: bool = False) -> None:
        """Fill `field` with a secret; only inside `unrecorded`.

        Args:
            field: Where to type.
            secret: The value; it is protected from now on.
            by_keys: Press key after key, for fields that refuse pasted text.

        Raises:
            RuntimeError: the session is recording.
        """
        if self._recording:
            raise RuntimeError("secrets are typed inside Session.unrecorded only")
        value = secret.reveal() if isinstance(secret, Secret) else secret
        self.protect(value)
        try:
            if by_keys:
                field.press_sequentially(value)
            else:
                field.fill(value)
        except PlaywrightError as exc:
            # Playwright quotes the typed value in the call log of its message.
            raise type(exc)(self._masker.text(exc.message)) from None

    def save_state(self) -> None:
        """Keep cookies and storage for the next session, when a `SavedState` was given."""
        if self._state is not None:
            self._state.save(self.context.storage_state())

    def forget_state(self) -> None:
        """Drop the kept log-in: the portal no longer takes it."""
        if self._state is not None:
            self._state.forget()

    def save_failure(self, error: BaseException | str) -> Path:
        """Write the evidence of a failure and return its folder; the session can go on afterwards.

        Left there: ``failure.json`` (error, URL, adapter, version, last steps), ``screenshot.png``, ``page.html``
        (with ``frame-N.html``), ``aria.yml``, ``trace.zip`` and, with `har`, ``session.har`` once the session closes.
        What the page could not give any more is named in ``failure.json`` under ``missing``. An error gets a note
        that says where its evidence is; the same error is written only once.
        """
        for note in getattr(error, "__notes__", ()):
            if note.startswith(_NOTE):
                return Path(note.removeprefix(_NOTE))
        folder = self.evidence / f"failure-{len(self._failures) + 1:02d}"
        while folder.exists():
            folder = folder.with_name(f"failure-{int(folder.name.rpartition('-')[2]) + 1:02d}")
        folder.mkdir(parents=True)
        self._failures.append(folder)
        missing: list[str] = []
        recording, url = self._recording, ""
        with self._part("trace", missing):
            if recording:
                self._stop_recording()
            for number, part in enumerate(reversed(self._parts)):
                self._masker.archive(part, folder / ("trace.zip" if number == 0 else f"trace-before-{number}.zip"))
        with self._part("page", missing):
            url = self._masker.text(self.page.url)
        for number, page in enumerate(self.context.pages):
            suffix = "" if number == 0 else f"-{number}"
            self._dump(page, folder, suffix, missing)
        if recording:
            with contextlib.suppress(PlaywrightError):
                self._record()
        report = {
            "at": clock.now().isoformat(timespec="seconds"),
            "adapter": self.adapter,
            "version": self.version,
            "url": url,
            "error": self._describe(error),
            "steps": list(self._steps),
            "missing": missing,
        }
        (folder / "failure.json").write_text(json.dumps(report, ensure_ascii=False, indent=2), encoding="utf-8")
        if isinstance(error, BaseException):
            error.add_note(f"{_NOTE}{folder}")
        return folder

    @property
    def failures(self) -> tuple[Path, ...]:
        """The evidence folders written so far."""
        return tuple(self._failures)

    def close(self) -> None:
        """End the context and drop the recording; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(PlaywrightError):
            if self._recording:
                self.context.tracing.stop()
        with contextlib.suppress(PlaywrightError):
            self.context.close()
        if self._har is not None and self._har.is_file():
            for folder in self._failures:
                self._masker.har(self._har, folder / "session.har")
        shutil.rmtree(self._work, ignore_errors=True)
        if self._on_close is not None:
            self._on_close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, Exception):
                self.save_failure(error)
        finally:
            self.close()

    def _record(self) -> None:
        self.context.tracing.start(snapshots=True, screenshots=False)
        self._recording = True

    def _stop_recording(self) -> None:
        part = self._work / f"trace-{len(self._parts) + 1}.zip"
        self._recording = False
        with contextlib.suppress(PlaywrightError):  # the browser may be gone; then this part is lost
            self.context.tracing.stop(path=str(part))
        if part.is_file():
            self._parts.append(part)

    def _dump(self, page: Page, folder: Path, suffix: str, missing: list[str]) -> None:
        for number, frame in enumerate(page.frames):
            name = f"page{suffix}.html" if frame is page.main_frame else f"frame{suffix}-{number}.html"
            with self._part(name, missing):
                self._blank(frame)
                (folder / name).write_text(self._masker.text(frame.content()), encoding="utf-8")
        with self._part(f"screenshot{suffix}.png", missing):
            page.screenshot(path=str(folder / f"screenshot{suffix}.png"), timeout=_EVIDENCE_SECONDS * 1000)
        with self._part(f"aria{suffix}.yml", missing):
            tree = page.locator("body").aria_snapshot(timeout=_EVIDENCE_SECONDS * 1000)
            (folder / f"aria{suffix}.yml").write_text(self._masker.text(tree), encoding="utf-8")

    def _blank(self, frame: Frame) -> None:
        frame.evaluate(_BLANK_SECRETS, [list(self._masker.values()), MASK])

    def _describe(self, error: BaseException | str) -> dict[str, str]:
        if isinstance(error, CobranzaError):
            described = error.as_dict()
        elif isinstance(error, BaseException):
            described = {"code": type(error).__name__, "message": str(error), "remedy": CobranzaError.remedy}
        else:
            described = {"code": "", "message": error, "remedy": ""}
        return {key: self._masker.text(value) for key, value in described.items()}

    @contextlib.contextmanager
    def _part(self, name: str, missing: list[str]) -> Iterator[None]:
        """One piece of evidence: what a dying page cannot give any more is named and skipped."""
        try:
            yield
        except (PlaywrightError, OSError) as exc:
            missing.append(f"{name}: {self._masker.text(str(exc).splitlines()[0] if str(exc) else type(exc).__name__)}")


_NOTE = "Pruebas en "
