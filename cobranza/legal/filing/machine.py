"""The states of one filing and which may follow which. Pure; every store and every screen asks here.

Only `SENDING` stands for an act that cannot be repeated, and nothing leads from `UNCERTAIN` back to it but
`NOT_FILED`, the proof that nothing was registered. A package that changed, or a claim that was refused, is another
filing.
"""

from __future__ import annotations

from enum import StrEnum

from cobranza.kernel.errors import CobranzaError


class MoveError(CobranzaError):
    """A state that may not follow another: a fault of ours, never written."""

    code = "COB-PRE-001"
    remedy = "No se ha cambiado nada; avise a soporte con el registro de la ejecución."


class State(StrEnum):
    """Where a filing stands. The values are what is stored, listed and told."""

    PREPARED = "preparado"
    DRAFT = "borrador"
    UPLOADED = "subido"
    READY = "listo"
    SENDING = "enviando"
    UNCERTAIN = "incierto"
    NOT_FILED = "no_consta"
    FILED = "presentado"
    REVIEW = "revision_humana"
    REFUSED = "rechazado"
    WITHDRAWN = "retirado"


NEXT: dict[State, frozenset[State]] = {
    # Found in the tray of sent filings before anything was sent: somebody filed it by hand.
    State.PREPARED: frozenset({State.DRAFT, State.FILED, State.REVIEW, State.REFUSED, State.WITHDRAWN}),
    State.DRAFT: frozenset({State.PREPARED, State.UPLOADED, State.REVIEW, State.REFUSED, State.WITHDRAWN}),
    State.UPLOADED: frozenset({State.PREPARED, State.DRAFT, State.READY, State.REVIEW, State.REFUSED, State.WITHDRAWN}),
    State.READY: frozenset(
        {State.PREPARED, State.DRAFT, State.SENDING, State.FILED, State.REVIEW, State.REFUSED, State.WITHDRAWN}
    ),
    # Refused: the portal said so on its own page before registering. Anything else that is no receipt: uncertain.
    State.SENDING: frozenset({State.FILED, State.UNCERTAIN, State.REFUSED, State.REVIEW}),
    State.UNCERTAIN: frozenset({State.FILED, State.NOT_FILED, State.REVIEW}),
    State.NOT_FILED: frozenset({State.READY, State.REVIEW, State.WITHDRAWN}),
    # Out of a person's hands only by a person, or by a verified receipt.
    State.REVIEW: frozenset({State.FILED, State.NOT_FILED, State.PREPARED, State.REFUSED, State.WITHDRAWN}),
    State.FILED: frozenset(),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
}

ENDED = frozenset(state for state, following in NEXT.items() if not following)
"""Nothing follows."""

HOLDING = frozenset(State) - {State.REFUSED, State.WITHDRAWN}
"""States in which no other filing may have the same fingerprint: it is under way, or filed."""

WAITING = frozenset({State.REVIEW}) | ENDED
"""States in which a robot leaves a filing alone."""

MAYBE_SENT = frozenset({State.SENDING, State.UNCERTAIN})
"""States in which it may have been registered without our knowing."""


def check(now: State, to: State) -> None:
    """Raise `MoveError` unless `to` may follow `now`.

    >>> check(State.READY, State.SENDING)
    >>> check(State.UNCERTAIN, State.SENDING)
    Traceback (most recent call last):
    cobranza.legal.filing.machine.MoveError: COB-PRE-001: Una presentación no pasa de «incierto» a «enviando». → ...
    """
    if to not in NEXT[now]:
        raise MoveError(f"Una presentación no pasa de «{now}» a «{to}».")
