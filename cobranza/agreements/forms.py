"""Terms that an adviser works out with the debtor, and what they are worth."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cobranza.agreements import schedule
from cobranza.agreements.offers import Policy, Scenario, below_floor, weigh
from cobranza.agreements.owed import Owed
from cobranza.agreements.terms import AgreementError, Kind, Proposal, Waived
from cobranza.kernel.money import Money, minor_units
from cobranza.kernel.spanish import FormatError, amount


class AmountField(forms.CharField):
    """An amount as people of the house write it, ``1.234,56``; empty is zero."""

    def clean(self, value: Any) -> Decimal:
        """See `forms.Field.clean`."""
        text = str(super().clean(value) or "").strip()
        try:
            found = amount(text) if text else Decimal(0)
        except FormatError as exc:
            raise forms.ValidationError(_now("Escriba el importe como 1.234,56.")) from exc
        if found < 0:
            raise forms.ValidationError(_now("El importe no puede ser negativo."))
        return found


class OwnTerms(forms.Form):
    """How many payments, from which day, how much first, what is waived of the principal."""

    cuotas = forms.IntegerField(
        label=_("Número de pagos"), min_value=1, max_value=60, initial=3,
        widget=forms.NumberInput(attrs={"min": 1}),
    )  # fmt: skip
    desde = forms.DateField(
        label=_("Primer pago"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    primero = AmountField(
        label=_("Importe del primero (vacío: iguales)"), required=False, max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    quita = AmountField(
        label=_("Quita de principal"), required=False, max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip


def weighed(form: OwnTerms, owed: Owed, policy: Policy) -> tuple[Scenario | None, dict[str, str]]:
    """The scenario of valid terms; else None and why, for the page."""
    try:
        scenario = weigh(owed.debt, proposed(form, owed, policy), policy)
        if below_floor(owed.debt, scenario.value, policy):
            raise AgreementError("Ese acuerdo vale hoy menos que el suelo: no lo puede ofrecer nadie.")
    except AgreementError as exc:
        return None, exc.as_dict()
    return scenario, {}


def proposed(form: OwnTerms, owed: Owed, policy: Policy) -> Proposal:
    """The proposal of valid terms.

    Raises:
        AgreementError: they do not add up.
    """
    debt, data = owed.debt, form.cleaned_data
    count, start = int(data["cuotas"]), data["desde"]
    days = [schedule.working_day(start, debt.country)]
    if count > 1:
        days += schedule.pay_days(days[0] + timedelta(days=1), count - 1, debt.country, start.day)
    none = Money(debt.currency, Decimal(0))
    first = Money(debt.currency, data["primero"]).rounded() if data["primero"] and count > 1 else None
    return schedule.build(
        debt,
        Kind.PROMISE if count == 1 else Kind.INSTALMENTS,
        _ascending(days),
        waived=Waived(interest=none, costs=none, principal=Money(debt.currency, _cut(data["quita"], debt.currency))),
        percent=policy.deferral_rate[debt.debtor] if count > 1 else Decimal(0),
        first=first,
    )


def _cut(value: Decimal, currency: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-minor_units(currency)))


def _ascending(days: list[date]) -> list[date]:
    if sorted(set(days)) != days:
        raise AgreementError("Los días de los pagos no salen en orden: cambie el primero.")
    return days
