"""Runs the triage of disputes on the demo mailbox; counts the result at the desk, in the sent mail and the ledger."""

from __future__ import annotations

import getpass
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from email import message_from_bytes
from email.policy import default as policy
from typing import Any

from cobranza.demo.mail import letters
from cobranza.demo.mail.letters import Letter, Owed
from cobranza.demo.nightly import COMPANY, short
from cobranza.demo.world import DemoWorld
from cobranza.disputes.models import Dispute, Mail, Suppression
from cobranza.kernel.errors import ApplicationError
from cobranza.kernel.spanish import write_amount
from cobranza.ledger.models import Contact, Creditor, Hold, Invoice
from cobranza.runs import engine, runner

ROBOT = "triaje_de_disputas"
_INDEX = "cartas.json"


class DemoMailError(ApplicationError):
    """The demo company has too few documents to write about."""

    code = "COB-DEM-020"
    remedy = "Empiece de nuevo con «cobranza demo reset» y «cobranza demo run»."


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageReport:
    """What became of the demo's mail.

    Attributes:
        run: Number of the run.
        state: How it ended.
        seconds: How long it took.
        delivered: Messages put into the mailbox for this run.
        new: Of them, those that were not known yet.
        tickets: At the desk, counted there.
        tickets_now: Of them, those that this run opened.
        comments: Later messages of a thread, added to their ticket, counted at the desk.
        answers: Acknowledgements that left, counted where they arrived.
        machine: Messages that no person wrote.
        held: Money that is not claimed meanwhile, EUR.
        holds: Documents that it is of.
        review: Cases that wait for a person.
        alerts: Of them, those shown in red.
        suppressed: Addresses that are not written to any more.
        evidence: Folder of the run.
        faults: What is not as it has to be; empty when all is right.
        message: Why the run ended badly, "" when it did not.
    """

    run: int
    state: str
    seconds: float
    delivered: int
    new: int
    tickets: int
    tickets_now: int
    comments: int
    answers: int
    machine: int
    held: Decimal
    holds: int
    review: int
    alerts: int
    suppressed: int
    evidence: str
    faults: tuple[str, ...] = ()
    message: str = ""

    @property
    def sound(self) -> bool:
        """The run ended well, and every message of a person has one ticket and one answer."""
        return self.state == "hecho" and not self.faults

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``; amounts as strings."""
        return asdict(self) | {"sound": self.sound, "held": str(self.held), "faults": list(self.faults)}

    def lines(self) -> Iterator[str]:
        """The summary in Spanish."""
        if self.message:
            yield f"✗ correo: {self.message}"
        yield from (f"✗ correo: {fault}" for fault in self.faults)
        again = "" if self.new else " Nada se ha abierto ni contestado dos veces."
        yield (
            f"✓ {self.delivered} correos en el buzón, {self.new} nuevos, {self.machine} de máquinas: "
            f"{self.tickets_now} tickets abiertos ahora.{again}"
        )
        yield (
            f"✓ La mesa, leída de nuevo: {self.tickets} tickets, uno por caso, y {self.comments} correo añadido al "
            f"suyo; {self.answers} acuses entregados, uno por correo."
        )
        yield f"✓ {write_amount(self.held)} EUR de {self.holds} facturas no se reclaman mientras tanto; el resto, sí."
        red = f", {self.alerts} en rojo" if self.alerts else ""
        yield f"  {self.review} casos esperan a una persona{red}; {self.suppressed} dirección que ya no existe."
        yield f"  correo: ejecución {self.run}, {self.state}, {self.seconds:.0f} s; pruebas en {self.evidence}"


def run(world: DemoWorld, *, tell: Callable[[str], None]) -> TriageReport:
    """Deliver the demo's mail, run the robot and look at what came of it."""
    creditor = Creditor.objects.get(key=COMPANY)
    written = _letters(world, creditor)
    tickets_before = len(_tickets(world))
    mails_before = Mail.objects.filter(creditor=creditor).count()
    for letter in written:
        world.mail.deliver(letter.name, letter.raw)
    variables = {"EMPRESA": COMPANY, "MINUTOS": "0"}
    created = engine.create(ROBOT, variables, started_by=f"demo:{getpass.getuser()}", foreground=True)
    tell(f"El robot atiende el correo de los deudores (ejecución {created.pk})")
    ended = runner.execute(created.pk)
    tickets = _tickets(world)
    cases = Dispute.objects.filter(creditor=creditor)
    holds = Hold.objects.filter(source__startswith="disputa:", released_at=None, debtor__creditor=creditor)
    amounts = [
        hold.invoice.open if hold.amount is None else hold.amount
        for hold in holds.select_related("invoice")
        if hold.invoice is not None
    ]
    waiting = cases.filter(review=Dispute.Reviews.WAITING, state__in=Dispute.LIVE)
    duration = ended.duration
    return TriageReport(
        run=ended.pk,
        state=ended.state,
        seconds=round(duration.total_seconds(), 1) if duration is not None else 0.0,
        delivered=len(written),
        new=Mail.objects.filter(creditor=creditor).count() - mails_before,
        tickets=len(tickets),
        tickets_now=len(tickets) - tickets_before,
        comments=Mail.objects.filter(creditor=creditor, dispute__isnull=False, opens=False).count(),
        answers=sum(bool(each["In-Reply-To"]) for each in world.mail.answers()),
        machine=Mail.objects.filter(creditor=creditor, state=Mail.States.IGNORED, duplicate_of=None).count(),
        held=sum(amounts, Decimal(0)),
        holds=len(amounts),
        review=waiting.count(),
        alerts=waiting.filter(alert=True).count(),
        suppressed=Suppression.objects.filter(lifted_at=None).count(),
        evidence=short(ended.evidence_folder) if ended.evidence_folder is not None else "",
        faults=tuple(_faults(world, written, tickets)),
        message=f"{ended.error_code}: {ended.error_message} → {ended.error_remedy}" if ended.error_code else "",
    )


def _letters(world: DemoWorld, creditor: Creditor) -> list[Letter]:
    """The messages, written once: the next run delivers the same bytes."""
    folder = world.home / "cartas"
    index = folder / _INDEX
    if not index.exists():
        folder.mkdir(parents=True, exist_ok=True)
        written = letters.compose(*_documents(creditor), today=world.today)
        for one in written:
            (folder / f"{one.name}.eml").write_bytes(one.raw)
        notes = [{"name": one.name, "human": one.human, "again": one.again} for one in written]
        fresh = index.with_suffix(".new")
        fresh.write_text(json.dumps(notes, ensure_ascii=False), encoding="utf-8")
        fresh.rename(index)
    notes = json.loads(index.read_text(encoding="utf-8"))
    return [Letter(raw=(folder / f"{note['name']}.eml").read_bytes(), **note) for note in notes]


def _documents(creditor: Creditor) -> tuple[list[Owed], list[Owed]]:
    """Open invoices of different debtors that can be written to, and settled ones; oldest due day first."""
    addresses = dict(
        Contact.objects.filter(debtor__creditor=creditor, kind=Contact.Kinds.EMAIL)
        .order_by("-pk")
        .values_list("debtor_id", "value")
    )
    rows = Invoice.objects.filter(creditor=creditor, kind="invoice", debtor__in=addresses, vanished_at=None)
    found: dict[bool, dict[int, Owed]] = {False: {}, True: {}}
    for row in rows.select_related("debtor").order_by("due_on", "number"):
        owed = Owed(
            number=row.number,
            gross=row.gross.quantize(Decimal("0.01")),
            due_on=row.due_on,
            name=row.debtor.name,
            address=addresses[row.debtor_id],
        )
        if row.state in ("open", "settled"):
            found[row.state == "settled"].setdefault(row.debtor_id, owed)
    open_wanted, settled_wanted = letters.needed()
    settled = dict(list(found[True].items())[:settled_wanted])
    others = [owed for debtor, owed in found[False].items() if debtor not in settled]
    if len(others) < open_wanted or len(settled) < settled_wanted:
        raise DemoMailError("La empresa de demostración no tiene documentos bastantes para escribirle.")
    return others[:open_wanted], list(settled.values())


def _tickets(world: DemoWorld) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.desk.truth()["tickets"]
    return found


def _faults(world: DemoWorld, written: Sequence[Letter], tickets: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What the desk and the sent mail show to be wrong, by their own books and not by our tables."""
    keys = Counter(ticket["external_id"] for ticket in tickets)
    yield from (f"el ticket {key} está {number} veces." for key, number in keys.items() if number > 1)
    answered = Counter(str(answer["In-Reply-To"]) for answer in world.mail.answers())
    for letter in written:
        message_id = str(message_from_bytes(letter.raw, policy=policy)["Message-ID"])
        wanted = 1 if letter.human or letter.again else 0
        if answered[message_id] != wanted:
            yield f"{letter.name} tiene {answered[message_id]} acuses y debía tener {wanted}."
    left = sorted(file.name for file in world.mail.inbox.glob("*.eml"))
    yield from (f"{name} sigue en la bandeja de entrada." for name in left)
