"""Which movements the desk shows, in which order, and which comes next: all of it in the URL, all of it in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cobranza.kernel import spanish
from cobranza.ledger.models import BankAccount, Creditor
from cobranza.reconciliation.models import Match, PostingIntent, Proposal
from cobranza.reconciliation.summary import PENDING
from cobranza.reconciliation.workbench import leases
from cobranza.reconciliation.workbench.models import OnAccount
from cobranza.screens.navigation import Text

_States = Proposal.States
PAGE = 20
_SEARCH_MAX = 120
_TRIES = 12

STATES: tuple[tuple[str, Text], ...] = (
    ("", _("Por decidir")),
    ("matched", _("Por decidir, con propuesta")),
    ("unmatched", _("Por decidir, sin propuesta")),
    ("refused", _("Rechazados por el ERP")),
    ("unknown", _("Sin confirmar en el ERP")),
    ("automatic", _("Seguros, por registrar")),
    ("accepted", _("Aceptados por una persona")),
    ("posted", _("Registrados en el ERP")),
    ("on_account", _("A cuenta de un cliente")),
    ("dismissed", _("Descartados")),
    ("unrelated", _("No son cobros")),
    ("all", _("Todos")),
)
SURE: tuple[tuple[str, Text], ...] = (
    ("high", _("Alta (95 % o más)")),
    ("medium", _("Media")),
    ("low", _("Baja (menos del 60 %)")),
)
SORTS: tuple[tuple[str, Text], ...] = (
    ("", _("Los más antiguos")),
    ("amount", _("Los de más importe")),
    ("sure", _("Los más seguros")),
    ("recent", _("Los más recientes")),
)
_BANDS = {"high": ("0.95", "1"), "medium": ("0.6", "0.9499"), "low": ("0", "0.5999")}
# Field and whether it runs down; the movement breaks ties, so that no row is met twice or never.
_ORDER = {
    "": ("movement__booked_on", False),
    "amount": ("movement__amount", True),
    "sure": ("confidence", True),
    "recent": ("movement__booked_on", True),
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What one address asks for. What it says wrongly counts as not said: a shared link never ends in an error.

    Attributes:
        low: Least amount as typed, "" for none.
        high: Greatest amount as typed.
        account: Id of a bank account.
        country: Of the company that is owed.
    """

    state: str = ""
    sure: str = ""
    account: str = ""
    currency: str = ""
    country: str = ""
    low: str = ""
    high: str = ""
    q: str = ""
    sort: str = ""
    page: str = ""

    @classmethod
    def parse(cls, asked: Mapping[str, str]) -> Filters:
        """Read an address."""

        def one_of(name: str, known: tuple[tuple[str, Text], ...]) -> str:
            value = asked.get(name, "")
            return value if any(value == key for key, _label in known) else ""

        def plain(name: str, longest: int) -> str:
            return str(asked.get(name, "")).replace("\x00", "").strip()[:longest].strip()

        account, page = plain("account", 18), plain("page", 9)
        return cls(
            state=one_of("state", STATES),
            sure=one_of("sure", SURE),
            account=account if account.isdecimal() else "",
            currency=plain("currency", 3).upper(),
            country=plain("country", 2).upper(),
            low=plain("low", 24),
            high=plain("high", 24),
            q=plain("q", _SEARCH_MAX),
            sort=one_of("sort", SORTS),
            page=page if page.isdecimal() else "",
        )

    def query(self, **changes: object) -> str:
        """The address's query for these filters: "?state=…", "" when nothing is asked."""
        now = {name: getattr(self, name) for name in self.__dataclass_fields__} | changes
        kept = {name: value for name, value in now.items() if value not in ("", None)}
        return f"?{urlencode(kept)}" if kept else ""

    @property
    def bare(self) -> str:
        """The filters alone, as a form carries them from page to page."""
        return self.query(page="").removeprefix("?")

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered."""
        return any((self.state, self.sure, self.account, self.currency, self.country, self.low, self.high, self.q))

    @cached_property
    def wrong(self) -> tuple[str, ...]:
        """Names of the amount fields that are no amounts; they do not filter."""
        return tuple(name for name in ("low", "high") if getattr(self, name) and amount(getattr(self, name)) is None)

    def rows(self) -> QuerySet[Proposal]:
        """The proposals, in order."""
        rows = self._in_state(Proposal.objects.exclude(state=_States.SUPERSEDED))
        if self.sure:
            rows = rows.filter(confidence__range=_BANDS[self.sure])
        if self.account:
            rows = rows.filter(movement__account=int(self.account))
        if self.currency:
            rows = rows.filter(movement__currency=self.currency)
        if self.country:
            rows = rows.filter(creditor__country=self.country)
        low, high = amount(self.low), amount(self.high)
        if low is not None:
            rows = rows.filter(movement__amount__gte=low)
        if high is not None:
            rows = rows.filter(movement__amount__lte=high)
        if self.q:
            rows = rows.filter(_says(self.q))
        return rows.order_by(*self._order)

    def waiting(self) -> QuerySet[Proposal]:
        """Those of them that a person has to decide."""
        return self.rows().filter(state__in=PENDING)

    def page_of(self, rows: QuerySet[Proposal]) -> Page[Proposal]:
        """The page asked for, with what a row shows."""
        whole = rows.select_related("movement", "movement__account", "movement__lease")
        return Paginator(whole.prefetch_related("matches__invoice__debtor"), PAGE).get_page(self.page)

    def after(self, rows: QuerySet[Proposal], row: Proposal) -> QuerySet[Proposal]:
        """Those that stand behind `row` in the order."""
        field, down = _ORDER[self.sort]
        value: Any = row
        for name in field.split("__"):
            value = getattr(value, name)
        beyond = "lt" if down else "gt"
        return rows.filter(Q(**{f"{field}__{beyond}": value}) | Q(**{field: value, "movement__gt": row.movement_id}))

    @property
    def _order(self) -> tuple[str, str]:
        field, down = _ORDER[self.sort]
        return (f"-{field}" if down else field, "movement")

    def _in_state(self, rows: QuerySet[Proposal]) -> QuerySet[Proposal]:
        if self.state == "all":
            return rows
        if self.state == "unknown":
            going = PostingIntent.objects.filter(match__proposal=OuterRef("pk"), state=PostingIntent.States.UNKNOWN)
            return rows.filter(Exists(going))
        if self.state == "on_account":
            held = OnAccount.objects.filter(movement=OuterRef("movement"), released_at=None)
            return rows.filter(Exists(held))
        if self.state in ("", "matched", "unmatched"):
            rows = rows.filter(state__in=PENDING)
            if self.state:
                matched = Exists(Match.objects.filter(proposal=OuterRef("pk")))
                rows = rows.filter(matched if self.state == "matched" else ~matched)
            return rows
        return rows.filter(state=self.state)


def amount(text: str) -> Decimal | None:
    """An amount as typed, None when it is none."""
    try:
        return spanish.amount(text) if text else None
    except spanish.FormatError:
        return None


def _says(text: str) -> Q:
    documents = Match.objects.filter(
        Q(invoice__number__icontains=text) | Q(invoice__debtor__name__icontains=text)
    ).values("proposal")
    found = Q(pk__in=documents)
    for name in ("text", "reference", "counterparty_name", "counterparty_account", "counterparty_tax_id"):
        found |= Q(**{f"movement__{name}__icontains": text})
    sum_ = amount(text)
    return found | Q(movement__amount=sum_) if sum_ is not None else found


@dataclass(frozen=True, slots=True)
class Option:
    """A filter as the page needs it."""

    name: str
    label: Text
    choices: list[tuple[str, Text]]
    value: str


def options(filters: Filters) -> list[Option]:
    """The filters with closed choices; those that could only say one thing are left out."""
    creditors = Creditor.objects.count()
    accounts: list[tuple[str, Text]] = [
        (str(row.pk), f"{row.name} · {row.creditor.name}" if creditors > 1 else row.name)
        for row in BankAccount.objects.select_related("creditor").order_by("name", "pk")
    ]
    currencies = BankAccount.objects.order_by("currency").values_list("currency", flat=True).distinct()
    countries = Creditor.objects.exclude(country="").order_by("country").values_list("country", flat=True).distinct()
    several = [
        Option("account", _("Cuenta"), accounts, filters.account),
        Option("currency", _("Moneda"), [(name, name) for name in currencies], filters.currency),
        Option("country", _("País"), [(name, name) for name in countries], filters.country),
    ]
    return [
        Option("sure", _("Confianza"), list(SURE), filters.sure),
        *(option for option in several if len(option.choices) > 1 or option.value),
    ]


def next_free(filters: Filters, person: str, after: Proposal | None = None) -> Proposal | None:
    """The next movement that nobody else has, taken for `person`: behind `after` in the order, else from the start.

    Returns:
        None when nothing is left; its lease is held otherwise.
    """
    waiting = filters.waiting().exclude(movement__in=leases.held_by_others(person))
    if after is not None:
        waiting = waiting.exclude(movement=after.movement_id)
        parts = [filters.after(waiting, after), waiting]
    else:
        parts = [waiting]
    for part in parts:
        for row in part[:_TRIES]:
            try:
                leases.take(row.movement_id, person)
            except leases.HeldByAnother:
                continue
            return row
    return None


def peek(filters: Filters, after: Proposal) -> Proposal | None:
    """The next one without taking it, for those who only look."""
    rows = filters.rows().exclude(movement=after.movement_id)
    return filters.after(rows, after).first() or rows.first()


def unpaged(filters: Filters) -> Filters:
    """The same filters on their first page."""
    return replace(filters, page="")
