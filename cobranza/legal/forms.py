"""What people fill in about a case."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from cobranza.legal import requirements
from cobranza.legal.models import DOCUMENT_KINDS, Defendant, LegalCase, Prior


def _day(**options: Any) -> forms.DateField:
    # The browser's own picker sends ISO days whatever the language of the page.
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class PaperForm(forms.Form):
    """A paper that is brought."""

    file = forms.FileField(label=_("Fichero"), allow_empty_file=True)
    kind = forms.ChoiceField(label=_("Qué es"), choices=DOCUMENT_KINDS)
    title = forms.CharField(label=_("Título en el índice"), max_length=200, required=False)
    dated = _day(label=_("Fecha del documento"), required=False)
    proves = forms.MultipleChoiceField(
        label=_("Prueba estas facturas"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Ninguna marcada: toda la reclamación."),
    )
    replaces = forms.ChoiceField(label=_("Sustituye a"), required=False)
    original = forms.BooleanField(label=_("Es un original electrónico (firmado o emitido así)"), required=False)
    confidential = forms.BooleanField(label=_("Confidencial de la negociación: nunca se presenta"), required=False)

    def __init__(self, row: LegalCase, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"auto_id": "paper_%s"} | kwargs))
        numbers = row.items.filter(dropped_at=None).values_list("reference", flat=True)
        papers = row.documents.filter(replaced_by=None).order_by("position")
        self.fields["proves"].choices = [(each, each) for each in numbers]  # type: ignore[attr-defined]
        self.fields["replaces"].choices = [("", _("A ninguno"))] + [  # type: ignore[attr-defined]
            (each.key, f"{each.title} ({each.get_state_display()})") for each in papers
        ]


class PriorForm(forms.ModelForm):  # type: ignore[type-arg]
    """An attempt to settle before court."""

    document_key = forms.ChoiceField(label=_("Justificante"), required=False)

    class Meta:  # noqa: D106 - Django's own
        model = Prior
        fields: ClassVar = [
            "kind", "channel", "sent_on", "reached_on", "outcome", "offers_masc", "confidential_offer",
        ]  # fmt: skip
        labels: ClassVar = {
            "kind": _("Qué se envió"),
            "channel": _("Por qué medio"),
            "sent_on": _("Enviada el"),
            "reached_on": _("Llegó el"),
            "outcome": _("Qué pasó"),
            "offers_masc": _("Nombra la deuda y ofrece negociar"),
            "confidential_offer": _("Cita una oferta confidencial: su justificante no se presenta"),
        }
        widgets: ClassVar = {
            "sent_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "reached_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, row: LegalCase, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"auto_id": "prior_%s"} | kwargs))
        papers = row.documents.filter(replaced_by=None).order_by("position")
        choices = [("", _("Todavía no"))] + [(each.key, each.title) for each in papers]
        self.fields["document_key"].choices = choices  # type: ignore[attr-defined]


class DefendantForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is claimed against."""

    class Meta:  # noqa: D106 - Django's own
        model = Defendant
        fields: ClassVar = [
            "name", "person", "tax_id", "country", "address", "postal_code", "locality", "province", "email", "phone",
            "consumer",
        ]  # fmt: skip
        labels: ClassVar = {
            "name": _("Nombre completo"),
            "person": _("Clase de persona"),
            "tax_id": _("NIF o equivalente"),
            "country": _("País (ISO)"),
            "address": _("Calle y número"),
            "postal_code": _("Código postal"),
            "locality": _("Localidad"),
            "province": _("Provincia"),
            "email": _("Correo"),
            "phone": _("Teléfono"),
            "consumer": _("Actúa como consumidor: sin interés comercial ni indemnización"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"auto_id": "defendant_%s"} | kwargs))

    def clean_country(self) -> str:
        """Upper case."""
        return str(self.cleaned_data["country"]).upper()


class WordsForm(forms.Form):
    """Court and words of the writ."""

    court = forms.ChoiceField(label=_("Juzgado"))
    proceeding = forms.CharField(label=_("Procedimiento"), max_length=50)
    organ = forms.CharField(label=_("A quién se dirige"), max_length=300)
    organ_locality = forms.CharField(label=_("Localidad del órgano"), max_length=120, required=False)
    organ_province = forms.CharField(label=_("Provincia del órgano"), max_length=120, required=False)
    organ_code = forms.CharField(label=_("Código del órgano"), max_length=60, required=False)
    title = forms.CharField(label=_("En qué consta la deuda"), max_length=500)
    facts = forms.CharField(label=_("Hechos"), widget=forms.Textarea(attrs={"rows": 8}))
    grounds = forms.CharField(label=_("Fundamentos de derecho"), widget=forms.Textarea(attrs={"rows": 8}))
    petition = forms.CharField(label=_("Petición"), widget=forms.Textarea(attrs={"rows": 6}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"auto_id": "words_%s"} | kwargs))
        found = [(slug, requirements.requirements(slug).nombre) for slug in requirements.slugs()]
        self.fields["court"].choices = found  # type: ignore[attr-defined]
        blank = _("Un párrafo por bloque; deje una línea en blanco entre ellos.")
        for name in ("facts", "grounds", "petition"):
            self.fields[name].help_text = blank


def words_of(row: LegalCase) -> dict[str, str]:
    """What the form shows of a case."""
    names = ("court", "proceeding", "organ", "organ_locality", "organ_province", "organ_code", "title")
    found: dict[str, str] = {name: getattr(row, name) for name in names}
    return found | {name: "\n\n".join(getattr(row, name)) for name in ("facts", "grounds", "petition")}
