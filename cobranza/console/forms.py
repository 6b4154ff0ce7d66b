"""The shell's own forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

CODE_LENGTH = 6


class LoginForm(AuthenticationForm):
    """Name and password. One message for every refusal, so that nobody learns which names exist."""

    error_messages = {  # noqa: RUF012 - Django's own attribute
        "invalid_login": _("El usuario o la clave no son correctos."),
        "inactive": _("El usuario o la clave no son correctos."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Usuario")
        self.fields["password"].label = _("Clave")


class CodeForm(forms.Form):
    """The one-time code of an authenticator."""

    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label=_("Código de 6 cifras"),
        strip=True,
        error_messages={"invalid": _("El código tiene 6 cifras.")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "maxlength": CODE_LENGTH + 1,
                "class": "input input-code",
            }
        ),
    )

    def clean_code(self) -> str:
        """Only the digits."""
        return "".join(ch for ch in self.cleaned_data["code"] if ch.isdigit())
