"""States of a message: which may follow which, and words that stop a channel. Pure.

States that a provider tells only rise: a late "sent" after "delivered" is dropped, and so is whatever is told twice.
A bounce ranks below a delivery, because providers report soft bounces of what they deliver later.
"""

from __future__ import annotations

import re
import unicodedata

from cobranza.dunning.ports import Delivery

RANK = {
    Delivery.QUEUED: 0,
    Delivery.SENDING: 0,
    Delivery.UNKNOWN: 0,
    Delivery.ACCEPTED: 1,
    Delivery.SENT: 2,
    Delivery.BOUNCED: 3,
    Delivery.DELIVERED: 4,
    Delivery.READ: 5,
}
"""Higher states are told by the provider; what is not here ended in our own hands."""
ENDED = frozenset({Delivery.REFUSED, Delivery.SUPPRESSED, Delivery.CANCELLED})
TOLD = frozenset(state for state, rank in RANK.items() if rank) | {Delivery.REFUSED}
"""What a provider may say of a message."""

_WHOLE = re.compile(r"^\W*(?:baja|stop|alto|unsubscribe|parar|sair|cancelar|remover)\W*$")
_SENTENCE = re.compile(
    r"\b(?:dar(?:me|nos)? de baja|baja (?:de|en) (?:los |las |la )?(?:mensajes|avisos|sms|lista|whatsapp)"
    r"|no (?:me |nos )?(?:vuelvan?|vuelvas) a (?:escrib|llam|contact|molest)\w*"
    r"|(?:dejen?|deje) de (?:escrib|llam|contact|molest|mandar|enviar)\w*"
    r"|no (?:quiero|deseo) (?:recibir )?mas (?:mensajes|avisos|sms|llamadas|correos)"
    r"|(?:nao|no) quero receber mais|stop (?:calling|texting|messaging|writing))\b"
)


def after(now: Delivery, told: Delivery) -> Delivery:
    """State after the provider says `told` of a message that stands at `now`.

    >>> after(Delivery.DELIVERED, Delivery.SENT).value
    'entregado'
    """
    if told not in TOLD or now in ENDED:
        return now
    if told is Delivery.REFUSED:
        return told if RANK[now] <= RANK[Delivery.SENT] else now
    return told if RANK[told] > RANK[now] else now


def stops(text: str) -> bool:
    """The debtor asks that this channel be used no more. Said among other things it counts as well.

    >>> stops("BAJA"), stops("por favor, no me vuelvan a llamar"), stops("doy de baja el servicio, ¿cuánto debo?")
    (True, True, False)
    """
    folded = unicodedata.normalize("NFKD", text.lower())
    plain = " ".join("".join(char for char in folded if not unicodedata.combining(char)).split())
    return bool(_WHOLE.match(plain) or _SENTENCE.search(plain))
