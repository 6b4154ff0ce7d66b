"""What every page of the console needs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest

from cobranza import __version__, suite
from cobranza.screens import navigation
from cobranza.screens.access import roles_of

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Instance:
    """What ``config/cobranza.toml`` says about this installation, as far as the console shows it."""

    name: str = "Cobranza"
    language: str = "es"


@cache
def instance() -> Instance:
    """The installation that this process serves."""
    # Read loosely: the strict model of this file belongs to the command line, which has checked it at start.
    with (suite.root() / suite.MARKER).open("rb") as file:
        said = tomllib.load(file).get("instancia", {})
    return Instance(str(said.get("nombre", "Cobranza")), str(said.get("idioma", "es")))


def shell(request: HttpRequest) -> dict[str, Any]:
    """Menu, theme and names, for `console/base.html`."""
    theme = request.COOKIES.get("theme", "auto")
    user = getattr(request, "user", None)
    found: dict[str, Any] = {
        "instance": instance().name,
        "version": __version__,
        "theme": theme if theme in THEMES else "auto",
    }
    if user is not None and user.is_authenticated:
        found["menu"] = navigation.items(request)
        found["here"] = navigation.current(request, found["menu"])
        found["my_roles"] = sorted(roles_of(user))
    return found
