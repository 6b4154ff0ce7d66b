"""A company's year out of the ledger for the simulator, and what a strategy would have done with each kind of payer."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import F, Max, Min, Sum
from django.utils import timezone

from cobranza.dunning import config, editor
from cobranza.dunning import settings as strategies
from cobranza.dunning.account import Account, Habit, Item, Paid, Sent, habit
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Delivery
from cobranza.dunning.strategy import Proposal, Strategy, propose
from cobranza.dunning.trial import arm
from cobranza.insight.alerts import yesterday
from cobranza.insight.models import SimulationRun
from cobranza.insight.settings import InsightSettings
from cobranza.insight.simulate import FROM, LAST, Measure, Simulation, Year, simulate
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError, UsageError
from cobranza.kernel.money import Money
from cobranza.ledger import ratings
from cobranza.ledger.models import Allocation, Contact, Creditor, Debtor, DocumentKinds, Invoice, Task

PERSON = "persona"
_REACHED = (Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED, Delivery.READ)
_BY_KIND = {"email": ("email",), "phone": ("sms", "whatsapp", "ivr", "call"), "address": ("letter",)}


class NoYear(BusinessError):
    """A company without arrears in the days that would be replayed."""

    code = "COB-INS-131"
    remedy = "Compruebe la empresa, la moneda y los días de [simulador] en config/insight.toml."


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What strategies tell payers apart by.

    Attributes:
        habit: How they paid until then.
        country: ISO 3166 alpha-2.
        segment: Treatment of today; the past one is not kept per day.
        channels: That they can be reached on.
        amount: An amount that passes the same least amounts.
        currency: Of it.
    """

    habit: Habit
    country: str
    segment: str
    channels: frozenset[str]
    amount: Decimal
    currency: str

    @property
    def key(self) -> str:
        """One spelling."""
        return f"{self.habit.value}|{self.country}|{self.segment}|{'+'.join(sorted(self.channels))}|{self.amount}"


def run(
    creditor: Creditor, currency: str, file: Path, settings: InsightSettings, *, by: str, until: date | None = None
) -> SimulationRun:
    """Replay a company's last year under the strategy of a file, and keep what came out.

    Raises:
        UsageError: no such file.
        ConfigError: it is no strategy.
        NoYear: nothing fell due.
        NoHoldout: nobody to compare with.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"No se puede leer {file}: {exc}.") from exc
    return run_text(creditor, currency, file.stem, text, settings, by=by, until=until)


def run_text(
    creditor: Creditor,
    currency: str,
    name: str,
    text: str,
    settings: InsightSettings,
    *,
    by: str,
    until: date | None = None,
) -> SimulationRun:
    """See `run`; the strategy comes as the text of its file."""
    other = editor.check(name, text)
    entry = config.company(creditor.key)
    current = strategies.strategy(entry.estrategia)
    end = until or yesterday()
    start = end - timedelta(days=settings.simulador.dias - 1)
    year, profiles = read(creditor, currency, start, end, (current, other))
    chosen = settings.simulador
    found = simulate(
        year,
        {each.key: steps(each, current) for each in profiles},
        {each.key: steps(each, other) for each in profiles},
        {channel: float(cost) for channel, cost in settings.costes.canales.items()},
        window=chosen.efecto_dias,
        level=float(chosen.cobertura),
        draws=chosen.remuestreos,
        seed=chosen.semilla,
        least=chosen.control_minimo,
    )
    return SimulationRun.objects.create(
        creditor=creditor,
        currency=currency,
        strategy=f"{other.name}@{other.version}",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        start=start,
        end=end,
        seed=chosen.semilla,
        made_at=clock.now(),
        made_by=by,
        result=told(found, settings, f"{current.name}@{current.version}"),
    )


def read(
    creditor: Creditor, currency: str, start: date, end: date, tried: tuple[Strategy, ...]
) -> tuple[Year, tuple[Profile, ...]]:
    """The arrears that fell due in those days, what became of them, and who they were of; raises `NoYear`."""
    rows = Invoice.objects.filter(
        creditor=creditor, currency=currency, kind=DocumentKinds.INVOICE, vanished_at=None, due_on__range=(start, end)
    )
    owed = list(
        rows.values("debtor_id", "due_on")
        .annotate(amount=Sum(F("gross") - F("elsewhere")), left=Sum("open"), issued=Min("issued_on"))
        .filter(amount__gt=0)
        .order_by("debtor_id", "due_on")
    )
    if not owed:
        raise NoYear(
            f"A {creditor.name} no le venció nada en {currency} entre el {start:%d/%m/%Y} y el {end:%d/%m/%Y}."
        )
    settled = {
        (each["invoice__debtor_id"], each["invoice__due_on"]): each["on"]
        for each in Allocation.objects.filter(invoice__in=rows.values("pk"), reversed_at=None)
        .values("invoice__debtor_id", "invoice__due_on")
        .annotate(on=Max("movement__booked_on"))
    }
    people = _People(creditor, currency, tried)
    entry = config.company(creditor.key)
    trial = entry.ensayo.trial() if entry.ensayo else None
    profiles: dict[str, Profile] = {}
    table: list[tuple[Any, ...]] = []
    for each in owed:
        debtor, due = each["debtor_id"], each["due_on"]
        profile = people.profile(debtor, due, each["amount"])
        profiles.setdefault(profile.key, profile)
        paid_on = settled.get((debtor, due)) if each["left"] == 0 else None
        held = trial is not None and arm(trial, f"{debtor}:{currency}", due) == "holdout"
        paid_age = float((paid_on - due).days) if paid_on is not None and paid_on <= end else np.nan
        term = max((due - each["issued"]).days, 0)
        table.append((debtor, due, profile.key, float(each["amount"]), float(term), held, paid_age, (end - due).days))
    names = ["debtor", "due", "profile", "amount", "term", "held_out", "paid_age", "seen_until"]
    arrears = pd.DataFrame(table, columns=names)
    return Year(arrears=arrears, contacts=_contacts(creditor, currency, arrears, start, end)), tuple(profiles.values())


def steps(profile: Profile, strategy: Strategy) -> list[tuple[int, str]]:
    """The contacts that a strategy makes with such a payer while an arrear is unpaid and unanswered: (age, channel).

    Every day is one on which the law lets something leave: the few days that a holiday moves a step are not replayed.
    """
    due = date(2026, 3, 3)
    account = Account(
        key="simulado",
        country=profile.country,
        debtor_type="business",
        items=(Item(number="1", due=due, claimable=Money(profile.currency, profile.amount)),),
        segment=profile.segment,
        channels=profile.channels,
        paid=_paid_like(profile.habit, due, strategy),
    )
    found: list[tuple[int, str]] = []
    for age in range(FROM, LAST + 1):
        today = due + timedelta(days=age)
        made = propose(account, strategy, today, lambda _day, _channel: True)
        if not isinstance(made, Proposal):
            continue
        channel = made.channel or PERSON
        found.append((age, channel))
        sent = Sent(
            on=today, step=made.step, anchor=made.anchor, channel=channel, template=made.template, answered=False
        )
        account = replace(account, sent=(*account.sent, sent))
    return found


def told(found: Simulation, settings: InsightSettings, current: str) -> dict[str, Any]:
    """A simulation as programs read it and as it is kept: figures as strings, stable keys."""
    return {
        "current_strategy": current,
        "level": f"{found.level:.2f}",
        "arrears": found.arrears,
        "debtors": found.debtors,
        "held_out_debtors": found.held_out,
        "dso_days": _measure(found.dso, 2),
        "recovery": _measure(found.recovery, 4),
        "contacts": _measure(found.contacts, 1),
        "cost": _measure(found.cost, 2) | {"currency": settings.costes.moneda, "source": settings.costes.origen},
        "effects": [
            {
                "channel": each.channel,
                "factor": f"{each.factor:.3f}",
                "low": f"{each.low:.3f}",
                "high": f"{each.high:.3f}",
                "contacts": each.contacts,
            }
            for each in found.effects
        ],
        "recovery_observed": f"{found.observed:.4f}",
        "recovery_modelled": f"{found.modelled:.4f}",
        "channels_without_data": list(found.unknown),
        "cannot_know": list(found.cannot_know),
    }


def _measure(each: Measure, places: int) -> dict[str, Any]:
    values = {"current": each.current, "other": each.other, "difference": each.difference, "low": each.low}
    return {name: f"{value:.{places}f}" for name, value in values.items()} | {
        "high": f"{each.high:.{places}f}",
        "says": each.says,
    }


class _People:
    """Who the debtors are, read once."""

    def __init__(self, creditor: Creditor, currency: str, tried: tuple[Strategy, ...]) -> None:
        self._currency = currency
        self._rule = tried[0].habits
        self._countries = {
            pk: country or creditor.country or "ES"
            for pk, country in Debtor.objects.filter(creditor=creditor).values_list("pk", "country")
        }
        self._segments = {pk: each.segment for pk, each in ratings.standings(creditor).items()}
        self._channels: dict[int, set[str]] = defaultdict(set)
        for debtor, kind in (
            Contact.objects.filter(debtor__creditor=creditor).values_list("debtor_id", "kind").distinct()
        ):
            self._channels[debtor].update(_BY_KIND.get(kind, ()))
        self._paid: dict[int, list[Paid]] = defaultdict(list)
        whole = Allocation.objects.filter(
            invoice__creditor=creditor, invoice__currency=currency, invoice__open=0, reversed_at=None
        ).values("invoice_id", "invoice__debtor_id", "invoice__due_on")
        for each in whole.annotate(on=Max("movement__booked_on")):
            late = (each["on"] - each["invoice__due_on"]).days
            self._paid[each["invoice__debtor_id"]].append(Paid(on=each["on"], days_late=late))
        self._least = sorted(
            {step.least[currency] for one in tried for step in one.steps if step.least and currency in step.least}
        )

    def profile(self, debtor: int, due: date, amount: Decimal) -> Profile:
        """What is known of a debtor on a due day."""
        passed = [each for each in self._least if each <= amount]
        return Profile(
            habit=habit(self._paid[debtor], due, self._rule),
            country=self._countries.get(debtor, "ES"),
            segment=self._segments.get(debtor, ""),
            channels=frozenset(self._channels[debtor]),
            amount=passed[-1] if passed else Decimal(1),
            currency=self._currency,
        )


def _contacts(creditor: Creditor, currency: str, arrears: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """What left about each arrear: messages by their anchor, a person's work by the newest arrear of that day."""
    place: Mapping[tuple[int, date], int] = {
        (debtor, due): int(index)
        for index, debtor, due in zip(arrears.index, arrears["debtor"], arrears["due"], strict=True)
    }
    rows: list[tuple[int, int, str]] = []
    sent = Message.objects.filter(
        creditor=creditor, currency=currency, sent_at__isnull=False, state__in=[each.value for each in _REACHED]
    )
    for debtor, anchor, channel, at in sent.values_list("debtor_id", "anchor", "channel", "sent_at"):
        arrear, day = place.get((debtor, anchor)), timezone.localdate(at)
        if arrear is not None and day <= end:
            rows.append((arrear, (day - anchor).days, channel))
    dues: dict[int, list[date]] = defaultdict(list)
    for debtor, due in place:
        dues[debtor].append(due)
    calls = Task.objects.filter(
        debtor__creditor=creditor, kind__in=[Task.Kinds.CALL, Task.Kinds.NEGOTIATE], done_at__isnull=False
    )
    for debtor, done in calls.values_list("debtor_id", "done_at"):
        day = timezone.localdate(done)
        newest = max((each for each in dues.get(debtor, ()) if each <= day), default=None)
        if newest is not None and start <= day <= end:
            rows.append((place[debtor, newest], (day - newest).days, PERSON))
    return pd.DataFrame(rows, columns=["arrear", "age", "channel"])


def _paid_like(wanted: Habit, due: date, strategy: Strategy) -> tuple[Paid, ...]:
    """A payment history that the strategy's rule calls by that habit."""
    if wanted is Habit.NEW:
        return ()
    many, on, late = max(strategy.habits.least, 10), due - timedelta(days=20), strategy.habits.late_days
    for count in range(many + 1):
        paid = tuple(Paid(on=on, days_late=late if index < count else 0) for index in range(many))
        if habit(paid, due, strategy.habits) is wanted:
            return paid
    return ()
