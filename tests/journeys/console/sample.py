"""An invented back office: robots, runs with evidence, questions, alerts, payments with proposals."""

from __future__ import annotations

import hashlib
import struct
import zlib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from cobranza import suite
from cobranza.kernel import clock
from cobranza.ledger.models import BankAccount, Creditor, Debtor, Invoice, Movement, Statement
from cobranza.reconciliation.models import Match, Proposal
from cobranza.runs.models import Alert, CredentialBlock, Evidence, Run, Schedule, WorkItem
from tests.journeys.runs.engine_room import EngineRoom

LOG = """<!doctype html><html lang="es"><head><title>Log</title></head><body><h1>Registro</h1><p id="out">nada</p>
<script>
let seen = "script";
try { seen += document.cookie ? " cookie" : ""; } catch (e) { seen += " sin-cookie"; }
try { seen += parent.document.title ? " padre" : ""; } catch (e) { seen += " aislado"; }
document.getElementById("out").textContent = seen;
</script></body></html>"""


def robots(room: EngineRoom) -> None:
    """One robot that takes a variable and about three seconds."""
    room.robot(
        "contar",
        """
        *** Settings ***
        Documentation    Cuenta los cobros del banco y no cambia nada.
        Metadata         Título    Contar cobros
        Metadata         Responsable    Administración

        *** Variables ***
        ${CUENTA}    operativa    # De config/banks.toml
        ${UMBRAL: Decimal}    0.95

        *** Tasks ***
        Contar los cobros de la cuenta
            Log    Cuenta ${CUENTA}
            Sleep    3s
        """,
    )


def png(width: int = 8, height: int = 5) -> bytes:
    """A small image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\x20\x60\xa0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def run_with_evidence() -> Run:
    """A finished run with a log, a screenshot and text."""
    now = clock.now()
    run = Run.objects.create(
        robot="contar",
        title="Contar cobros",
        state="error_negocio",
        started_by="programa:nocturna",
        evidence="runs/2026-11-20/1",
        attempt=1,
        started_at=now - timedelta(minutes=4),
        ended_at=now,
        error_code="COB-EXT-001",
        error_message="El saldo final es 2185,56 y los movimientos suman 2184,56.",
        error_remedy="Descargue de nuevo el extracto.",
        variables={"CUENTA": "operativa"},
    )
    folder = suite.output_folder() / run.evidence
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind, title, data in (
        ("log.html", "log", "Registro", LOG.encode()),
        ("saldo.png", "screenshot", "El saldo no cuadra", png()),
        ("extracto.csv", "download", "Extracto", b"fecha;importe\n20/11/2026;1.210,00\n"),
    ):
        _evidence(run, folder, name, kind, title, data)
    return run


def _evidence(run: Run, folder: Path, name: str, kind: str, title: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    Evidence.objects.create(
        run=run,
        attempt=1,
        path=f"{run.evidence}/{name}",
        kind=kind,
        title=title,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )


def operation(run: Run) -> WorkItem:
    """Items, alerts, schedules and a blocked credential around a run; returns the item that asks."""
    WorkItem.objects.create(queue="cobros", reference="M-1", state="hecho", run=run, payload={"importe": "10,00 EUR"})
    asks = WorkItem.objects.create(
        queue="cobros",
        reference="M-2",
        state="necesita_persona",
        run=run,
        question="¿Qué código ha recibido el titular?",
        payload={"ordenante": "Talleres Ebro, S.L.", "importe": "1.210,00 EUR"},
    )
    Alert.objects.create(key="a", kind="fallo", run=run, schedule="nocturna", message="La nocturna ha fallado.")
    CredentialBlock.objects.create(name="caja_norte", reason="El portal rechazó la clave.", run=run)
    Schedule.objects.create(name="nocturna", robot="contar", next_at=clock.now() + timedelta(hours=9), last_run=run)
    return asks


def payments(run: Run) -> dict[str, Proposal]:
    """Three payments: one sure, one to review with a proposal, one with candidates only."""
    creditor = Creditor.objects.create(key="duero", name="Suministros Duero, S.L.")
    account = BankAccount.objects.create(
        creditor=creditor, name="Operativa", iban="ES9121000418450200051332", currency="EUR"
    )
    debtor = Debtor.objects.create(creditor=creditor, erp="tryton", erp_key="1", name="Talleres Ebro, S.L.")
    invoices = [
        Invoice.objects.create(
            creditor=creditor,
            debtor=debtor,
            erp="tryton",
            erp_key=f"i{number}",
            kind="invoice",
            number=f"F2026-{number:05d}",
            issued_on=date(2026, 9, 1),
            due_on=date(2026, 10, number),
            currency="EUR",
            net=1000,
            tax=210,
            gross=1210,
            read_at=clock.now(),
        )
        for number in (1, 2, 3, 4)
    ]
    statement = Statement.objects.create(
        account=account,
        source="caja",
        sha256="0" * 64,
        file_name="extracto.n43",
        format="n43",
        first_day=date(2026, 11, 20),
        last_day=date(2026, 11, 20),
        opening=0,
        closing=0,
        lines=3,
        added=3,
    )

    def movement(number: int, amount: Decimal, name: str, text: str) -> Movement:
        return Movement.objects.create(
            account=account,
            statement=statement,
            fingerprint=f"{number:064d}",
            occurrence=0,
            booked_on=date(2026, 11, 20),
            value_on=date(2026, 11, 20),
            amount=amount,
            currency="EUR",
            text=text,
            counterparty_name=name,
        )

    made = {}
    for place, (key, state) in enumerate((("sure", "automatic"), ("review", "review"))):
        proposal = Proposal.objects.create(
            creditor=creditor,
            movement=movement(place, Decimal(1210), "Talleres Ebro, S.L.", f"FRA {invoices[place].number}"),
            run=str(run.pk),
            state=state,
            confidence=Decimal("0.9912") if state == "automatic" else Decimal("0.8731"),
            rule="equal",
            explanation="El concepto nombra la factura.\nEl importe es igual al pendiente.",
        )
        Match.objects.create(
            proposal=proposal,
            invoice=invoices[place],
            applied=1210,
            cash=1210,
            confidence=proposal.confidence,
            rule="equal",
            explanation="",
        )
        made[key] = proposal
    made["open"] = Proposal.objects.create(
        creditor=creditor,
        movement=movement(9, Decimal(2420), "", "PAGO FACTURAS OCTUBRE"),
        run=str(run.pk),
        state="review",
        explanation="Hay varias lecturas igual de buenas: decida usted.",
        unapplied=2420,
        candidates=[
            {
                "invoices": [invoices[2].pk, invoices[3].pk],
                "confidence": "0.4012",
                "explanation": "La suma de las dos es el importe.",
            }
        ],
    )
    return made
