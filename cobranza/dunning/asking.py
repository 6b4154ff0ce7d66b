"""What is asked right before a message leaves: the debtor read anew, the gate's word, the text with what is owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from cobranza.dunning import config, facts, wording
from cobranza.dunning.account import DunningError
from cobranza.dunning.facts import Due, Facts
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Outgoing, Row
from cobranza.dunning.sending import Asked
from cobranza.gate import texts
from cobranza.gate.acts import Act, Decision, Inbound, Purpose, State
from cobranza.gate.decision import decide
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money
from cobranza.ledger import links, pages
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Wanted
from cobranza.regimes.contact import ContactLaw

ROBOT = Actor.robot("recordatorios")
WINDOW = timedelta(hours=24)
"""Within so long of the debtor's own words WhatsApp takes free text; after it, only an approved template."""
PORTAL = "portal:"
"""What the source of a wish begins with that the debtor made on their own page."""
_SOON = timedelta(days=10)
_BY_CHANNEL = "*"


def ask(row: Row, now: datetime) -> Asked:
    """Read the debtor anew, ask the gate, fill and lint the text.

    Raises:
        DunningError: what is missing, over or wrong; it holds the message back.
    """
    message = Message.objects.select_related("debtor__creditor", "wanted").get(key=row.key)
    debtor = message.debtor
    known = facts.read(debtor, message.currency, now)
    law = facts.law(known.country)
    purpose = Purpose(message.purpose)
    question = act(known, row.channel, row.address, now, row.key, purpose, message.anchor)
    decision = decide(question, heard(known, message.wanted, row.channel), law)
    message.decisions = [*message.decisions, decision.as_dict(law)][-20:]
    if not decision.allowed:
        message.save(update_fields=["decisions"])
        return Asked(decision=decision, message=None)
    _still(message, known, now)
    entry = config.company(debtor.creditor.key)
    values, amount = _values(message, known, decision, entry)
    written = wording.template(message.template, message.language) if message.template else None
    if written is not None and "enlace" in wording.used(written):
        values["enlace"] = _link(message, entry)
    filled = wording.fill(written, values) if written is not None else _signed(message, values)
    _lint(filled, message, entry, known, law)
    message.subject, message.text, message.amount = filled.subject, filled.text, amount
    message.save(update_fields=["decisions", "subject", "text", "amount"])
    approved = row.channel == "whatsapp" and written is not None and not in_window(known, now)
    outgoing = Outgoing(
        key=row.key,
        to=row.address,
        subject=filled.subject,
        text=filled.text,
        language=message.language,
        template=message.template if approved else "",
        values=tuple(values[name] for name in wording.used(written)) if approved and written is not None else (),
    )
    return Asked(decision=decision, message=outgoing)


def act(
    known: Facts, channel: str, address: str, at: datetime, key: str, purpose: Purpose, anchor: date | None = None
) -> Act:
    """The question to the gate about one message."""
    overdue = (known.today - anchor).days if anchor is not None else None
    return Act(
        country=known.country,
        debtor_type=known.debtor_type,
        channel=channel,
        at=at,
        purpose=purpose,
        address=address,
        reference=key,
        overdue_days=overdue if purpose is Purpose.CLAIM else None,
        identifies=frozenset({"sender", "creditor"}),
        unattended=True,
    )


def heard(known: Facts, wanted: Wanted | None, channel: str) -> State:
    """The debtor's state; who asks on their own page to be told something there has asked for it on that channel."""
    if wanted is None or not wanted.source.startswith(PORTAL):
        return known.state
    asked = Inbound(channel=channel, at=wanted.created_at)
    return replace(known.state, inbound=(*known.state.inbound, asked))


def in_window(known: Facts, now: datetime) -> bool:
    """Whether the debtor wrote by WhatsApp so lately that free text may go there."""
    return any(each.channel == "whatsapp" and now - each.at < WINDOW for each in known.state.inbound)


def _still(message: Message, known: Facts, now: datetime) -> None:
    """What the gate does not know: who leads the conversation, whether the wish still makes sense."""
    if not message.author and known.leader:
        raise DunningError(f"La conversación la lleva {known.leader}: el robot no escribe.")
    wanted = message.wanted
    if wanted is None and known.account.waits:
        raise DunningError(f"No se escribe ahora: {known.account.waits}.")
    if wanted is not None and wanted.expires_at is not None and now >= wanted.expires_at:
        raise DunningError("Lo que se pidió decir ha caducado.")
    if message.channel == "whatsapp" and not message.template and not in_window(known, now):
        raise DunningError("Fuera de las 24 horas de WhatsApp solo sale una plantilla aprobada.")


def _values(
    message: Message, known: Facts, decision: Decision, entry: config.CompanyEntry
) -> tuple[dict[str, str], Decimal | None]:
    """The merge fields as they are at this second, and the amount that is asked for, None when none is."""
    creditor = message.debtor.creditor
    values = dict(message.wanted.values) if message.wanted is not None else {}
    values |= {
        "deudor": message.debtor.name,
        "acreedor": creditor.name,
        "remitente": entry.remitente,
        "baja": entry.baja.get(message.channel, entry.baja.get(_BY_CHANNEL, "")),
        "telefono": entry.telefono,
    }
    if message.purpose == Purpose.CLAIM.value:
        claimed, told = _claim(message, known, decision)
        return values | told, claimed
    if message.purpose == Purpose.INSTALMENT.value:
        due = _instalment(message, known)
        told = {
            "importe": write_money(due.amount),
            "vence": write_day(due.on),
            "cuota": f"{due.number} de {due.count}",
        }
        return values | told, due.amount.amount
    return values, None


def _claim(message: Message, known: Facts, decision: Decision) -> tuple[Decimal, dict[str, str]]:
    today = known.today
    items = [
        item
        for item in known.account.items
        if item.claimable.amount
        and (message.wanted is not None or item.due <= message.anchor or (message.anchor < today and item.due < today))
    ]
    if not items:
        raise DunningError("Ya no queda nada que reclamar de lo que trataba este mensaje.")
    amount = Money.total(message.currency, (item.claimable for item in items))
    if decision.claimable is not None and amount.amount > decision.claimable:
        amount = Money(message.currency, decision.claimable)
    oldest = min(item.due for item in items)
    return amount.amount, {
        "importe": write_money(amount),
        "documentos": ", ".join(item.number for item in items[:10]) + (" y otros" if len(items) > 10 else ""),
        "vence": write_day(oldest),
        "dias": str(max(0, (today - oldest).days)),
    }


def _instalment(message: Message, known: Facts) -> Due:
    """The payment that is to be reminded; money that came meanwhile makes the reminder untrue."""
    named = str(message.wanted.values.get("vence", "")) if message.wanted is not None else ""
    for due in known.due:
        if write_day(due.on) == named or (not named and due.on <= known.today + _SOON):
            return due
    raise DunningError("La cuota que se iba a recordar ya está pagada o no existe.")


def _link(message: Message, entry: config.CompanyEntry) -> str:
    if not pages.address().direccion:
        return ""
    _, token = links.issue(message.debtor, days=entry.enlace_dias, actor=ROBOT, reference=message.key)
    return pages.page(token)


def _signed(message: Message, values: dict[str, str]) -> wording.Filled:
    """What a process or a person wrote, with who writes and for whom below it where the text does not say it."""
    wanted = message.wanted
    if wanted is None:
        raise DunningError("El mensaje no tiene plantilla ni texto.")
    text = wanted.text.strip()
    missing = [values[name] for name in ("remitente", "acreedor") if values[name] not in text]
    if missing:
        text = f"{text}\n\n{', por cuenta de '.join(dict.fromkeys(missing))}"
    subject = wanted.subject or f"Su cuenta con {values['acreedor']}"
    return wording.Filled(
        subject=" ".join(subject.split()) if message.channel in {"email", "letter"} else "", text=text
    )


def _lint(filled: wording.Filled, message: Message, entry: config.CompanyEntry, known: Facts, law: ContactLaw) -> None:
    found = texts.lint(
        texts.Message(
            text=filled.text,
            subject=filled.subject,
            channel=message.channel,
            debtor_type=known.debtor_type,
            on=known.today,
            senders=(entry.remitente,),
            creditors=(message.debtor.creditor.name,),
            own_hosts=frozenset({pages.address().host} - {""}),
            language=message.language,
            overdue_days=(known.today - message.anchor).days,
        ),
        law,
    )
    if found:
        told = "; ".join(f"{each.rule}: {each.told}" for each in found[:3])
        raise DunningError(f"El texto no puede salir: {told}")
