"""The debtors' pages as they are served: Granian in a process of its own, real Chromium, a gateway to pay at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from cobranza import suite
from cobranza.demo.gateways.server import RunningGateway, in_process
from cobranza.ledger import links
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Creditor, Debtor, Link
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_creditor
from cobranza.portal import server
from tests.journeys.runs.engine_room import EngineRoom, database_url, empty_ticket_box
from tests.serving import serving

ROBOT = Actor.robot("prueba")
TODAY = date.today()
PATIENCE_MS = 60_000
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="session")
def browser(chromium: Browser) -> Browser:
    expect.set_options(timeout=PATIENCE_MS)
    return chromium


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    """A payment gateway of ours that speaks as Stripe does."""
    with in_process("stripe") as running:
        yield running


@pytest.fixture(scope="module")
def room(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, gateway: RunningGateway
) -> Iterator[EngineRoom]:
    """A suite and a database that the portal's process sees too."""
    folder = tmp_path_factory.mktemp("portal")
    made = EngineRoom(folder / "suite")
    shipped = suite.shipped_root()
    for name in ("keywords", "robots"):
        shutil.rmtree(made.root / name)
    for name in ("classifiers", "connectors", "keywords", "robots"):
        (made.root / name).symlink_to(shipped / name)
    for name in ("agreements", "classifiers", "payments"):
        shutil.copy(shipped / "config" / f"{name}.toml", made.root / "config")
    (made.root / "config" / "gateways.toml").write_text(
        '[pasarelas.stripe]\nconector = "stripe"\nacreedores = ["demo"]\nmonedas = ["EUR"]\n'
        'url = "env:COBRANZA_STRIPE_URL"\nclave = "env:COBRANZA_STRIPE_CLAVE"\nfirma = "env:COBRANZA_STRIPE_FIRMA"\n'
    )
    (made.root / "config" / "disputes.toml").write_text('[buzones.disputas]\nempresa = "demo"\nmesa = "mesa"\n')
    (made.root / "config" / "portal.toml").write_text(
        'nombre = "Atención de facturas"\ntelefono = "900 000 000"\nprivacidad = ""\n', encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COBRANZA_HOME", str(made.root))
        patch.setenv("COBRANZA_OUTPUT", str(made.output))
        patch.setenv("COBRANZA_DATA", str(folder / "data"))
        patch.setenv("DATABASE_URL", database_url())
        for name, value in gateway.environment().items():
            patch.setenv(name, value)
        yield made


@pytest.fixture
def clean(transactional_db: None) -> Iterator[None]:
    """Empty tables."""
    empty_ticket_box()
    yield
    empty_ticket_box()


@pytest.fixture(scope="module")
def site(room: EngineRoom) -> Iterator[str]:
    """Where the portal answers."""
    with serving(room, "portal", server.command) as address:
        yield address


@dataclass
class Owes:
    """Somebody who owes, and the link that they got."""

    creditor: Creditor
    debtor: Debtor
    link: Link
    token: str


@pytest.fixture
def owes(clean: None) -> Owes:
    creditor = register_creditor("demo", "Suministros del Norte, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    customer = Customer(
        key="c1", name="Ferretería Pepa, S.L.", tax_id="B12345674", country="ES", email="pagos@pepa.example",
        phone="+34600111222",
    )  # fmt: skip
    documents = tuple(
        OpenDocument(
            key=key, number=number, customer="c1", kind="invoice", issued_on=due - timedelta(days=30), due_on=due,
            currency="EUR", net=Decimal(gross), tax=Decimal(0), gross=Decimal(gross), open=Decimal(gross),
        )
        for key, number, gross, due in (
            ("1", "F2026-00381", "1210.00", TODAY - timedelta(days=50)),
            ("2", "F2026-00400", "605.50", TODAY - timedelta(days=20)),
            ("3", "F2026-00512", "100.00", TODAY + timedelta(days=60)),
        )
    )  # fmt: skip
    listed = OpenLedger(customers=(customer,), documents=documents, control_count=3, control_source="recuento")
    import_ledger(creditor, "tryton", listed, actor=ROBOT)
    debtor = Debtor.objects.get()
    link, token = links.issue(debtor, days=10, actor=ROBOT)
    return Owes(creditor, debtor, link, token)


@dataclass
class Reader:
    """A page with what a test does at every step: the picture, axe, and nothing wider than the screen."""

    page: Page
    pictures: Path
    name: str
    count: int = 0

    def look(self, what: str, *, check: bool = True) -> None:
        self.count += 1
        self.page.screenshot(path=self.pictures / f"{self.name}-{self.count:02d}-{what}.png", full_page=True)
        if check:
            found = Axe().run(self.page, options=RULES).response["violations"]
            assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in found] == [], what
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, what


@pytest.fixture
def reader(
    site: str, gateway: RunningGateway, browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Reader]]:
    """Opens a browser; fails on any page error, breach of the policy or request to anybody but us and the gateway.

    With COBRANZA_PICTURES the pictures stay in that folder, to be looked at.
    """
    opened, problems = [], []
    folder = Path(os.environ.get("COBRANZA_PICTURES", str(tmp_path)))
    folder.mkdir(parents=True, exist_ok=True)

    def go(name: str, **more: object) -> Reader:
        tab = browser.new_context(base_url=site, reduced_motion="reduce", **{"locale": "es-ES", **more})  # type: ignore[arg-type]
        opened.append(tab)
        page = tab.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith((site, gateway.url, "data:", "about:")) else problems.append(asked.url)
            ),
        )
        return Reader(page, folder, name)

    yield go
    for tab in opened:
        tab.close()
    assert problems == []
