"""The test court over plain HTTP, for volume: the same driver (`connectors.courts`) on another surface.

`surface(...)` stands in for `connectors.courts.portal.in_browser`. It does what a browser does with a form and no more:
no script runs. `entry` gives the settings of a running test court, `package` a small claim that its checks pass.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pikepdf
from lxml.html import HtmlElement
from reportlab.pdfgen.canvas import Canvas

from cobranza.kernel.secrets import Secret
from cobranza.legal.case import Case, Court, Party, Person, Role
from cobranza.legal.filing.records import Claim
from cobranza.legal.filing.settings import CourtEntry
from cobranza.legal.package import Package, PackageFile, write_manifest
from cobranza.legal.ports import PortalChanged, PortalDown
from cobranza.legal.sheet import Sheet
from connectors.courts import pages
from connectors.courts.pages import Page, near

ENVIRONMENT = {
    "JUZGADO_CLAVE": "Balanza-2026",
    "JUZGADO_TOTP": "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK",
    "JUZGADO_PIN": "407193",
    "JUZGADO_PFX": "Firel-2026",
}


@dataclass
class HttpSurface:
    """See `connectors.courts.surface.Surface`."""

    line: httpx.Client
    base: str
    written: dict[HtmlElement, str] = field(default_factory=dict)
    files: dict[HtmlElement, tuple[str, bytes, str]] = field(default_factory=dict)
    url: str = ""
    source: str = ""
    steps: list[str] = field(default_factory=list)
    _page: Page | None = None

    def open(self, path: str) -> None:
        self._take("GET", urljoin(f"{self.base}/", path))

    def page(self) -> Page:
        if self._page is None:
            self._page = pages.read(self.source)
        return self._page

    def fill(self, label: str, text: str) -> None:
        self.written[self.page().control(label)] = text

    def secret(self, label: str, value: Secret | str) -> None:
        self.fill(label, value.reveal() if isinstance(value, Secret) else value)

    def choose(self, label: str, value: str) -> None:
        self.fill(label, value)

    def tick(self, label: str) -> None:
        chosen = self.page().control(label)
        for element in self.page().tree.iter("input"):
            if element.get("name") == chosen.get("name") and element.get("type") == chosen.get("type") == "radio":
                self.written[element] = ""
        self.written[chosen] = chosen.get("value", "on")

    def attach(self, label: str, name: str, content: bytes, media_type: str) -> None:
        self.files[self.page().control(label)] = (name, content, media_type)

    def press(self, button: str, *, seconds: float | None = None, inside: str = "") -> None:
        page = self.page()
        for element in page.tree.iter("button"):
            if (element.get("aria-label") or pages.words(element)) == button and element.get("disabled") is None:
                self._send(element, seconds)
                return
        raise PortalChanged(f"En «{page.heading}» no está «{button}»; {near([button], page.buttons)}.")

    def fetch(self, address: str) -> bytes:
        answer = self._ask("GET", urljoin(self.url, address), None, None)
        if answer.status_code >= 400:
            raise PortalDown(f"El portal responde {answer.status_code} al descargar.")
        return answer.content

    @contextlib.contextmanager
    def private(self) -> Iterator[None]:
        yield

    def note(self, text: str) -> None:
        self.steps.append(text)

    def seen(self) -> Mapping[str, bytes]:
        return {"page.html": self.source.encode(), "pasos.txt": "\n".join(self.steps).encode()}

    def _send(self, button: HtmlElement, seconds: float | None) -> None:
        form = next(each for each in button.iterancestors("form"))
        data = {}
        for element in form.iter("input", "select", "textarea"):
            value = self._value(element)
            if value is not None and element.get("name"):
                data[element.get("name", "")] = value
        if button.get("name"):
            data[button.get("name", "")] = button.get("value", "")
        files = {element.get("name", ""): given for element, given in self.files.items()}
        self._take(form.get("method", "get").upper(), urljoin(self.url, form.get("action") or self.url), data, files)

    def _value(self, element: HtmlElement) -> str | None:
        kind = element.get("type", "text")
        if kind == "file":
            return None
        if element in self.written:
            return self.written[element] or (None if kind in ("radio", "checkbox") else "")
        if kind in ("radio", "checkbox"):
            return str(element.get("value", "on")) if element.get("checked") is not None else None
        if element.tag == "select":
            options = list(element.iter("option"))
            chosen = next((each for each in options if each.get("selected") is not None), options[0])
            return str(chosen.get("value", pages.words(chosen)))
        return str(element.get("value", ""))

    def _take(
        self,
        method: str,
        url: str,
        data: dict[str, str] | None = None,
        files: dict[str, tuple[str, bytes, str]] | None = None,
    ) -> None:
        answer = self._ask(method, url, data, files or None)
        self.url, self.source, self._page = str(answer.url), answer.text, None
        self.written.clear()
        self.files.clear()

    def _ask(
        self, method: str, url: str, data: dict[str, str] | None, files: dict[str, tuple[str, bytes, str]] | None
    ) -> httpx.Response:
        try:
            return self.line.request(method, url, data=data, files=files)
        except httpx.HTTPError as exc:
            raise PortalDown(f"Se ha cortado la conexión con el portal: {exc}.") from exc


@contextlib.contextmanager
def surface(entry: CourtEntry, folder: Path, zone: str) -> Iterator[HttpSurface]:
    """Stands in for `connectors.courts.portal.in_browser`."""
    limit = entry.limites.espera_segundos
    with httpx.Client(follow_redirects=True, timeout=limit, trust_env=False) as line:
        yield HttpSurface(line, entry.address())


PLACES = {
    "es_lexnet": ("es_lexnet", "2807942001", "Madrid", "Madrid"),
    "pe_mpe": ("pe_mpe", "1817-CO-03", "Lima", "Sede Comercial"),
    "cl_ojv": ("cl_ojv", "STG-DIST", "C.A. de Santiago", "Santiago"),
    "co_rama": ("co", "11001-REP", "Bogotá D.C.", "Bogotá"),
    "mx_pjf": ("mx", "1C-CDMX-OCC", "Primer Circuito", "Ciudad de México"),
    "ar_meed": ("ar_meed", "MZA-MECC", "Primera", "Mendoza"),
}
"""Our slug → the test court's, an organ that takes filings, its two levels."""


def entry(url: str, authority: Path, court: str = "es_lexnet", *, seconds: float = 10.0, pfx: str = "") -> CourtEntry:
    """Settings for a running test court; its secrets are in `ENVIRONMENT`."""
    profile, organ, province, locality = PLACES[court]
    return CourtEntry(
        slug=court,
        url=f"{url}/{profile}",
        credencial="procuradora",
        usuario="procuradora",
        clave="env:JUZGADO_CLAVE",
        totp="env:JUZGADO_TOTP",
        pin="env:JUZGADO_PIN",
        certificado=pfx,
        clave_certificado="env:JUZGADO_PFX" if pfx else None,
        autoridad=str(authority),
        extra={
            "organo": organ, "provincia": province, "localidad": locality, "casilla": "12345", "copia_enviada": "si",
        },
        limites={"espera_segundos": seconds, "subida_segundos": seconds},
    )  # fmt: skip


def authority(url: str, folder: Path) -> Path:
    """The court's certificate, fetched once into `folder`."""
    file = folder / "autoridad.pem"
    file.write_bytes(httpx.get(f"{url}/es_lexnet/ac.pem", timeout=10, trust_env=False).content)
    return file


@cache
def pdf(text: str) -> bytes:
    """A page of text that says it is PDF/A and signed: what the test court's checks look at, and no more."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawString(72, 760, text)
    canvas.save()
    with pikepdf.open(io.BytesIO(out.getvalue())) as document:
        with document.open_metadata() as metadata:
            metadata["pdfaid:part"], metadata["pdfaid:conformance"] = "2", "B"
        value = pikepdf.Dictionary({"/Type": pikepdf.Name.Sig, "/ByteRange": pikepdf.Array([0, 1, 2, 3])})
        field_ = pikepdf.Dictionary({"/FT": pikepdf.Name.Sig, "/T": pikepdf.String("Firma"), "/V": value})
        document.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([document.make_indirect(field_)]), SigFlags=3)
        saved = io.BytesIO()
        document.save(saved, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return saved.getvalue()


_PARTIES = {
    "es_lexnet": ("monitorio", "EUR", "B48765432", "A28543213", "ES"),
    "pe_mpe": ("ejecutivo", "PEN", "20512345671", "20609876540", "PE"),
    "cl_ojv": ("ejecutivo", "CLP", "765432103", "771234569", "CL"),
    "co_rama": ("monitorio", "COP", "9004123767", "8305672144", "CO"),
    "mx_pjf": ("ejecutivo", "MXN", "SIN150312AB8", "CVA080621KL5", "MX"),
    "ar_meed": ("ejecutivo", "ARS", "30712345671", "33687654329", "AR"),
}


def claim(
    folder: Path,
    number: int,
    court: str = "es_lexnet",
    *,
    annexes: int = 2,
    corrects: str = "",
    quote: str = "",
    write: bool = True,
) -> Claim:
    """A small claim on disk.

    Args:
        folder: Holds the packages.
        number: Of the case; also its amount, so that no two are alike.
        court: Ours.
        annexes: How many.
        corrects: Registry number.
        quote: What the writ has to say (ar_meed's identifier).
        write: False when an earlier process wrote the same: a robot that is killed must not leave half a file.
    """
    proceeding, currency, claimant, defendant, country = _PARTIES[court]
    id_ = f"EXP-2026-{number:06d}"
    home = folder / (id_ if not corrects else f"{id_}-{corrects}")
    if write:
        home.mkdir(parents=True, exist_ok=True)
    files = []
    codes = {"pe_mpe": ("DEM", "OTR"), "es_lexnet": ("MON", "FAC"), "cl_ojv": ("DEM", "FAC")}
    main, annex = codes.get(court, ("DEM", "OTR"))
    for order in range(1, annexes + 2):
        name = "escrito.pdf" if order == 1 else f"anexo_{order - 1}.pdf"
        text = f"{id_} {court} documento {order} {corrects} {quote}"
        content = pdf(text) if write else (home / name).read_bytes()
        if write:
            (home / name).write_bytes(content)
        files.append(
            PackageFile(
                order=order, name=name, role="escrito" if order == 1 else "anexo",
                kind="escrito" if order == 1 else "otro", catalogue=main if order == 1 else annex,
                title=f"Documento {order}", media_type="application/pdf", size=len(content), pages=1,
                sha256=hashlib.sha256(content).hexdigest(), signed=True, pdfa="2b",
            )
        )  # fmt: skip
    case = Case(
        id=id_,
        country=country,
        proceeding=proceeding,
        court=Court(name="El que corresponda"),
        parties=(
            _party(Role.CLAIMANT, "Nogal y Haya, S.L.", claimant, country),
            _party(Role.DEFENDANT, "Talleres Encina, S.A.", defendant, country),
        ),
        title="Facturas no pagadas a su vencimiento",
        sheet=Sheet(until=date(2026, 11, 20), debtor="business", currency=currency, invoices=()),
        prepared_on=date(2026, 11, 20),
    )
    package = Package(
        case=id_, court=court, proceeding=proceeding, reference=id_, total=f"{1000 + number}.50", currency=currency,
        claimants=(claimant,), defendants=(defendant,), files=tuple(files),
    )  # fmt: skip
    if write:
        write_manifest(home, package)
    extra = {"identificador": quote} if quote else {}
    return Claim(case=case, package=package, folder=home, credential="procuradora", corrects=corrects, extra=extra)


def _party(role: Role, name: str, tax_id: str, country: str) -> Party:
    return Party(
        role=role, person=Person.LEGAL, name=name, tax_id=tax_id, country=country, address="Calle de la Fragua 7",
        postal_code="28004", locality="Madrid", province="Madrid", email="pagos@encina.example",
    )  # fmt: skip
