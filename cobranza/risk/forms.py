"""What people fill in about a possible customer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import amount
from cobranza.risk import credit


class Applicant(forms.Form):
    """See `credit.Applicant`."""

    name = forms.CharField(label=_("Nombre o razón social"), max_length=300)
    tax_id = forms.CharField(label=_("NIF o identificación fiscal"), max_length=32)
    country = forms.RegexField(label=_("País"), regex=r"^[A-Za-z]{2}$", help_text=_("Dos letras: ES, MX, CO…"))
    monthly = forms.CharField(label=_("Compras previstas al mes"), max_length=20, help_text=_("Por ejemplo 1.500,00"))
    currency = forms.RegexField(label=_("Moneda"), regex=r"^[A-Za-z]{3}$")
    years = forms.DecimalField(label=_("Años en el negocio"), min_value=0, max_value=300, required=False)
    references = forms.IntegerField(label=_("Proveedores que hablan bien"), min_value=0, max_value=99, required=False)
    incidents = forms.IntegerField(label=_("Impagos de los que se sabe"), min_value=0, max_value=99, required=False)

    def clean_monthly(self) -> Decimal:
        """An amount as people write it."""
        try:
            found = amount(self.cleaned_data["monthly"])
        except BusinessError as exc:
            raise forms.ValidationError(exc.message) from exc
        if found <= 0:
            raise forms.ValidationError(_("Tiene que ser un importe positivo."))
        return found

    def applicant(self) -> credit.Applicant:
        """What was filled in; only of a valid form."""
        given: dict[str, Any] = self.cleaned_data
        return credit.Applicant(
            tax_id=given["tax_id"],
            country=given["country"].upper(),
            name=given["name"],
            monthly=Money(given["currency"].upper(), given["monthly"]),
            years=None if given["years"] is None else float(given["years"]),
            references=given["references"] or 0,
            incidents=given["incidents"] or 0,
        )
