"""Why a payment was matched, in Spanish: the words used and where they stood, the sum, the payer, the rivals."""

from __future__ import annotations

from collections.abc import Sequence

from cobranza.reconciliation.board import Board, Clues
from cobranza.reconciliation.records import Hypothesis, Payment
from cobranza.reconciliation.references import Quality

FIELDS = {"remittance": "concepto", "structured_ref": "referencia", "end_to_end_id": "extremo a extremo"}
RULES = {
    "equal": "importe exacto",
    "rounding": "redondeo",
    "withholding": "retención",
    "deposit": "detracción",
    "discount": "pronto pago",
    "fee": "gastos bancarios",
    "partial": "pago a cuenta",
    "over": "pago de más",
    "fx": "otra moneda",
    "set": "varias facturas",
    "netted": "facturas menos abonos",
    "batch": "remesa completa",
    "return": "devolución",
    "charge": "pago de un recibo devuelto con sus gastos",
}
_WAYS = {
    Quality.SUFFIX: "últimas cifras",
    Quality.SLIP: "con una errata",
    Quality.CUT: "cortado",
    Quality.TAIL: "solo el número",
    Quality.STRIPPED: "sin la serie completa",
    Quality.FULL: "número completo",
    Quality.STRUCTURED: "referencia estructurada",
}


_RIVALS = 2
# Why a rival lost, by the part of its score that was worst.
_LOST = {
    "importe": "su importe encaja peor",
    "referencia": "el texto la nombra peor o no la nombra",
    "cliente": "los datos del ordenante apuntan menos a ese cliente",
    "fechas": "es menos habitual pagarla ese día",
    "otra referencia": "deja fuera un documento que el texto nombra",
    "concepto completo": "el texto está entero y no nombra todas las suyas",
    "a cuenta": "el texto dice que se paga una parte",
    "sin referencia": "sin que el texto la nombre, la diferencia explica demasiado",
    "devolución": "la fecha o el texto no indican su devolución",
}


def explain(board: Board, payment: Payment, chosen: Hypothesis, rivals: Sequence[Hypothesis]) -> str:
    """One Spanish sentence per kind of evidence; stable for the same input.

    Args:
        board: The run's state.
        payment: What was explained.
        chosen: The reading that won.
        rivals: The readings that lost, best first.
    """
    clues = board.at_sight(payment)
    parts = [RULES.get(chosen.rule, chosen.rule).capitalize(), *_named(board, clues, chosen)]
    if chosen.arithmetic:
        parts.append(chosen.arithmetic)
    parts.append(_payer(board, clues, chosen))
    parts += chosen.notes
    if chosen.solutions > 1 and chosen.rule in {"set", "netted"}:
        parts.append(f"hay {chosen.solutions} combinaciones que suman lo mismo")
    parts += [_rival(board, chosen, rival) for rival in rivals[:_RIVALS]]
    parts.append(board.signature)
    return ". ".join([part[0].upper() + part[1:] for part in parts if part]) + "."


def _named(board: Board, clues: Clues, chosen: Hypothesis) -> list[str]:
    texts: list[str] = []
    quoted: set[tuple[str, str]] = set()
    docs = set(chosen.key)
    for mention in clues.mentions:
        if mention.doc not in docs or len(texts) >= 6:
            continue
        number = board.documents[mention.doc].number
        way = _WAYS[mention.quality]
        if mention.token < 0:
            texts.append(f"referencia de {number}")
            continue
        field, digits, start = clues.quoted(mention.token)
        if (digits, number) in quoted:
            continue
        quoted.add((digits, number))
        texts.append(f"«{digits}» ({FIELDS.get(field, field)}, posición {start + 1}, {way}) → {number}")
    if chosen.mentions and not texts:
        written = ", ".join(f"«{clues.quoted(number)[1]}»" for number in chosen.mentions if number >= 0)
        if written:
            texts.append(f"{written} en el concepto, escrito de forma incompleta")
    return texts


def _payer(board: Board, clues: Clues, chosen: Hypothesis) -> str:
    if chosen.rule == "batch":
        return ""
    name = board.customers[chosen.customer].legal_name
    evidence = clues.evidence.get(chosen.customer)
    if evidence is not None:
        return f"cliente {name} por {evidence.why}"
    if chosen.parts.get("cliente", 0.0) > 0:
        return f"paga otra empresa del grupo de {name}"
    if clues.agent:
        return f"cliente {name}; paga un intermediario"
    if chosen.parts.get("cliente", 0.0) < -1:
        return f"cliente {name}, aunque el ordenante parece otro"
    return f"cliente {name}, sin datos del ordenante"


def _rival(board: Board, chosen: Hypothesis, rival: Hypothesis) -> str:
    """What else the payment could have been, and the evidence that spoke most against it."""
    numbers = ", ".join(board.documents[doc].number for doc in rival.key[:3])
    more = f" y {len(rival.key) - 3} más" if len(rival.key) > 3 else ""
    won, lost = chosen.parts, rival.parts
    reason = max(
        sorted(won.keys() | lost.keys()), key=lambda part: won.get(part, 0.0) - lost.get(part, 0.0), default=""
    )
    rule = RULES.get(rival.rule, rival.rule)
    why = _LOST.get(reason, f"peor por {reason}")
    return f"rival: {numbers}{more} ({rule}), {why}, {_points(chosen.score - rival.score)}"


def _points(difference: float) -> str:
    return f"{write_amount_tenths(difference)} puntos"


def write_amount_tenths(value: float) -> str:
    """A score difference with one decimal, Spanish.

    >>> write_amount_tenths(2.345)
    '2,3'
    """
    return f"{value:.1f}".replace(".", ",")
