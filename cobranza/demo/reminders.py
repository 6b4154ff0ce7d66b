"""Sends the day's reminders of the demo company and counts them where they arrived; says what was held back and why.

The path is the real one: plan, queue, send by the connectors of e-mail, SMS and WhatsApp, with the gate asked twice;
the providers' signed webhooks are taken as the console takes them. On a day or at an hour at which the law lets nobody
write, the last permitted hour before now is taken, and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from cobranza.demo.channels.server import RunningProviders
from cobranza.demo.mail.server import RunningMail
from cobranza.demo.nightly import COMPANY
from cobranza.dunning import facts, webhooks, wording, workflow
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Delivery
from cobranza.dunning.strategy import Nothing
from cobranza.dunning.workflow import Planned
from cobranza.gate.days import open_day
from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money
from cobranza.ledger import agreements, consents
from cobranza.ledger.agreements import AgreementConflict, Payment, Terms
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Consent, Contact, Creditor, Debtor, Hold, Invoice, OptOut
from cobranza.regimes.contact import ContactLaw

STAFF = Actor.person("administracion")
_HOUR = time(10)
_SILENT = 9
"""Every so many debtors one has given no consent: the demo shows what then happens."""
_DAYS_BACK = 10
_BY_PHONE = {2: "whatsapp", 4: "sms", 6: "whatsapp"}
"""Of so many debtors those who agreed to be reached there, and not by e-mail."""
_NAMES = {"email": "por correo", "sms": "por SMS", "whatsapp": "por WhatsApp"}
_LANGUAGES = {"es": "es", "en": "en", "pt": "pt_BR"}
"""Ours → Meta's, as the shipped ``config/channels.toml`` has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindersReport:
    """What became of the day's reminders.

    Attributes:
        at: Moment that counted as now.
        moved: It is not the real one: nobody may be written to now.
        sent: Messages that left by this run.
        sent_before: Of earlier runs.
        arrived: Reminders in the demo's mailbox and at the providers, counted there.
        channels: Channel → messages that left by this run, and those that have arrived of all runs.
        delivered: SMS and WhatsApp messages that the providers say were delivered.
        waiting: Messages that wait for their hour.
        tasks: Debtors that a person has to call or to negotiate with.
        held: Reason → debtors that nothing is sent to.
        examples: A few of each, in Spanish.
        faults: What is not as it has to be.
    """

    at: datetime
    moved: bool
    sent: int
    sent_before: int
    arrived: int
    waiting: int
    tasks: int
    held: dict[str, int]
    channels: dict[str, tuple[int, int]] = field(default_factory=dict)
    delivered: int = 0
    examples: tuple[str, ...] = field(default=())
    faults: tuple[str, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """Every message arrived once."""
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        plain = asdict(self) | {"sound": self.sound, "at": self.at.isoformat()}
        return plain | {"examples": list(self.examples), "faults": list(self.faults)}

    def lines(self) -> Iterator[str]:
        """The summary in Spanish."""
        yield from (f"✗ recordatorios: {fault}" for fault in self.faults)
        if self.moved:
            day = write_day(self.at.astimezone(clock.MADRID).date())
            yield f"  Ahora no se puede escribir a nadie: se hace como si fuera el {day} a las 10:00."
        again = f"; {self.sent_before} ya habían salido y no salen otra vez" if self.sent_before else ""
        ways = ", ".join(f"{now} {_NAMES.get(channel, channel)}" for channel, (now, _) in self.channels.items() if now)
        there = ", ".join(f"{all_} {_NAMES.get(channel, channel)}" for channel, (_, all_) in self.channels.items())
        yield f"✓ {self.sent} recordatorios enviados ahora{f': {ways}' if ways else ''}{again}."
        yield (
            f"  Contados donde llegan hay {self.arrived} ({there}), uno por mensaje; los proveedores han confirmado "
            f"{self.delivered} entregas con su firma. {self.tasks} deudores son para una persona."
        )
        yield f"✓ {sum(self.held.values())} cuentas sin mensaje, cada una con su motivo:"
        yield from (
            f"    · {count}: {reason}" for reason, count in sorted(self.held.items(), key=lambda each: -each[1])
        )
        yield from (f"    {example}" for example in self.examples)


def run(mail: RunningMail, providers: RunningProviders, *, tell: Callable[[str], None]) -> RemindersReport:
    """Queue and send the demo company's reminders of today; a second run of the day sends nothing new."""
    creditor = Creditor.objects.get(key=COMPANY)
    law = facts.law(creditor.country or "ES")
    at, moved = _moment(law)
    _prepare(creditor, at)
    _approve(providers)
    before = set(_left(creditor).values_list("pk", flat=True))
    tell("Recordatorios del día: la estrategia propone, la compuerta decide")
    day = workflow.queue_all(creditor, actor=STAFF, now=at)
    workflow.send(creditor, limit=1000, now=lambda: at)
    _listen(providers)
    rows = list(_left(creditor).select_related("debtor").order_by("pk"))
    new = [row for row in rows if row.pk not in before]
    arrived = _arrived(mail, providers)
    there = Counter(row.channel for row in rows if arrived[row.provider_id])
    return RemindersReport(
        at=at,
        moved=moved,
        sent=len(new),
        sent_before=len(before),
        arrived=sum(arrived[row.provider_id] for row in rows),
        channels={
            channel: (sum(row.channel == channel for row in new), there[channel])
            for channel in _NAMES
            if channel in {row.channel for row in rows}
        },
        delivered=sum(row.state in (Delivery.DELIVERED.value, Delivery.READ.value) for row in rows),
        waiting=Message.objects.filter(creditor=creditor, state=Delivery.QUEUED.value).count(),
        tasks=len(day.tasks),
        held=_held(creditor, day.held),
        examples=tuple(_examples(new)),
        faults=tuple(
            f"{row.debtor.name} tiene {arrived[row.provider_id]} copias de {row.key}."
            for row in rows
            if row.channel in _NAMES and arrived[row.provider_id] != 1
        ),
    )


def _approve(providers: RunningProviders) -> None:
    """What Meta approves beforehand: every template of ours that is written for WhatsApp."""
    for language, theirs in _LANGUAGES.items():
        written = {name: wording.template(name, language) for name in wording.names(language)}
        fields = {name: len(wording.used(each)) for name, each in written.items() if "whatsapp" in each.canales}
        providers.templates(fields, theirs)


def _listen(providers: RunningProviders) -> None:
    """Take the providers' webhooks as the console does: signature first, what was heard before changes nothing."""
    for call in providers.deliveries():
        webhooks.receive(call["slug"], call["headers"], call["body"].encode(), call["url"])


def _arrived(mail: RunningMail, providers: RunningProviders) -> Counter[str]:
    """Copies of each message, counted where it arrives, by the provider's name for it."""
    found = Counter(str(each["Message-ID"]) for each in mail.answers() if not each["In-Reply-To"])
    truth = providers.truth()
    found.update(str(row["sid"]) for row in truth["sms"])
    found.update(str(row["wamid"]) for row in truth["whatsapp"])
    return found


def _moment(law: ContactLaw) -> tuple[datetime, bool]:
    """Now, or the last ten o'clock at which somebody may be written to by e-mail."""
    now = clock.now()
    local = now.astimezone(clock.MADRID)

    def permitted(day: date) -> bool:
        return all(open_day(law, day, debtor_type=kind, channel="email") for kind in ("consumer", "business"))

    if permitted(local.date()) and _HOUR <= local.time() < time(19):
        return now, False
    for back in range(_DAYS_BACK):
        day = local.date() - timedelta(days=back)
        at = datetime.combine(day, _HOUR, clock.MADRID)
        if permitted(day) and at <= now:
            return at, True
    return now, False


def _prepare(creditor: Creditor, at: datetime) -> None:
    """What the demo's debtors once told us: most agreed to e-mail, some to SMS or WhatsApp alone, one wants no more,
    one has a plan. Done once.
    """
    given = at - timedelta(days=60)
    with_mail = Contact.objects.filter(debtor__creditor=creditor, kind=Contact.Kinds.EMAIL).values("debtor")
    debtors = list(Debtor.objects.filter(pk__in=with_mail).order_by("erp_key"))
    told = set(Consent.objects.filter(debtor__creditor=creditor).values_list("debtor", flat=True))
    phones = Contact.objects.filter(debtor__creditor=creditor, kind=Contact.Kinds.PHONE)
    reached = set(phones.values_list("debtor", flat=True))
    for number, debtor in enumerate(debtors):
        if number % _SILENT != _SILENT - 1 and debtor.pk not in told:
            channel = _BY_PHONE.get(number % _SILENT, "email") if debtor.pk in reached else "email"
            consents.give(debtor, channel, proof="contrato marco, cláusula 9", actor=STAFF, at=given)
    late = _late(creditor, at)
    if late and not OptOut.objects.filter(debtor__creditor=creditor).exists():
        said = "Demo: contestó BAJA a un aviso anterior."
        consents.stop(late[0].debtor, "email", said=said, actor=STAFF, at=given + timedelta(days=1))
    if len(late) > 1:
        _plan(late[1], at)


def _late(creditor: Creditor, at: datetime) -> list[Invoice]:
    """Overdue invoices in the reach of reminders that nobody disputes, one per debtor, oldest first."""
    today = at.date()
    window = (today - timedelta(days=15), today - timedelta(days=3))
    disputed = Hold.objects.filter(released_at=None, debtor__creditor=creditor).values("debtor")
    rows = Invoice.objects.filter(
        creditor=creditor, kind="invoice", vanished_at=None, state="open", due_on__range=window
    ).exclude(debtor__in=disputed)
    rows = rows.filter(debtor__consents__channel="email").select_related("debtor").order_by("due_on", "pk")
    found: dict[int, Invoice] = {}
    for row in rows:
        found.setdefault(row.debtor_id, row)
    return list(found.values())


def _plan(invoice: Invoice, at: datetime) -> None:
    amount = invoice.open
    terms = Terms(
        key=f"demo:{invoice.creditor_id}:plan",
        currency=invoice.currency,
        kind="instalments",
        payments=(Payment(due=at.date() + timedelta(days=30), amount=amount, principal=amount),),
        covers={invoice.pk: amount},
        channel="portal",
        proof="Demo: botón «Acepto» de su página.",
        accepted_at=at - timedelta(days=1),
        approved_by="matriz de aprobación",
    )
    try:
        agreements.conclude(invoice.debtor, terms, actor=STAFF)
    except AgreementConflict:  # an earlier run's plan covers another invoice of theirs by now
        return


def _left(creditor: Creditor) -> Any:
    return Message.objects.filter(creditor=creditor, sent_at__isnull=False)


def _held(creditor: Creditor, held: tuple[Planned, ...]) -> dict[str, int]:
    reasons: Counter[str] = Counter()
    for each in held:
        if isinstance(each.found, Nothing):
            reasons[each.found.why] += 1
        elif each.arm == "holdout":
            reasons["grupo de control"] += 1
        elif each.stands:
            reasons["su mensaje ya está en la cola o salió"] += 1
        else:
            reasons["; ".join(each.decision.reasons) if each.decision is not None else ""] += 1
    late = Message.objects.filter(creditor=creditor, state=Delivery.SUPPRESSED.value)
    for reason in late.values_list("reason", flat=True):
        reasons[f"retenido al enviar: {reason}"] += 1
    return dict(reasons)


def _examples(sent: list[Message]) -> Iterator[str]:
    for row in sent[:3]:
        amount = write_money(Money(row.currency, row.amount or Decimal(0)))
        said = f"«{row.subject}»" if row.subject else _NAMES.get(row.channel, row.channel)
        yield f"{said} a {row.debtor.name}: {amount} ({row.reason or row.step})"
