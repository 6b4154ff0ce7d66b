"""One house at work: the staff's console and the debtors' pages as served, providers, a mail server, real Chromium.

The law is the real one; only the house's own hours are opened wide, so that these stories do not depend on the weekday.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, Page, expect

from cobranza import suite
from cobranza.console import context
from cobranza.console import server as console_server
from cobranza.demo.channels.server import RunningProviders
from cobranza.demo.channels.server import in_process as providers_in_process
from cobranza.dunning import facts, settings, wording, workflow
from cobranza.kernel import clock
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger, import_statement, reading_sha256
from cobranza.ledger.models import BankAccount, Contact, Creditor, Debtor, Movement
from cobranza.ledger.receivables import Customer, OpenDocument, PostedPayment
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.portal import server as portal_server
from cobranza.reconciliation import postings
from cobranza.reconciliation import workflow as reconciliation
from cobranza.reconciliation.models import Match, Proposal
from cobranza.screens.access import Role
from tests.journeys.console.conftest import _session, browser, clean
from tests.journeys.disputes.conftest import toml
from tests.journeys.ledger.conftest import IBAN, line, listed, statement
from tests.journeys.runs.engine_room import EngineRoom, database_url
from tests.serving import serving
from tests.smtpd import Smtpd
from tests.smtpd import running as smtp_running

__all__ = ["browser", "clean"]

ROBOT = Actor.robot("prueba")
TODAY = clock.now().astimezone(clock.MADRID).date()
MOBILE = "+34600000001"
PATIENCE_MS = 60_000
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_OPEN = "".join(
    f"[reglas.{rule}]\n"
    + "".join(f'{day} = ["00:00", "23:59"]\n' for day in ("lunes_viernes", "sabado", "domingo", "festivo"))
    for rule in ("ES-PROPIA-HORARIO", "ES-PROPIA-HORARIO-EMPRESAS")
)
_DUNNING = """
[empresas.demo]
remitente = "Suministros del Norte, S.L."
telefono = "910 000 000"
[empresas.demo.baja]
"*" = "Para no recibir más, conteste BAJA."
[empresas.demo.canales]
email = "email"
whatsapp = "whatsapp"
"""


@pytest.fixture(scope="module")
def smtp() -> Iterator[Smtpd]:
    with smtp_running() as server:
        yield server


@pytest.fixture(scope="module")
def providers() -> Iterator[RunningProviders]:
    with providers_in_process() as running:
        yield running


@pytest.fixture(scope="module")
def room(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, smtp: Smtpd, providers: RunningProviders
) -> Iterator[EngineRoom]:
    """A suite and a database that both servers see too."""
    folder = tmp_path_factory.mktemp("cobros")
    made = EngineRoom(folder / "suite")
    shipped = suite.shipped_root()
    for name in ("keywords", "robots"):
        shutil.rmtree(made.root / name)
    for name in ("classifiers", "connectors", "keywords", "robots"):
        (made.root / name).symlink_to(shipped / name)
    for name in ("strategies", "templates"):
        shutil.copytree(shipped / "config" / name, made.root / "config" / name)
    for name in ("agreements", "channels", "classifiers", "payments", "portal", "reconciliation"):
        shutil.copy(shipped / "config" / f"{name}.toml", made.root / "config")
    box: dict[str, object] = {
        "conector": "folder",
        "direccion": "cobros@norte.example",
        "carpeta": "correo",
        "salida": "principal",
    }
    mail = toml("buzones.demo", box) + toml("salidas.principal", smtp.way_out())
    for name, text in (("dunning", _DUNNING), ("gate", _OPEN), ("mail", mail), ("gateways", "")):
        (made.root / "config" / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COBRANZA_HOME", str(made.root))
        patch.setenv("COBRANZA_OUTPUT", str(made.output))
        patch.setenv("COBRANZA_DATA", str(folder / "data"))
        patch.setenv("DATABASE_URL", database_url())
        for name, value in providers.environment().items():
            patch.setenv(name, value)
        _forget()
        yield made
    _forget()


def _forget() -> None:
    """What is read once per process, of the suite that was before."""
    for each in (settings.written, wording.template, facts.law, workflow.is_open, context.instance):
        each.cache_clear()


@pytest.fixture(scope="module")
def portal(room: EngineRoom) -> Iterator[str]:
    """Where the debtors' pages answer; reminders name that address."""
    with serving(room, "portal", portal_server.command) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COBRANZA_PORTAL", address)
        yield address


@pytest.fixture(scope="module")
def site(room: EngineRoom, portal: str, providers: RunningProviders) -> Iterator[str]:
    """Where the staff's console answers, and hears what providers tell."""
    with serving(room, "console", console_server.command) as address:
        providers.hooks(f"{address}/dunning/avisos/")
        yield address


@dataclass
class House:
    """A company with one debtor who is late, and its bank."""

    creditor: Creditor
    debtor: Debtor
    account: BankAccount

    def bank(self, amount: str, text: str) -> Movement:
        """The day's statement with one more transfer in it."""
        whole = statement(line(amount, text, TODAY))
        sha256 = reading_sha256(self.account.iban, whole)
        done = import_statement(self.account, [whole], source="n43", sha256=sha256, actor=ROBOT)
        return Movement.objects.get(pk=done.new[0])

    def reconcile(self, money: Movement) -> tuple[str, list[tuple[str, Decimal]]]:
        """The night's engine over the ledger; what is certain is posted, as the ERP would confirm it.

        Returns:
            How the engine took the money, and what it applied: document and amount.
        """
        reconciliation.match_ledger(self.creditor, run="", actor=ROBOT)
        found = Proposal.objects.exclude(state="superseded").get(movement=money)
        state = str(found.state)
        links = Match.objects.filter(proposal=found).select_related("invoice").order_by("invoice__number")
        for link in links if state == Proposal.States.AUTOMATIC else ():
            intent = postings.mark_submitted(postings.intend(link, actor=ROBOT), actor=ROBOT)
            before = intent.invoice.open
            told = PostedPayment(
                key=intent.key, reference=f"PAY-{intent.pk}", open_before=before, open_after=before - link.applied,
                already_there=False,
            )  # fmt: skip
            postings.mark_posted(intent, told, actor=ROBOT)
        return state, [(each.invoice.number, each.applied) for each in links]


@pytest.fixture
def house(room: EngineRoom, clean: None, smtp: Smtpd, providers: RunningProviders) -> Callable[..., House]:
    """Makes the company; its invoices fell due so many days ago."""
    smtp.accepted.clear()

    def make(*late: int) -> House:
        creditor = register_creditor(
            "demo", "Suministros del Norte, S.L.", actor=ROBOT, tax_id="A58818501", country="ES"
        )
        pepa = Customer(
            key="c1", name="Ferretería Pepa, S.L.", tax_id="B12345674", country="ES", email="pagos@pepa.example"
        )
        papers = [_document(number, TODAY - timedelta(days=days)) for number, days in enumerate(late)]
        import_ledger(creditor, "tryton", listed(*papers, customers=(pepa,)), actor=ROBOT)
        debtor = Debtor.objects.get()
        Contact.objects.create(debtor=debtor, kind="phone", value="600 000 001", source="ERP")
        account = register_account(creditor, IBAN, "EUR", actor=ROBOT, name="Operativa")
        made = House(creditor, debtor, account)
        made.bank("-1.00", "COMISION")
        return made

    return make


def _document(number: int, due: date) -> OpenDocument:
    gross = (Decimal("1210.00"), Decimal("605.50"))[number]
    return OpenDocument(
        key=str(number), number=("F2026-00381", "F2026-00400")[number], customer="c1", kind="invoice",
        issued_on=due - timedelta(days=30), due_on=due, currency="EUR", net=gross, tax=Decimal(0), gross=gross,
        open=gross,
    )  # fmt: skip


@pytest.fixture
def deliver(site: str, providers: RunningProviders) -> Callable[..., list[int]]:
    """Brings the providers' signed calls to the console as they would; with `spoil` their bodies are altered."""
    heard = [0]

    def go(*, spoil: str = "") -> list[int]:
        calls = providers.deliveries(after=heard[0])
        if not spoil:
            heard[0] = max([heard[0], *(each["id"] for each in calls)])
        return [
            httpx.post(each["url"], content=each["body"].encode() + spoil.encode(), headers=each["headers"]).status_code
            for each in calls
        ]

    return go


@dataclass
class Eyes:
    """A page that is looked at, as a picture, as a screen reader reads it, and for what is wider than the screen."""

    page: Page
    pictures: Path
    name: str
    count: int = 0

    def look(self, what: str, *, narrow: bool = False) -> None:
        """One picture and one reading; with `narrow` also as on a phone."""
        self.count += 1
        sizes = [("", None), *([("-movil", PHONE["viewport"])] if narrow else [])]
        for suffix, size in sizes:
            if size is not None:
                self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self.page.screenshot(
                path=self.pictures / f"{self.name}-{self.count:02d}-{what}{suffix}.png", full_page=True
            )
            found = Axe().run(self.page, options=RULES).response["violations"]
            assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in found] == [], what
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, (what, suffix)
        if narrow:
            self.page.set_viewport_size(DESK["viewport"])  # type: ignore[arg-type]


@pytest.fixture
def opened(site: str, portal: str, browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Eyes]]:
    """Opens a browser at the console or the portal; fails on any error of a page or request to anybody else.

    With COBRANZA_PICTURES the pictures stay in that folder, to be looked at.
    """
    expect.set_options(timeout=PATIENCE_MS)
    tabs, problems = [], []
    folder = Path(os.environ.get("COBRANZA_PICTURES", str(tmp_path)))
    folder.mkdir(parents=True, exist_ok=True)

    def go(name: str, address: str, **more: object) -> Eyes:
        tab = browser.new_context(base_url=address, reduced_motion="reduce", locale="es-ES", **more)  # type: ignore[arg-type]
        tabs.append(tab)
        page = tab.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        ours = (address, "data:", "blob:", "about:")
        page.on("request", lambda asked: None if asked.url.startswith(ours) else problems.append(asked.url))
        return Eyes(page, folder, name)

    yield go
    for tab in tabs:
        tab.close()
    assert problems == []


@pytest.fixture
def staff(opened: Callable[..., Eyes], site: str, house: object) -> Callable[..., Eyes]:
    """Somebody of the house at a desk, signed in."""

    def go(name: str, role: Role = Role.ADMINISTRATION) -> Eyes:
        user = User.objects.create_user(name)
        user.groups.set([Group.objects.get_or_create(name=role.value)[0]])
        eyes = opened(f"casa-{name}", site, **DESK)
        eyes.page.context.add_cookies([{"name": "sessionid", "value": _session(user), "url": site}])
        return eyes

    return go


@pytest.fixture
def visitor(opened: Callable[..., Eyes], portal: str) -> Callable[..., Eyes]:
    """The debtor, who opens a link and gives the second proof."""

    def go(link: str, name: str, device: dict[str, object] = PHONE) -> Eyes:
        eyes = opened(f"deudor-{name}", portal, **device)
        eyes.page.goto(urlsplit(link).path.rstrip("/") + "/")
        eyes.look("prueba")
        eyes.page.locator("#prueba").fill("5674")
        eyes.page.get_by_role("button", name="Entrar", exact=True).click()
        eyes.page.get_by_role("heading", level=1).filter(has_text="Ferretería Pepa").wait_for()
        return eyes

    return go
