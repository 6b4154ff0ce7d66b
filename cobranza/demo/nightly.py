"""Runs the nightly reconciliation on the demo world and checks the result against the ERP's own books."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from cobranza.demo.world import DemoWorld
from cobranza.kernel import clock
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger.models import Movement
from cobranza.reconciliation.models import PostingIntent, Proposal
from cobranza.runs import engine, runner
from cobranza.runs.models import Run

ROBOT = "conciliacion_diaria"
COMPANY = "demo"
BANKS = {"caja": "caja_demo", "ejemplo": "banco_ejemplo"}  # entry of config/banks.toml → its portal
_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class BankReport:
    """What became of one bank's movements, counted in our tables.

    Attributes:
        bank: Entry of ``config/banks.toml``.
        run: Number of the run.
        state: How it ended.
        seconds: How long it took.
        movements: In the ledger now.
        new_movements: Brought in by this run.
        posted_now: Payments that this run posted in the ERP.
        posted_before: Payments that were posted by earlier runs.
        review: Movements proposed to a person.
        unmatched: Movements that pay nothing that we know.
        refused: Movements whose posting the ERP refused.
        evidence: Folder of the run.
        message: Why it ended badly, "" when it did not.
    """

    bank: str
    run: int
    state: str
    seconds: float
    movements: int
    new_movements: int
    posted_now: int
    posted_before: int
    review: int
    unmatched: int
    refused: int
    evidence: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The ERP's own figures afterwards, read from it and not from our tables.

    Attributes:
        documents: Documents whose balance was compared.
        payments: Payments with our key that the ERP holds.
        collected: Their sum, by how much the ERP's balances fell since it was seeded.
        differences: One line per document whose balance is not what our postings explain; empty when all is right.
    """

    documents: int
    payments: int
    collected: Decimal
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The demo's result."""

    banks: tuple[BankReport, ...]
    books: Books
    examples: tuple[str, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """Every run ended well, the ERP took what it was given, and its books agree."""
        return not self.books.differences and all(bank.state == "hecho" and not bank.refused for bank in self.banks)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``; amounts as strings."""
        books = asdict(self.books) | {"collected": str(self.books.collected)}
        return {"sound": self.sound, "banks": [asdict(bank) for bank in self.banks], "books": books}

    def lines(self) -> Iterator[str]:
        """The summary in Spanish, below the table."""
        posted = sum(bank.posted_now for bank in self.banks)
        before = sum(bank.posted_before for bank in self.banks)
        for bank in self.banks:
            if bank.message:
                yield f"✗ {bank.bank}: {bank.message}"
            if bank.refused:
                yield f"✗ {bank.bank}: el ERP rechazó {bank.refused} cobros; vea la bandeja de revisión."
        if posted:
            yield f"✓ {posted} cobros registrados ahora en el ERP."
        if before:
            nothing = "" if posted else " Nada se ha registrado dos veces."
            yield f"✓ {before} cobros ya estaban registrados de antes.{nothing}"
        if self.books.differences:
            yield f"✗ El ERP no cuadra en {len(self.books.differences)} documentos:"
            yield from (f"    {line}" for line in self.books.differences[:10])
        else:
            fallen = write_amount(self.books.collected)
            yield (
                f"✓ El ERP, leído de nuevo: {self.books.payments} cobros nuestros, una vez cada uno; "
                f"{fallen} EUR menos de saldo en {self.books.documents} documentos, al céntimo."
            )
        if self.examples:
            yield "  Esperan a una persona, por ejemplo:"
            yield from (f"    · {line}" for line in self.examples)
        for bank in self.banks:
            yield f"  {bank.bank}: ejecución {bank.run}, {bank.state}, {bank.seconds:.0f} s; pruebas en {bank.evidence}"


def run(world: DemoWorld, *, tell: Callable[[str], None], days: int = _DAYS) -> Report:
    """Run the robot for each bank and look at what came of it."""
    banks = tuple(_run_bank(world, bank, tell, days) for bank in BANKS)
    tell("Leyendo el ERP para comprobar el resultado")
    return Report(banks=banks, books=check_books(world), examples=tuple(_examples()))


def check_books(world: DemoWorld) -> Books:
    """Compare each document's balance in the ERP with what it was when seeded and what we posted to it."""
    seeded = {str(row["id"]): row for row in world.erp.truth["documents"] if row["state"] == "posted"}
    intents = list(PostingIntent.objects.filter(state=PostingIntent.States.POSTED).select_related("invoice"))
    posted: dict[str, Decimal] = {}
    for intent in intents:
        posted[intent.document] = posted.get(intent.document, Decimal(0)) + intent.amount
    erp = world.open_erp()
    try:
        now = {document.key: document.open for document in erp.open_ledger().documents}
        held = erp.find_payments([intent.key for intent in intents])
    finally:
        erp.close()
    differences, fallen = [], Decimal(0)
    for key, row in seeded.items():
        before, after = Decimal(row["open"]), now.get(key, Decimal(0))
        ours = posted.get(key, Decimal(0))
        fallen += before - after
        if before - after != ours:
            differences.append(f"{row['number']}: bajó {before - after} y registramos {ours}")
    differences += [
        f"{intent.invoice.number}: falta el cobro {intent.key}" for intent in intents if intent.key not in held
    ]
    return Books(documents=len(seeded), payments=len(held), collected=fallen, differences=tuple(differences))


def _run_bank(world: DemoWorld, bank: str, tell: Callable[[str], None], days: int) -> BankReport:
    begun = clock.now()
    variables = {"EMPRESA": COMPANY, "BANCO": bank, "DIAS": str(days), "HASTA": write_day(world.today)}
    started_by = f"demo:{getpass.getuser()}"
    created = engine.create(ROBOT, variables, started_by=started_by, foreground=True)
    tell(f"El robot concilia «{bank}» (ejecución {created.pk})")
    ended = runner.execute(created.pk)
    return _report(bank, ended, begun)


def _report(bank: str, ended: Run, begun: datetime) -> BankReport:
    movements = Movement.objects.filter(account__portal=bank)
    posted = PostingIntent.objects.filter(movement__in=movements, state=PostingIntent.States.POSTED)
    proposed = Proposal.objects.filter(movement__in=movements)
    waiting: QuerySet[Proposal] = proposed.filter(state=Proposal.States.REVIEW)
    duration = ended.duration
    return BankReport(
        bank=bank,
        run=ended.pk,
        state=ended.state,
        seconds=round(duration.total_seconds(), 1) if duration is not None else 0.0,
        movements=movements.count(),
        new_movements=movements.filter(created_at__gte=begun).count(),
        posted_now=posted.filter(finished_at__gte=begun).count(),
        posted_before=posted.filter(finished_at__lt=begun).count(),
        review=waiting.filter(matches__isnull=False).distinct().count(),
        unmatched=waiting.filter(matches__isnull=True).count(),
        refused=proposed.filter(state=Proposal.States.REFUSED).count(),
        evidence=short(ended.evidence_folder) if ended.evidence_folder is not None else "",
        message=f"{ended.error_code}: {ended.error_message} → {ended.error_remedy}" if ended.error_code else "",
    )


def short(folder: Path) -> str:
    """The path from here where it is below, else whole."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def _examples() -> Iterator[str]:
    rows = Proposal.objects.filter(state=Proposal.States.REVIEW, movement__amount__gt=0).select_related("movement")
    for row in rows.order_by("-confidence", "pk")[:4]:
        first = row.explanation.splitlines()[0] if row.explanation else ""
        yield f"{write_amount(row.movement.amount)} {row.movement.currency} «{row.movement.text[:60]}»: {first[:160]}"
