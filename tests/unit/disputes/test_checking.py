"""What `cobranza doctor` says of mailboxes and desks: a line each, with what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pytest

from cobranza import suite
from cobranza.cli import _checks
from cobranza.disputes import checking
from cobranza.disputes.ports import DeskError, Mailbox, MailboxError, TicketDesk
from cobranza.disputes.settings import Triage
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.secrets import SecretError
from tests.unit.disputes import fakes


@dataclass
class Box(fakes.FakeMailbox):
    lacks: list[str] = field(default_factory=list)

    def missing(self) -> list[str]:
        return self.lacks


@dataclass
class Desk(fakes.FakeDesk):
    lacks: list[str] = field(default_factory=list)
    asked_for: list[tuple[list[str], list[str]]] = field(default_factory=list)

    def problems(self, groups: Collection[str], forms: Collection[str]) -> list[str]:
        self.asked_for.append((sorted(groups), sorted(forms)))
        return self.lacks


@dataclass
class Door:
    """An adapter of mailboxes and one of desks in one."""

    inside: Mailbox | TicketDesk | CobranzaError
    name: str
    slug: str = "prueba"

    def open(self, name: str) -> Mailbox | TicketDesk:
        if isinstance(self.inside, CobranzaError):
            raise self.inside
        return self.inside

    def names(self) -> Iterator[str]:
        return iter([self.name])

    accounts = names


def _told(
    monkeypatch: pytest.MonkeyPatch,
    box: Mailbox | CobranzaError,
    desk: TicketDesk | CobranzaError,
    *,
    known: str = "uno",
) -> list[tuple[str, str, str]]:
    rules = Triage.model_validate({"buzones": {known: {"empresa": "demo", "mesa": "mesa"}}})
    doors = {"connectors.mail": {"x": Door(box, "uno")}, "connectors.ticketing": {"x": Door(desk, "mesa")}}
    monkeypatch.setattr(checking, "settings", lambda: rules)
    monkeypatch.setattr(checking, "classifier", lambda slug: (None, fakes.CATEGORIES))
    monkeypatch.setattr(suite, "adapters", lambda family: doors[family])
    return [(one.name, one.state, one.detail) for one in checking.everything()]


def test_what_is_there_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()

    assert [state for _, state, _ in _told(monkeypatch, Box(), desk)] == ["ok", "ok"]
    assert desk.asked_for == [(["cobros", "facturacion", "tesoreria"], ["disputa"])]


def test_each_problem_of_a_desk_is_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _told(monkeypatch, Box(lacks=["Errores"]), Desk(lacks=["No hay grupo 7.", "No hay campo 9."]))

    assert [(state, detail) for _, state, detail in found] == [
        ("aviso", "Responde; falta «Errores», que se hará con el primer correo."),
        ("fallo", "No hay grupo 7."),
        ("fallo", "No hay campo 9."),
    ]


def test_one_that_does_not_answer_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _told(monkeypatch, MailboxError("No contesta."), DeskError("Tampoco."))

    assert found == [
        ("Buzón «uno»", "fallo", "COB-COR-001: No contesta."),
        ("Mesa «mesa»", "fallo", "COB-TIQ-001: Tampoco."),
    ]


def test_what_nobody_has_set_up_yet_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _told(monkeypatch, SecretError("No hay ningún secreto."), SecretError("No hay ningún secreto."))

    assert [state for _, state, _ in found] == ["aviso", "aviso"]


def test_a_mailbox_that_nobody_serves_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _told(monkeypatch, Box(), Desk(), known="otro")

    assert found[0] == ("Buzón «otro»", "fallo", "COB-CFG-001: No está en config/mail.toml, o no está activo.")


def test_the_doctor_tells_it_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, Box(), Desk(lacks=["No hay grupo 7."]))

    *_, last = _checks._mail()
    assert (last.state, last.detail) == ("fallo", "No hay grupo 7.")
    assert "[mesas.mesa]" in last.remedy
