"""Everything that the review tray shows of one case, and what a person typed over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cobranza.disputes import cases, deciding, desk_words, marking, policy, summary, timeline, turns
from cobranza.disputes.cases import LinkPlan
from cobranza.disputes.deciding import Choice
from cobranza.disputes.models import Dispute, Mail
from cobranza.disputes.ports import Category
from cobranza.kernel.spanish import FormatError
from cobranza.kernel.spanish import amount as read_amount
from cobranza.ledger.models import Debtor, Invoice
from cobranza.screens import formats
from cobranza.screens.access import actor, may_open

_MOST_DOCUMENTS = 12
_MOST_FOUND = 8
_MOST_CASES = 60
_MOST_MERGED = 10
TICKET_STATUSES = {
    "new": _("nuevo"),
    "open": _("abierto"),
    "pending": _("en espera"),
    "hold": _("en espera"),
    "solved": _("resuelto"),
    "closed": _("cerrado"),
    "deleted": _("borrado en la mesa"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A category that a person may choose.

    Attributes:
        key: Digit that chooses it, "" for none.
        slug: Category.
        name: For people.
        description: What belongs in it.
        share: How likely the model holds it, None when it did not say.
        chosen: It is what stands now.
    """

    key: str
    slug: str
    name: str
    description: str
    share: Decimal | None
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A document that the case may be about.

    Attributes:
        invoice: Which.
        linked: It is linked now (or the person has ticked it).
        held: It is not to be claimed.
        amount: What is disputed, as text; "" for all.
        why: Why it is here.
    """

    invoice: Invoice
    linked: bool
    held: bool
    amount: str
    why: str


def queue() -> QuerySet[Dispute]:
    """Cases that wait, the gravest and oldest first."""
    return summary.waiting_cases().select_related("debtor", "creditor")


def next_free(person: str, after: Dispute | None = None) -> Dispute | None:
    """The first case that nobody else has; beyond `after` when there is any, else from the start.

    Args:
        person: Who looks for it.
        after: As it was when the person saw it: a fraud that has just been cleared up still stands before the rest.
    """
    rows = queue().exclude(pk__in=turns.held_by_others(person))
    if after is None:
        return rows.first()
    rows = rows.exclude(pk=after.pk)
    beyond = Q(opened_at__gt=after.opened_at) | Q(opened_at=after.opened_at, pk__gt=after.pk)
    later = rows.filter(Q(alert=after.alert) & beyond | Q(alert=False) if after.alert else Q(alert=False) & beyond)
    return later.first() or rows.first()


def decides(request: HttpRequest) -> bool:
    """Whether this person may decide."""
    return may_open(request.user, "disputes:decide", 0)


def show(request: HttpRequest, case: Dispute, categories: Mapping[str, Category]) -> dict[str, Any]:
    """Everything about one case; opening one that waits takes the turn for who may decide."""
    person, acts = actor(request), decides(request)
    live = case.state in Dispute.LIVE
    held: turns.Held | None = turns.holder(case.pk)
    if live and acts:
        try:
            held = turns.take(case.pk, person, fresh=True)
            turns.give_up_all_but(case.pk, person)
        except turns.HeldByAnother as exc:
            held = exc.held
    mine = held is not None and held.person == person
    mails = mails_of(case)
    first = next((mail for mail in mails if mail.opens and mail.dispute_id == case.pk), None)
    find = request.GET.get("find", "").replace("\x00", "").strip()[:120]
    debtor = _debtor(request, case)
    entry = categories.get(case.category)
    return {
        "case": case,
        "category": entry,
        "category_name": entry.name if entry else case.category,
        "mails": [(mail, marking.blocks(mail.reading), marking.subject(mail.subject, mail.reading)) for mail in mails],
        # What the red notice says need not be said twice.
        "why": [one for one in case.review_reasons if not (case.alert and one == policy.CALL_BACK)],
        "reasons": (first.judgement.get("reasons", []) if first else []),
        "offers": offers(case, first, categories),
        "others": sorted(categories.values(), key=lambda one: one.name.lower()),
        "debtor": debtor,
        "debtor_changed": (debtor.pk if debtor else None) != case.debtor_id,
        "candidates": _candidates(case, debtor),
        "rows": rows(case, debtor, find),
        "find": find,
        "found": _found(case, debtor, find),
        "stranger": first is not None and case.debtor_id is None,
        "sender": first.sender if first else "",
        "mergeable": _mergeable(case) if live and acts else [],
        "holds": cases.live_holds(case),
        "counts": cases.merged(case) if case.merged_into_id is not None else None,
        "untold": len(desk_words.planned([case.pk])),
        "ticket_status": TICKET_STATUSES.get(case.ticket_status, case.ticket_status),
        "timeline": timeline.of(case, {slug: one.name for slug, one in categories.items()}),
        "open": live and mine,
        "live": live,
        "decides": acts,
        "mine": mine,
        "turn": held,
        "renew_seconds": turns.RENEW_SECONDS,
        "supervises": may_open(request.user, "disputes:take_over", case.pk),
        "case_id": case.pk,
        "me": person,
    }


def mails_of(case: Dispute) -> list[Mail]:
    """The mails of a case and of those that were merged into it, oldest first."""
    ids = [case.pk]
    for _depth in range(_MOST_MERGED):
        more = Dispute.objects.filter(merged_into__in=ids).exclude(pk__in=ids).values_list("pk", flat=True)
        if not more:
            break
        ids += more
    rows = Mail.objects.filter(dispute__in=ids, duplicate_of=None).select_related("acknowledgement")
    return list(rows.order_by("received_at", "pk"))


def offers(case: Dispute, mail: Mail | None, categories: Mapping[str, Category]) -> list[Offer]:
    """The three likeliest categories, by key; what stands now is among them."""
    said = [
        (str(slug), Decimal(str(share))) for slug, share in (mail.judgement.get("alternatives", []) if mail else [])
    ]
    if case.category not in dict(said):
        said = [(case.category, case.confidence), *said]
    found = []
    for number, (slug, share) in enumerate(said[:3], start=1):
        entry = categories.get(slug)
        found.append(
            Offer(
                key=str(number),
                slug=slug,
                name=entry.name if entry else slug,
                description=entry.description if entry else "",
                share=share,
                chosen=slug == case.category,
            )
        )
    return found


def rows(case: Dispute, debtor: Debtor | None, find: str = "") -> list[Row]:
    """Documents of the debtor that may be meant: those linked, those suggested, those found, then what is owed."""
    linked = {link.invoice_id: link for link in cases.live_links(case)}
    if debtor is None:
        return []
    suggested = set(case.suggestion.get("documents", []))
    theirs = Invoice.objects.filter(debtor=debtor)
    shown = list(theirs.filter(pk__in=[*linked, *suggested]).order_by("due_on", "pk"))
    if find:
        shown += list(theirs.filter(number__icontains=find).exclude(pk__in=[one.pk for one in shown])[:_MOST_FOUND])
    more = theirs.filter(open__gt=0).exclude(pk__in=[one.pk for one in shown]).order_by("due_on", "pk")
    shown += list(more[: max(_MOST_DOCUMENTS - len(shown), 0)])
    found = []
    for invoice in shown:
        link = linked.get(invoice.pk)
        amount = formats.amount(link.amount).replace(formats.MINUS, "-") if link and link.amount is not None else ""
        found.append(
            Row(
                invoice=invoice,
                linked=link is not None,
                held=link.held if link is not None else False,
                amount=amount,
                why=link.reason if link is not None else _now("lo nombra") if invoice.pk in suggested else "",
            )
        )
    return found


def read_choice(request: HttpRequest, case: Dispute, categories: Mapping[str, Category]) -> Choice:
    """What the person said.

    Raises:
        CannotDecide: an amount or a category that cannot be read.
    """
    typed = request.POST
    slug = _category(typed, categories)
    debtor = int(typed["debtor"]) if typed.get("debtor", "").isdecimal() and len(typed["debtor"]) < 19 else None
    links = []
    for text in typed.getlist("doc"):
        if not text.isdecimal() or len(text) > 18:
            continue
        pk = int(text)
        links.append(
            LinkPlan(
                invoice=pk,
                amount=_amount(typed.get(f"amount-{pk}", "")),
                held=f"held-{pk}" in typed,
                reason=_now("lo dice %(person)s") % {"person": actor(request)},
            )
        )
    return Choice(
        category=slug,
        secondary=case.secondary if case.secondary != slug else "",
        debtor=debtor,
        links=tuple(links),
        callback=_text(typed, "callback"),
        note=_text(typed, "note"),
        learn_address="learn" in typed,
    )


def _category(typed: QueryDict, categories: Mapping[str, Category]) -> str:
    other = _text(typed, "other")
    if not other:
        return typed.get("category", "")
    by_name = {entry.name.lower(): slug for slug, entry in categories.items()}
    found = other if other in categories else by_name.get(other.lower())
    if found is None:
        near = [slug for name, slug in by_name.items() if other.lower() in name]
        found = near[0] if len(near) == 1 else None
    if found is None:
        raise deciding.CannotDecide(
            _now("No hay ninguna categoría «%(name)s».") % {"name": other},
            remedy=_now("Elija una de la lista."),
        )
    return found


def _amount(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        return read_amount(text)
    except FormatError as exc:
        raise deciding.CannotDecide(exc.message, remedy=exc.remedy) from exc


def _text(typed: QueryDict, name: str) -> str:
    return typed.get(name, "").replace("\x00", "").strip()[:1000]


def _debtor(request: HttpRequest, case: Dispute) -> Debtor | None:
    asked = request.GET.get("debtor", "")
    if asked.isdecimal() and len(asked) < 19:
        chosen = Debtor.objects.filter(creditor=case.creditor_id, pk=int(asked)).first()
        if chosen is not None:
            return chosen
    found: Debtor | None = case.debtor
    return found


def _candidates(case: Dispute, debtor: Debtor | None) -> list[Debtor]:
    """Whose it may be: whom the tax id or the documents suggest."""
    ids = set(case.suggestion.get("debtors", []))
    documents = case.suggestion.get("documents", [])
    ids |= set(Invoice.objects.filter(pk__in=documents).values_list("debtor", flat=True))
    found = Debtor.objects.filter(creditor=case.creditor_id, pk__in=ids)
    return list(found.exclude(pk__in=_pk(debtor)).order_by("name", "pk")[:_MOST_FOUND])


def _found(case: Dispute, debtor: Debtor | None, find: str) -> list[Debtor]:
    if not find:
        return []
    wanted = Q(name__icontains=find) | Q(tax_id__icontains=find) | Q(invoices__number__icontains=find)
    found = Debtor.objects.filter(wanted, creditor=case.creditor_id).exclude(pk__in=_pk(debtor))
    return list(found.order_by("name", "pk").distinct()[:_MOST_FOUND])


def _mergeable(case: Dispute) -> list[Dispute]:
    """Other live cases that may be the same: of the same debtor, or of the same sender when there is none."""
    rows = Dispute.objects.filter(creditor=case.creditor_id, state__in=Dispute.LIVE).exclude(pk=case.pk)
    if case.debtor_id is not None:
        rows = rows.filter(Q(debtor=case.debtor_id) | Q(debtor=None, mails__sender__in=_senders(case)))
    else:
        rows = rows.filter(mails__sender__in=_senders(case))
    return list(rows.distinct().order_by("-opened_at", "-pk")[:_MOST_CASES])


def _senders(case: Dispute) -> list[str]:
    return [one for one in case.mails.values_list("sender", flat=True).distinct() if one]


def _pk(debtor: Debtor | None) -> list[int]:
    return [debtor.pk] if debtor is not None else []
