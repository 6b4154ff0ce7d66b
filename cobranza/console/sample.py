"""Invented content for the page of components."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.models import Permission
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cobranza.console.icons import ICONS
from cobranza.kernel import clock
from cobranza.screens.tables import Column, Filter, Spec, Table

# Rows that every database has; the table is there to be tried, not to be read.
SPEC = Spec(
    columns=(
        Column(name="name", label=_("Nombre"), order=("name",)),
        Column(name="codename", label=_("Código"), order=("codename",), narrow=False),
        Column(name="id", label=_("Número"), order=("pk",), kind="number"),
    ),
    filters=(
        Filter(
            name="kind",
            label=_("Clase"),
            choices=(("add_", _("Alta")), ("change_", _("Cambio")), ("view_", _("Consulta"))),
            field="codename__startswith",
        ),
    ),
    search=("name", "codename"),
    sort="name",
    size=8,
)


class SampleForm(forms.Form):
    """Every kind of control."""

    cuenta = forms.CharField(
        label=_("Cuenta"), help_text=_("IBAN, con o sin espacios."), initial="ES91 2100 0418 4502 0005 1332"
    )
    desde = forms.DateField(label=_("Desde"), widget=forms.DateInput(attrs={"type": "date"}), required=False)
    importe = forms.CharField(
        label=_("Importe mínimo"), initial="12,5O", widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    banco = forms.ChoiceField(label=_("Banco"), choices=(("a", "Banco del Norte"), ("b", "Caja Demo")))
    ensayo = forms.BooleanField(
        label=_("Solo ensayar"), required=False, help_text=_("Hace todo menos apuntar en el ERP.")
    )
    nota = forms.CharField(label=_("Nota"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def clean_importe(self) -> str:
        """Always wrong, so that the page shows an error."""
        raise forms.ValidationError(_("Escriba el importe como 1.234,56."))


@dataclass(frozen=True)
class _Swatch:
    name: str
    use: Any


SWATCHES = (
    _Swatch("accent", _("acción")),
    _Swatch("ok", _("hecho")),
    _Swatch("info", _("en curso")),
    _Swatch("warn", _("atención")),
    _Swatch("danger", _("error")),
    _Swatch("person", _("espera a una persona")),
    _Swatch("neutral", _("neutro")),
)


def sample(request: HttpRequest) -> dict[str, Any]:
    """The context of the page."""
    form = SampleForm({"cuenta": "ES91 2100 0418 4502 0005 1332", "importe": "12,5O", "banco": "b"})
    form.is_valid()
    return {
        "table": Table(SPEC, request, Permission.objects.all()),
        "form": form,
        "icons": sorted(ICONS),
        "swatches": SWATCHES,
        "credit": Decimal("1234567.89"),
        "debit": Decimal("-1210.5"),
        "pesos": Decimal(1250000),
        "share": Decimal("0.985"),
        "recent": clock.now() - timedelta(minutes=7),
        "took": timedelta(minutes=3, seconds=12),
    }
