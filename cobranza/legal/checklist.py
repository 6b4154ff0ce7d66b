"""The checklist: what a claim needs for one court on one day, what is missing, what that blocks and who brings it.

The conditions are data (`[[requisitos]]` of a court's ``requirements.toml``); each names one of the rules of
`cobranza.legal.checklist_rules` in `regla`. Pure: it reads a `Case` and what the house knows about it (`Situation`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cobranza.kernel.config import ConfigError
from cobranza.legal.case import Case, Person
from cobranza.legal.checklist_rules import RULES, Rule, Situation
from cobranza.legal.requirements import Requirement, Requirements

Step = Literal["presentar", "firmar"]


class State(StrEnum):
    """How a requirement stands."""

    MET = "cumple"
    MISSING = "falta"
    WARNING = "avisa"
    OFF = "no_procede"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One requirement on one case.

    Attributes:
        requirement: As the court's file has it.
        state: How it stands.
        detail: What was found, in Spanish.
        subjects: What it is about (parties, invoices, documents), for the screen.
    """

    requirement: Requirement
    state: State
    detail: str = ""
    subjects: tuple[str, ...] = ()

    @property
    def blocks(self) -> str:
        """What it stops now: "presentar", "firmar" or ""."""
        return self.requirement.bloquea if self.state is State.MISSING else ""

    def as_dict(self) -> dict[str, object]:
        """Plain data, stable keys."""
        asked = self.requirement
        return {
            "id": asked.id,
            "rule": asked.regla,
            "text": asked.texto,
            "state": self.state.value,
            "detail": self.detail,
            "subjects": list(self.subjects),
            "blocks": self.blocks,
            "brings": asked.trae,
            "remedy": asked.remedio,
            "source": asked.fuente,
            "verified": asked.verificado.isoformat() if asked.verificado else None,
        }


def evaluate(case: Case, asked: Requirements, situation: Situation) -> tuple[Check, ...]:
    """Every requirement of the court on this case, in the order of its file.

    Raises:
        ConfigError: a requirement names a rule that there is not, or a rule lacks the figure that it needs.
    """
    return tuple(_check(case, each, situation) for each in asked.requisitos)


def stopping(checks: Iterable[Check], step: Step) -> tuple[Check, ...]:
    """What stands in the way of signing off ("firmar") or of filing ("presentar", which needs the signature too)."""
    stops = {"firmar"} if step == "firmar" else {"firmar", "presentar"}
    return tuple(each for each in checks if each.blocks in stops)


def check_rules(asked: Requirements) -> None:
    """Raise `ConfigError` when a requirement names a rule that there is not, or lacks what its rule needs."""
    for each in asked.requisitos:
        _rule(each)


def _check(case: Case, asked: Requirement, situation: Situation) -> Check:
    rule = _rule(asked)
    if not _applies(case, asked):
        return Check(requirement=asked, state=State.OFF)
    verdict = rule.decide(case, asked, situation)
    if verdict.met is None:
        state = State.OFF
    elif verdict.met:
        state = State.MET
    else:
        state = State.WARNING if asked.bloquea == "avisa" else State.MISSING
    return Check(requirement=asked, state=state, detail=verdict.detail, subjects=verdict.subjects)


def _applies(case: Case, asked: Requirement) -> bool:
    if asked.procedimientos and case.proceeding not in asked.procedimientos:
        return False
    if asked.consumidor is not None and asked.consumidor != case.consumer:
        return False
    return not asked.persona or any(party.person is Person(asked.persona) for party in case.claimants)


def _rule(asked: Requirement) -> Rule:
    rule = RULES.get(asked.regla)
    if rule is None:
        known = ", ".join(RULES)
        raise ConfigError(f"El requisito «{asked.id}» usa la regla «{asked.regla}», que no existe (hay: {known}).")
    for name in rule.needs:
        if not getattr(asked, name):
            raise ConfigError(f"El requisito «{asked.id}» necesita «{name}» para la regla «{asked.regla}».")
    return rule
