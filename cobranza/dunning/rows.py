"""The rows behind the facts of many debtors, with one query for each table. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Max, Min, QuerySet, Sum

from cobranza.dunning.models import Message
from cobranza.kernel import clock
from cobranza.ledger import ratings
from cobranza.ledger.models import (
    Agreement,
    Allocation,
    BankAccount,
    Consent,
    Contact,
    Cover,
    Debtor,
    Event,
    Hold,
    Instalment,
    Invoice,
    OptOut,
    Preference,
    Statement,
    Takeover,
    Task,
    Word,
)

STRATEGY_TASK = "estrategia:"
"""What the source of a task that a strategy asked for begins with; its key is the proposal's."""
_BY_HAND = timedelta(days=40)
_HEARD = timedelta(days=400)


class Rows:
    """What the tables hold of `debtors` at `now`, by debtor's (or agreement's) primary key.

    Rows are named tuples with the columns that are needed: building whole models costs more than reading them.
    """

    def __init__(self, debtors: Iterable[Debtor], now: datetime) -> None:
        whose = {debtor.pk: debtor for debtor in debtors}
        ids = list(whose)
        of_these = {"debtor__in": ids}
        self.invoices = _grouped(
            Invoice.objects.filter(**of_these, vanished_at=None).exclude(open=0),
            "debtor_id", "pk", "currency", "kind", "number", "due_on", "open",
        )  # fmt: skip
        self.holds = _grouped(
            Hold.objects.filter(**of_these, released_at=None).order_by("pk"),
            "debtor_id", "invoice_id", "amount", "reason", "source", "opened_at",
        )  # fmt: skip
        self.contacts = _grouped(
            Contact.objects.filter(**of_these).order_by("created_at", "pk"), "debtor_id", "kind", "value", "created_at"
        )
        self.consents = _grouped(
            Consent.objects.filter(**of_these).order_by("pk"),
            "debtor_id", "channel", "given_at", "proof", "address", "revoked_at", "other_hours",
        )  # fmt: skip
        self.opt_outs = _grouped(OptOut.objects.filter(**of_these).order_by("pk"), "debtor_id", "at", "channel")
        latest = Preference.objects.filter(**of_these).order_by("debtor", "-at", "-pk").distinct("debtor")
        self.preferences = {each.debtor_id: each for each in latest}
        self.tasks = _grouped_values(Task.objects.filter(**of_these, done_at=None), "kind")
        self.strategy_tasks = _grouped(
            Task.objects.filter(**of_these, source__startswith=STRATEGY_TASK).order_by("pk"),
            "debtor_id", "key", "opened_at",
        )  # fmt: skip
        self.leaders = dict(Takeover.objects.filter(**of_these, until=None).values_list("debtor", "person"))
        self.messages = _grouped(
            Message.objects.filter(**of_these).order_by("pk"),
            "debtor_id", "key", "currency", "purpose", "state", "step", "anchor", "channel", "address", "template",
            "queued_at", "sent_at", "answered_at", "leased_until", "unknown_since",
        )  # fmt: skip
        self.standings = ratings.standings(ids, today=now.astimezone(clock.MADRID).date())
        self._words(ids, now)
        self._events(ids, now)
        self._money(ids)
        self._agreements(ids)
        self._readings(ids, {debtor.creditor_id for debtor in whose.values()})

    def _words(self, ids: list[int], now: datetime) -> None:
        heard = Word.objects.filter(debtor__in=ids, direction="in", at__gte=now - _HEARD)
        self.inbound: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
        for debtor, channel, at in heard.values_list("debtor", "channel").annotate(last=Max("at")):
            self.inbound[debtor][channel] = at

    def _events(self, ids: list[int], now: datetime) -> None:
        subjects = {f"debtor:{pk}": pk for pk in ids}
        made = Event.objects.filter(subject__in=list(subjects), kind="contact.made", at__gte=now - _BY_HAND)
        self.by_hand: defaultdict[int, list[Any]] = defaultdict(list)
        for event in made.order_by("pk").values_list("subject", "pk", "at", "payload", named=True):
            self.by_hand[subjects[event.subject]].append(event)

    def _money(self, ids: list[int]) -> None:
        booked = Allocation.objects.filter(invoice__debtor__in=ids, reversed_at=None)
        self.last_paid: dict[int, datetime] = dict(
            booked.values_list("invoice__debtor").annotate(last=Max("decided_at")).order_by()
        )
        settled = (
            booked.filter(invoice__state="settled")
            .annotate(debtor_id=F("invoice__debtor"), currency=F("invoice__currency"), due_on=F("invoice__due_on"))
            .values("invoice", "debtor_id", "currency", "due_on")
            .annotate(on=Max("movement__value_on"))
            .order_by("invoice")
        )
        self.settled = _grouped(settled, "debtor_id", "currency", "due_on", "on")

    def _agreements(self, ids: list[int]) -> None:
        live = Agreement.objects.filter(debtor__in=ids, ended_at=None).order_by("accepted_at", "pk")
        self.agreements = _grouped(live, "debtor_id", "pk", "key", "kind", "currency", "standing", "accepted_at")
        about = [each.pk for of_one in self.agreements.values() for each in of_one]
        covers = Cover.objects.filter(agreement__in=about).annotate(open=F("invoice__open")).order_by("pk")
        self.covers = _grouped(covers, "agreement_id", "invoice_id", "amount", "open")
        self.instalments = _grouped(
            Instalment.objects.filter(agreement__in=about).order_by("number"),
            "agreement_id", "number", "due_on", "amount", "paid",
        )  # fmt: skip
        received = (
            Allocation.objects.filter(
                invoice__covers__agreement__in=about,
                reversed_at=None,
                decided_at__gte=F("invoice__covers__agreement__accepted_at"),
            )
            .values_list("invoice__covers__agreement")
            .annotate(sum=Sum("applied"))
            .order_by()
        )
        # Without an agreement nothing is asked: most nights most batches have none.
        self.received: dict[int, Decimal] = dict(received) if about else {}

    def _readings(self, ids: list[int], creditors: set[int]) -> None:
        """When each bank account was last read (None never), by creditor; when the ERP was, by debtor."""
        accounts = BankAccount.objects.filter(creditor__in=creditors)
        last = dict(
            Statement.objects.filter(account__creditor__in=creditors)
            .values_list("account")
            .annotate(last=Max("imported_at"))
        )
        self.banks_read: defaultdict[int, list[datetime | None]] = defaultdict(list)
        for pk, creditor in accounts.values_list("pk", "creditor"):
            self.banks_read[creditor].append(last.get(pk))
        self.erp_read: dict[int, datetime] = dict(
            Invoice.objects.filter(debtor__in=ids, vanished_at=None)
            .values_list("debtor")
            .annotate(first=Min("read_at"))
            .order_by()
        )


def _grouped(rows: QuerySet[Any, Any], key: str, *columns: str) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows.values_list(key, *columns, named=True):
        found[row[0]].append(row)
    return found


def _grouped_values(rows: QuerySet[Any, Any], column: str) -> defaultdict[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for debtor, value in rows.values_list("debtor_id", column):
        found[debtor].append(value)
    return found
