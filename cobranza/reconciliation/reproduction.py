"""A stored reading of a payment beside what the engine says of it now, and what changed in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cobranza.reconciliation import partitions, ruleset
from cobranza.reconciliation.frames import write_cents
from cobranza.reconciliation.partitions import Tables
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.ruleset import Ruleset


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """Money of the payment on one document, as written out ("1234.56")."""

    document: str
    applied: str
    withheld: str = "0.00"
    fee: str = "0.00"
    discount: str = "0.00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is said of one payment.

    Attributes:
        lines: Empty when nothing was matched.
        confidence: "0.9731", or "" without a match.
        rule: As in the links' table.
        explanation: Of the match, or the reason why there is none.
    """

    lines: tuple[Line, ...] = ()
    confidence: str = ""
    rule: str = ""
    explanation: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "lines": [
                {
                    "document": line.document,
                    "applied": line.applied,
                    "withheld": line.withheld,
                    "fee": line.fee,
                    "discount": line.discount,
                }
                for line in self.lines
            ],
            "confidence": self.confidence,
            "rule": self.rule,
            "explanation": self.explanation,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Whether the reading comes out again.

    Attributes:
        same: The same documents, amounts, rule and confidence.
        differences: What is not the same, Spanish.
        causes: What the difference comes from, Spanish; empty when `same`.
        rules: What the stored reading says it was made by, None when it does not say.
        rules_now: What a run follows now.
    """

    same: bool
    differences: tuple[str, ...] = ()
    causes: tuple[str, ...] = field(default=())
    rules: Ruleset | None = None
    rules_now: Ruleset


def compare(stored: Reading, again: Reading, policy: Policy) -> Comparison:
    """Say what two readings of one payment differ in, and why they may."""
    now, then = ruleset.current(policy), ruleset.signed(stored.explanation)
    found: list[str] = []
    before, after = {line.document: line for line in stored.lines}, {line.document: line for line in again.lines}
    for document in sorted(before.keys() | after.keys()):
        old, new = before.get(document), after.get(document)
        if new is None:
            found.append(f"{document}: estaba y ya no está")
        elif old is None:
            found.append(f"{document}: no estaba y ahora está")
        elif old != new:
            found.append(f"{document}: se aplicaba {old.applied} y ahora {new.applied}, con otro desglose")
    if stored.rule != again.rule and stored.lines:
        found.append(f"la regla era {stored.rule or 'ninguna'} y ahora es {again.rule or 'ninguna'}")
    if stored.confidence != again.confidence and stored.lines:
        found.append(f"la confianza era {stored.confidence or 'ninguna'} y ahora es {again.confidence or 'ninguna'}")
    causes: list[str] = []
    if found:
        if then is None:
            causes.append("lo guardado no dice con qué reglas se hizo")
        elif then.version != now.version:
            causes.append(f"han cambiado las reglas: eran las de {then.version} y son las de {now.version}")
        if then is not None and then.parameters != now.parameters:
            causes.append("han cambiado los parámetros: la política de la empresa o los datos de un país")
        if then == now:
            causes.append("las reglas y los parámetros son los mismos: han cambiado los datos (facturas, otros cobros)")
    return Comparison(same=not found, differences=tuple(found), causes=tuple(causes), rules=then, rules_now=now)


def read_again(tables: Tables, payment_id: str, policy: Policy) -> Reading | None:
    """Run the engine on the part of the data that the payment meets; None when there is no such payment."""
    for part in partitions.split(tables):
        if payment_id not in part.tables.payments["id"].to_pylist():
            continue
        solved = partitions.solve(part, policy, candidates=False)
        ids = tables.payments["id"]
        lines = [row for row in solved.links.to_pylist() if ids[row["payment"]].as_py() == payment_id]
        if lines:
            return Reading(
                lines=tuple(sorted(_line(row) for row in lines)),
                confidence=lines[0]["confidence"],
                rule=lines[0]["rule"],
                explanation=lines[0]["explanation"],
            )
        for row in solved.unmatched.to_pylist():
            if ids[row["payment"]].as_py() == payment_id:
                return Reading(explanation=row["reason"])
        return Reading(explanation="Está aplicado por una persona o registrado antes: no se vuelve a leer.")
    return None


def stored_in(rows: Iterable[Mapping[Any, Any]], payment_id: str) -> Reading | None:
    """The reading that a links' table holds of the payment, None when it holds none."""
    own = [row for row in rows if row["payment_id"] == payment_id]
    if not own:
        return None
    return Reading(
        lines=tuple(
            sorted(Line(row["invoice_id"], row["applied"], row["withheld"], row["fee"], row["discount"]) for row in own)
        ),
        confidence=own[0]["confidence"],
        rule=own[0]["rule"],
        explanation=own[0]["explanation"],
    )


def _line(row: dict[str, Any]) -> Line:
    return Line(row["invoice_id"], *(write_cents(row[name]) for name in ("applied", "withheld", "fee", "discount")))
