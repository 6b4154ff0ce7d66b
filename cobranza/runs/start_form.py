"""The form that starts a robot, made from the variables that its suite declares."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cobranza.kernel import spanish
from cobranza.runs.catalogue import Robot, Variable
from cobranza.runs.errors import VariableError

_PREFIX = "v_"
_TRUE = frozenset({"true", "yes", "on", "1", "sí", "si"})
_NUMBERS = frozenset({"decimal", "float"})
_MAX_TEXT = 2000


class StartForm(forms.Form):
    """One typed control per variable, and whether to rehearse."""

    all_optional = True  # every variable has a default, so the word beside each label would be noise

    rehearse = forms.BooleanField(
        label=_("Ensayar"),
        required=False,
        help_text=_("Hace todo el recorrido y no apunta, envía ni presenta nada."),
    )

    def __init__(self, robot: Robot, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.robot = robot
        made = {_PREFIX + variable.name: _field(variable) for variable in robot.variables}
        self.fields = made | self.fields

    def clean(self) -> dict[str, Any]:
        """Let each variable judge its own text."""
        cleaned = super().clean() or {}
        for variable in self.robot.variables:
            name = _PREFIX + variable.name
            if name not in cleaned:
                continue
            text = _text(variable, cleaned[name])
            if text == "" or text == variable.default:
                continue
            try:
                variable.convert(text)
            except VariableError as exc:
                self.add_error(name, exc.message)
        return cleaned

    def values(self) -> dict[str, str]:
        """What the person set differently from the suite, by variable name."""
        found = {}
        for variable in self.robot.variables:
            text = _text(variable, self.cleaned_data[_PREFIX + variable.name])
            if text not in ("", variable.default):
                found[variable.name] = text
        return found


def _field(variable: Variable) -> forms.Field:
    kind = variable.type.strip().lower()
    common: dict[str, Any] = {"label": _label(variable.name), "help_text": variable.help, "required": False}
    if variable.is_secret:
        where = variable.reference or "env:NOMBRE"
        hint = _("Dónde está el secreto (env:, file: o keyring:), nunca el secreto. Vacío: %(where)s.") % {
            "where": where
        }
        common["help_text"] = f"{variable.help.rstrip('.')}. {hint}" if variable.help else hint
        return forms.CharField(
            max_length=300, widget=forms.TextInput(attrs={"placeholder": where, "autocomplete": "off"}), **common
        )
    if variable.choices:
        return forms.ChoiceField(
            choices=[(choice, choice) for choice in variable.choices], initial=variable.default, **common
        )
    if kind == "bool":
        return forms.BooleanField(initial=_truth(variable.default), **common)
    # A default that Robot Framework works out when it starts cannot be shown: the field stays empty and says so.
    computed = "${" in variable.default or "%{" in variable.default
    common["initial"] = "" if computed else _shown(variable)
    attrs = {"placeholder": _("lo calcula el robot")} if computed else {}
    if kind == "date":
        return forms.CharField(widget=forms.DateInput(attrs=attrs | {"type": "date"}), **common)
    if kind == "int":
        return forms.CharField(max_length=30, widget=forms.TextInput(attrs=attrs | {"inputmode": "numeric"}), **common)
    if kind in _NUMBERS:
        return forms.CharField(max_length=40, widget=forms.TextInput(attrs=attrs | {"inputmode": "decimal"}), **common)
    return forms.CharField(max_length=_MAX_TEXT, widget=forms.TextInput(attrs=attrs), **common)


def _shown(variable: Variable) -> str:
    if variable.type.strip().lower() not in _NUMBERS:
        return variable.default
    try:
        return f"{Decimal(variable.default):f}".replace(".", ",")
    except InvalidOperation:
        return variable.default


def _text(variable: Variable, value: Any) -> str:
    """The text that the robot gets for what the person put in."""
    kind = variable.type.strip().lower()
    if isinstance(value, bool):
        return variable.default if value == _truth(variable.default) else str(value)
    text = str(value).strip()
    if kind in _NUMBERS and text:
        if text == _shown(variable):
            return variable.default
        try:
            return str(spanish.amount(text))
        except spanish.FormatError:
            return text
    return text


def _truth(text: str) -> bool:
    return text.strip().removeprefix("${").removesuffix("}").lower() in _TRUE


def _label(name: str) -> str:
    words = name.replace("_", " ").strip().lower()
    return words[:1].upper() + words[1:]
