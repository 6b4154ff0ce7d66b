"""A mail that begins something: judged, tied to the ledger, and made a case with what it holds and its ticket."""

from __future__ import annotations

from decimal import Decimal

from cobranza.disputes import cases, considering, linking
from cobranza.disputes.considering import Office
from cobranza.disputes.directory import LedgerDirectory
from cobranza.disputes.linking import Linked
from cobranza.disputes.models import Dispute, Mail
from cobranza.disputes.ports import Hold, Judgement, Question, ReadMail
from cobranza.disputes.shift import Shift

_States = Mail.States


def open_case(shift: Shift, mail: Mail, read: ReadMail, *, stranger: bool, follows: Dispute | None = None) -> Dispute:
    """Judge a mail and open its case, with what it holds and the ticket to ask for."""
    directory = LedgerDirectory(shift.creditor, shift.today)
    linked = linking.link(read, directory, shift.today)
    [first] = shift.judge.judge([Question(mail=read, facts=linked.facts)])
    known = directory.accounts(linked.party.id if linked.party else None)
    came = considering.consider(
        read, linked, first, known, _office(shift, mail), received=mail.received_at, stranger=stranger
    )
    judgement, entry, review = came.judgement, came.entry, came.review
    values = {
        "debtor_id": linked.party.id if linked.party else None,
        "subject": read.subject[:300],
        "lang": read.lang,
        "category": entry.slug,
        "secondary": judgement.secondary,
        "confidence": _share(judgement.confidence),
        "model": judgement.model,
        "decided_by_name": shift.actor.name,
        "review": Dispute.Reviews.WAITING if review.wanted else Dispute.Reviews.NONE,
        "review_reasons": list(review.reasons),
        "alert": review.alert,
        # Whoever says that none of it is theirs, or that they are insolvent, need not list their invoices.
        "whole_debtor": bool(
            linked.party and not linked.named and not judgement.abstain and entry.hold is Hold.NAMED_DOCUMENTS
        ),
        "suggestion": {
            "debtors": [party.id for party in linked.candidates],
            "documents": [document.id for document in linked.suggested],
            "unknown": list(linked.unknown),
            "reasons": list(linked.reasons),
        },
        "reply": came.reply,
        "request": came.request,
        "desk": shift.boxes[mail.account].mesa if mail.account in shift.boxes else next(iter(shift.desks), ""),
        "due_at": came.due,
        "follows": follows,
    }
    kept = {one.named.document.id: one for one in came.held}
    # That a debtor owes one document only matters where something is held; else the mail is not about it.
    about = [one for one in linked.named if one.how != "only" or one.document.id in kept]
    links = [
        cases.LinkPlan(
            invoice=one.document.id,
            amount=kept[one.document.id].amount if one.document.id in kept else None,
            held=one.document.id in kept,
            reason=_why(one),
        )
        for one in about
    ]
    Mail.objects.filter(pk=mail.pk).update(judgement=_told(judgement, linked))
    expected = (_States.READ,) if follows is None else (_States.CREATING,)
    return cases.open_case(mail, values=values, links=links, actor=shift.actor, expected=expected)


def _office(shift: Shift, mail: Mail) -> Office:
    return Office(
        categories=shift.categories,
        signature=shift.signature,
        fallback=shift.addresses.get(mail.account, "") or "sin-remitente@cobranza.invalid",
        today=shift.today,
    )


_HOW = {
    "exact": "lo nombra",
    "digits": "lo nombra, escrito de otra forma",
    "tail": "nombra el final de su número",
    "near": "nombra un número casi igual que no existe",
    "quoted": "contesta a nuestra carta sobre él",
    "amount": "tiene el importe que dice",
    "only": "es el único pendiente",
}


def _why(one: linking.Named) -> str:
    said = f" («{one.text}»)" if one.text else ""
    return f"{_HOW[one.how]}{said}"


def _told(judgement: Judgement, linked: Linked) -> dict[str, object]:
    facts = linked.facts
    return {
        "label": judgement.label,
        "confidence": str(_share(judgement.confidence)),
        "secondary": judgement.secondary,
        "alternatives": [[one.label, str(_share(one.confidence))] for one in judgement.alternatives],
        "abstain": judgement.abstain,
        "reasons": list(judgement.reasons),
        "model": judgement.model,
        "facts": {name: getattr(facts, name) for name in facts.__dataclass_fields__},
    }


def _share(confidence: float) -> Decimal:
    return min(max(Decimal(str(round(confidence, 4))), Decimal(0)), Decimal(1))
