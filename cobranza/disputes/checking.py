"""Whether the mailboxes and desks of `config/` are there and set up, for `cobranza doctor`. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, cast

from cobranza import suite
from cobranza.disputes.ports import Category, Desks, Inbox, Inspected, InspectedDesk
from cobranza.disputes.settings import read as settings
from cobranza.disputes.shift import classifier
from cobranza.kernel.config import ConfigError
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.secrets import SecretError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line.

    Attributes:
        name: What was looked at.
        state: "aviso" is for what nobody has set up yet, or what makes itself.
        detail: What is there or what is wrong.
        remedy: What to do, "" for nothing.
    """

    name: str
    state: Literal["ok", "aviso", "fallo"]
    detail: str
    remedy: str = ""


def everything() -> Iterator[Finding]:
    """Every mailbox and desk that the triage uses, each for itself: one that is wrong hides none of the others.

    Raises:
        ConfigError: ``config/disputes.toml`` cannot be read, or names no classifier that is there.
    """
    rules = settings()
    _, categories = classifier(rules.clasificador)
    for name in rules.buzones:
        yield from _guarded(f"Buzón «{name}»", partial(_mailbox, name))
    for name in dict.fromkeys(box.mesa for box in rules.buzones.values()):
        yield from _guarded(f"Mesa «{name}»", partial(_desk, name, categories))


def _guarded(name: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look() or [Finding(name=name, state="ok", detail="Responde y está completa.")]
    except SecretError as exc:
        remedy = f"{exc.remedy} Lo que aún no se use, quítelo de config/disputes.toml."
        return [Finding(name=name, state="aviso", detail=f"Sin configurar: {exc.message}", remedy=remedy)]
    except CobranzaError as exc:
        return [Finding(name=name, state="fallo", detail=f"{exc.code}: {exc.message}", remedy=exc.remedy)]


def _mailbox(name: str) -> list[Finding]:
    """A mailbox answers, and the folders that mails are moved to are there."""
    for found in suite.adapters("connectors.mail").values():
        if isinstance(found, Inbox) and name in found.accounts():
            with found.open(name) as mailbox:
                missing = mailbox.missing() if isinstance(mailbox, Inspected) else []
            title = f"Buzón «{name}»"
            if missing:
                detail = f"Responde; falta {_listed(missing)}, que se hará con el primer correo."
                return [Finding(name=title, state="aviso", detail=detail)]
            return [Finding(name=title, state="ok", detail="Responde, con sus carpetas.")]
    raise ConfigError(
        "No está en config/mail.toml, o no está activo.",
        remedy="Escríbalo en config/mail.toml con activo = true, o quítelo de config/disputes.toml.",
    )


def _desk(name: str, categories: Mapping[str, Category]) -> list[Finding]:
    """A desk answers, and has every group, form and field that the categories and the settings name."""
    for found in suite.adapters("connectors.ticketing").values():
        desks = cast(Desks, found)
        if name in desks.names():
            desk = desks.open(name)
            if not isinstance(desk, InspectedDesk):
                return []
            groups = {entry.department for entry in categories.values()}
            forms = {entry.form for entry in categories.values()} - {""}
            title, remedy = f"Mesa «{name}»", f"Corrija [mesas.{name}] en config/ticketing.toml, o créelo en la mesa."
            problems = desk.problems(groups, forms)
            return [Finding(name=title, state="fallo", detail=one, remedy=remedy) for one in problems]
    raise ConfigError(
        "No está en config/ticketing.toml, o está apagada.",
        remedy="Escríbala en config/ticketing.toml con activa = true, o cámbiela en config/disputes.toml.",
    )


def _listed(names: list[str]) -> str:
    return " y ".join(f"«{one}»" for one in names)
