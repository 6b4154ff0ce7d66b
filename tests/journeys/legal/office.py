"""What the legal journeys share: a creditor's settings, its arrears, and eyes for a page."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Creditor
from cobranza.ledger.receivables import Customer, OpenLedger
from cobranza.ledger.registry import register_creditor
from cobranza.legal.models import LegalCase
from tests.journeys.runs.engine_room import REPO, EngineRoom
from tests.unit.legal.room import document

ROBOT = Actor.robot("prueba")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
_LATE = timedelta(days=120)

SETTINGS = """
[revision]
cuatro_ojos = {{ EUR = "{four_eyes}" }}
[umbrales.empresas]
pais = "ES"
persona = "juridica"
importe = "600.00"
moneda = "EUR"
dias = 60
prescripcion_anos = 5
prescripcion_aviso = 90
fuente = "Código Civil, art. 1964.2"
[[asignaciones]]
abogado = "ana"
[acreedores.demo]
nombre = "Prueba, S.L."
id = "A58818501"
domicilio = "Calle Mayor, 1"
codigo_postal = "28001"
localidad = "Madrid"
provincia = "Madrid"
[[acreedores.demo.representantes]]
calidad = "abogado"
nombre = "Laura Vidal"
[[acreedores.demo.representantes]]
calidad = "procurador"
nombre = "Pablo Ruiz"
poder = "poder"
[[organos]]
pais = "ES"
juzgado = "es_lexnet"
procedimiento = "monitorio"
nombre = "Tribunal de Instancia de {{localidad}} que por turno corresponda"
codigo = "2807942001"
[calendarios.ES]
region = "MD"
"""


@dataclass
class Office:
    """The creditor whose arrears are claimed.

    Attributes:
        creditor: In the ledger.
        due: Day on which its two invoices fell due.
    """

    creditor: Creditor
    due: date

    def case(self) -> LegalCase:
        """The one case, as it stands now."""
        return LegalCase.objects.select_related("creditor", "debtor").get()


def furnish(room: EngineRoom, config: Mapping[str, str], *, today: date) -> Office:
    """Courts and settings into the suite, two unpaid invoices of one debtor into the ledger."""
    courts = room.root / "connectors" / "courts"
    shutil.copytree(REPO / "connectors" / "courts", courts, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__py*"))
    for name, text in config.items():
        (room.root / "config" / name).write_text(text, encoding="utf-8")
    creditor = register_creditor("demo", "Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    due = today - _LATE
    listed = OpenLedger(
        customers=(Customer(key="c1", name="Ferretería Pepa, S.L.", tax_id="B12345674", country="ES"),),
        documents=(document("1", "F-1", "1210.00", due), document("2", "F-2", "605.50", due, opens="500.00")),
        control_count=2,
        control_source="recuento",
    )
    import_ledger(creditor, "tryton", listed, actor=ROBOT)
    return Office(creditor, due)


def robots(room: EngineRoom, *slugs: str) -> None:
    """The shipped robots into the suite, with the words that they use."""
    for slug in slugs:
        shutil.copy(REPO / "robots" / f"{slug}.robot", room.root / "robots")
    for file in (REPO / "keywords").glob("*.resource"):
        shutil.copy(file, room.root / "keywords")


@dataclass
class Eyes:
    """Looks at a page as people do: a picture of it, wide and narrow, and what a screen reader would stumble over.

    Attributes:
        folder: For the pictures.
        wrong: Picture → violations.
    """

    folder: Path
    wrong: dict[str, Any]

    def look(self, page: Page, name: str, *, narrow: bool = False, read: bool = True) -> None:
        """Take a picture called `name`; with `read`, look for what a screen reader would stumble over."""
        found: Any = Axe().run(page, options=RULES).response if read else {"violations": []}
        if found["violations"]:
            self.wrong[name] = [(each["id"], each["nodes"][0]["html"][:160]) for each in found["violations"]]
        page.screenshot(path=self.folder / f"{name}.png", full_page=True)
        if narrow:
            page.set_viewport_size(NARROW)  # type: ignore[arg-type]
            if page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]:
                self.wrong[f"{name}, narrow"] = "wider than the screen"
            page.screenshot(path=self.folder / f"{name}-narrow.png", full_page=True)
            page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def bring(page: Page, name: str, content: bytes, kind: str, title: str, *proves: str, replaces: str = "") -> None:
    """Add a paper to the case that `page` shows."""
    page.locator("summary", has_text="Añadir un documento").click()
    page.set_input_files("#paper_file", {"name": name, "mimeType": "application/pdf", "buffer": content})
    page.select_option("#paper_kind", kind)
    page.fill("#paper_title", title)
    for number in proves:
        page.get_by_label(number, exact=True).check()
    if replaces:
        page.select_option("#paper_replaces", replaces)
    page.get_by_role("button", name="Añadir", exact=True).click()
    expect(page.get_by_text("Documento añadido").first).to_be_visible()


def euros(amount: str) -> str:
    """An amount as the console writes it."""
    from cobranza.kernel.spanish import write_amount

    return write_amount(Decimal(amount))
