"""The demo world, running: a real ERP with a seeded company, its banks, mailbox, ticket desk and court.

Everything lives under ``<data folder>/demo`` and stays between runs, so a second run meets what the first one posted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol, cast

from cobranza import suite
from cobranza.demo import company, keys
from cobranza.demo.banks.portal import DEFAULTS
from cobranza.demo.banks.server import RunningPortal
from cobranza.demo.banks.server import running as running_portal
from cobranza.demo.channels.hooks import BASE
from cobranza.demo.channels.server import RunningProviders
from cobranza.demo.channels.server import running as running_providers
from cobranza.demo.court.server import RunningCourt, running_court
from cobranza.demo.erp.server import RunningErp, SeedOptions
from cobranza.demo.erp.server import running as running_erp
from cobranza.demo.mail.server import RunningMail
from cobranza.demo.mail.server import running as running_mail
from cobranza.demo.tickets.server import RunningDesk
from cobranza.demo.tickets.server import running as running_desk
from cobranza.portal.settings import read as portal_settings
from cobranza.reconciliation.ports import Erp

_WORLD = "mundo.json"
Teller = Callable[[str], None]


class ErpConnector(Protocol):
    """What a folder under ``connectors/erps`` offers, as far as the demo needs it."""

    slug: str
    Settings: Any

    def open(self, settings: Any, *, mode: str | None, evidence: Path) -> Erp:
        """Open a session."""


@dataclass(slots=True)
class DemoWorld:
    """What runs.

    Attributes:
        erp: The ERP server.
        portals: Bank slug → its portal.
        mail: The mailbox that debtors write to, and the server that answers leave through.
        desk: Where tickets are opened.
        providers: Of SMS and WhatsApp; they call nobody, the demo reads what they have to tell.
        court: Where claims are filed.
        home: Folder of everything.
        firm: How the demo's lawyers enter the court and sign, see `keys.environment`.
        today: The day that the books and the portals live in.
        meant: Bank slug → what each customer payment was composed from; the robot never sees it.
    """

    erp: RunningErp
    portals: dict[str, RunningPortal]
    mail: RunningMail
    desk: RunningDesk
    providers: RunningProviders
    court: RunningCourt
    firm: dict[str, str]
    home: Path
    today: date
    meant: dict[str, list[dict[str, Any]]]

    def environment(self) -> dict[str, str]:
        """What ``config/*.toml`` refers to as ``env:…``, for the processes that run robots."""
        found = {"COBRANZA_DEMO_ERP_URL": self.erp.url, "COBRANZA_DEMO_ERP_CLAVE": self.erp.password}
        found |= self.mail.environment() | self.desk.environment() | self.providers.environment()
        found["COBRANZA_AVISOS_URL"] = BASE
        found |= self.firm
        found["COBRANZA_PORTAL"] = os.environ.get("COBRANZA_PORTAL") or f"http://127.0.0.1:{portal_settings().puerto}"
        for bank, portal in self.portals.items():
            _, password, totp = DEFAULTS[bank]
            prefix = bank.upper()
            found |= {f"{prefix}_URL": portal.url, f"{prefix}_CLAVE": password, f"{prefix}_TOTP": totp}
        return found

    def open_erp(self) -> Erp:
        """A session of our own in the ERP, through its API."""
        connector = cast(ErpConnector, suite.adapters("connectors.erps")["tryton"])
        os.environ.update(self.environment())
        entry = {"conector": "tryton", "url": self.erp.url, "base": self.erp.database, "usuario": self.erp.user}
        entry |= {"clave": "env:COBRANZA_DEMO_ERP_CLAVE", "metodo_pago": "Transferencia bancaria"}
        settings = connector.Settings.model_validate(entry)
        return connector.open(settings, mode="api", evidence=self.erp.folder)


@contextmanager
def running(
    *, tell: Teller = lambda _text: None, folder: Path | None = None, today: date | None = None
) -> Iterator[DemoWorld]:
    """Run the demo world for the body; the first time installs and seeds the ERP (minutes).

    Args:
        tell: Called with a Spanish line before each step that takes long.
        folder: Where its state lives; ``<data folder>/demo`` by default.
        today: The day of a world made now; ignored when the folder holds one.
    """
    home = folder or suite.data_folder() / "demo"
    home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        tell("Preparando el ERP de demostración (Tryton); la primera vez tarda un par de minutos")
        day = _day(home, today)
        erp = stack.enter_context(running_erp(home / "erp", options=SeedOptions(today=day)))
        tell("Abriendo el buzón, los mensajes, la mesa de tickets y el juzgado de pruebas")
        mail = stack.enter_context(running_mail(home / "correo"))
        desk = stack.enter_context(running_desk("zendesk", data=home / "mesa"))
        providers = stack.enter_context(running_providers(data=home / "canales"))
        court = stack.enter_context(running_court(data=home / "juzgado" / "datos"))
        world = DemoWorld(
            erp=erp,
            portals={},
            mail=mail,
            desk=desk,
            providers=providers,
            court=court,
            firm=keys.environment(court, home / "juzgado"),
            home=home,
            today=day,
            meant={},
        )
        composed = _composed(home, world, tell)
        world.meant = composed["meant"]
        tell("Abriendo los portales de los dos bancos")
        for bank in company.BANKS:
            file = home / f"{bank}.json"
            file.write_text(json.dumps(composed["worlds"][bank], ensure_ascii=False), encoding="utf-8")
            world.portals[bank] = stack.enter_context(running_portal(bank, world=file, today=day))
        os.environ.update(world.environment())
        yield world


def _day(home: Path, today: date | None) -> date:
    note = home / "dia"
    if not note.exists():
        note.write_text((today or date.today()).isoformat(), encoding="utf-8")  # noqa: DTZ011 - a day of the calendar
    return date.fromisoformat(note.read_text(encoding="utf-8").strip())


def _composed(home: Path, world: DemoWorld, tell: Teller) -> dict[str, Any]:
    """The banks' movements, composed once from what the ERP holds before any payment is posted."""
    file = home / _WORLD
    if not file.exists():
        tell("Inventando el mes: qué han ingresado los clientes en cada banco")
        erp = world.open_erp()
        try:
            composition = company.compose(erp.open_ledger(), today=world.today)
        finally:
            erp.close()
        fresh = file.with_suffix(".new")
        text = json.dumps({"worlds": composition.worlds, "meant": composition.meant}, ensure_ascii=False)
        fresh.write_text(text, encoding="utf-8")
        fresh.rename(file)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
