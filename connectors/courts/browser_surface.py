"""A portal in Chromium: the surface that robots use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from urllib.parse import urljoin

from lxml.html import HtmlElement
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from cobranza.kernel.secrets import Secret
from cobranza.legal.ports import PortalChanged, PortalDown
from connectors.browser import BrowserLost, Session
from connectors.client_certificate import require_trusted
from connectors.courts import pages
from connectors.courts.pages import Page, near

_KEPT = ("screenshot.png", "page.html", "failure.json", "trace.zip")
_SERVER_ERROR = 400


class BrowserSurface:
    """See `Surface`.

    Args:
        session: A browser session of its own.
        address: Of the portal, without a final slash.
    """

    def __init__(self, session: Session, address: str) -> None:
        self._session = session
        self._base = f"{address}/"

    def open(self, path: str) -> None:
        """See `Surface.open`."""
        with self._line("abrir la página"):
            answer = self._session.page.goto(urljoin(self._base, path), wait_until="domcontentloaded")
            require_trusted(answer)

    def page(self) -> Page:
        """See `Surface.page`."""
        with self._line("leer la página"):
            return pages.read(self._session.page.content())

    def fill(self, label: str, text: str) -> None:
        """See `Surface.fill`."""
        field = self._field(label)
        with self._line(f"escribir «{label}»"):
            field.fill(text)

    def secret(self, label: str, value: Secret | str) -> None:
        """See `Surface.secret`."""
        field = self._field(label)
        with self._line(f"escribir «{label}»"):
            self._session.type_secret(field, value)

    def choose(self, label: str, value: str) -> None:
        """See `Surface.choose`."""
        field = self._field(label)
        with self._line(f"elegir «{label}»"):
            field.select_option(value=value)

    def tick(self, label: str) -> None:
        """See `Surface.tick`."""
        field = self._field(label)
        with self._line(f"marcar «{label}»"):
            field.check()

    def attach(self, label: str, name: str, content: bytes, media_type: str) -> None:
        """See `Surface.attach`."""
        field = self._field(label)
        with self._line(f"adjuntar «{name}»"):
            field.set_input_files({"name": name, "mimeType": media_type, "buffer": content})

    def press(self, button: str, *, seconds: float | None = None, inside: str = "") -> None:
        """See `Surface.press`."""
        page = self._session.page
        with self._line(f"pulsar «{button}»"):
            scope = page.get_by_role("dialog", name=inside, exact=True) if inside else page
            found = scope.get_by_role("button", name=button, exact=True)
            if found.count() == 0:
                shown = self.page()
                raise PortalChanged(f"En «{shown.heading}» no está «{button}»; {near([button], shown.buttons)}.")
            limit = None if seconds is None else seconds * 1000
            with page.expect_navigation(wait_until="domcontentloaded", timeout=limit):
                found.first.click(no_wait_after=True)

    def fetch(self, address: str) -> bytes:
        """See `Surface.fetch`."""
        with self._line("descargar un fichero"):
            answer = self._session.context.request.get(urljoin(self._base, address))
            if answer.status >= _SERVER_ERROR:
                raise PortalDown(f"El portal responde {answer.status} al descargar.")
            content: bytes = answer.body()
            return content

    @contextlib.contextmanager
    def private(self) -> Iterator[None]:
        """See `Surface.private`."""
        with self._session.unrecorded():
            yield

    def note(self, text: str) -> None:
        """See `Surface.note`."""
        self._session.step(text)

    def seen(self) -> Mapping[str, bytes]:
        """See `Surface.seen`."""
        folder = self._session.save_failure("Lo que se ve ahora.")
        return {name: (folder / name).read_bytes() for name in _KEPT if (folder / name).is_file()}

    def _field(self, label: str) -> Locator:
        return self._session.page.locator(_path(self.page().control(label)))

    @contextlib.contextmanager
    def _line(self, doing: str) -> Iterator[None]:
        """What the browser says of the line, in the port's words."""
        try:
            yield
        except PlaywrightTimeoutError as exc:
            raise PortalDown(f"El portal no responde a tiempo ({doing}): {_first_line(exc)}.") from exc
        except PlaywrightError as exc:
            browser = self._session.context.browser
            if browser is None or not browser.is_connected() or "crashed" in exc.message:
                raise BrowserLost(f"El navegador se ha cerrado ({doing}).") from exc
            raise PortalDown(f"Se ha cortado la conexión con el portal ({doing}): {_first_line(exc)}.") from exc


def _path(element: HtmlElement) -> str:
    """Where a field that its label named is: by its id, else by what it sends."""
    if element.get("id"):
        return f'[id="{element.get("id")}"]'
    return f'{element.tag}[name="{element.get("name", "")}"][value="{element.get("value", "")}"]'


def _first_line(error: PlaywrightError) -> str:
    return error.message.splitlines()[0]
