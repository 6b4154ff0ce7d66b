"""What stands above or beside the words: machine mail, new account numbers, and what the ledger knows."""

from __future__ import annotations

import re
from collections.abc import Mapping

from classifiers.disputes.example import ACCOUNTS, Example
from classifiers.disputes.text import fold, sentences
from cobranza.disputes.ports import Kind, LedgerFacts

BANK_CHANGE = "cambio_datos_bancarios"
NO_ACTION = "no_accionable"
MACHINES = frozenset({Kind.AUTO_REPLY, Kind.BOUNCE, Kind.LIST, Kind.CALENDAR})

# An account in a sentence like these is where something *was* paid to or from, not one to be used from now on.
_PAST = re.compile(
    r"\b(?:pague|pagamos|pagad[oa]s?|abone|abonamos|abonad[oa]s?|transferi|transferimos|transferid[oa]s?|deposite"
    r"|depositamos|depositad[oa]s?|ingrese|ingresamos|ingresad[oa]s?|consigne|consignamos|gire|giramos|paguei|transferido"
    r"|hice|hicimos|hecha|realizad[oa]s?|efectuad[oa]s?|salio|salieron|paid|wired|sent|transferred|debited|cargaron"
    r"|cobraron|cargad[oa]s?|cobrad[oa]s?|debitaron|comprobante|justificante|comprovante|proof)\b"
)
_CHANGE = re.compile(
    r"\b(?:nuev[oa]s?|nov[oa]s?|new|cambi\w+|actualiz\w+|modific\w+|mudanca|mudou|alter\w+|chang\w+|updat\w+|domicili\w+"
    r"|a partir de|desde ahora|en adelante|from now|going forward|starting|future payments|otra cuenta|outra conta"
    r"|(?:ya no|nao) us\w+|dej\w+ de usar|cerra(?:mos|da|do)|closed|factoring|cesion\w*|cedid[oa]s?|beneficiari[oa]"
    r"|transfieran|depositen|ingresen|paguen|abonen|depositar|realizar\w*|debera\w*|remit\w*|please (?:pay|use|send)"
    r"|mandato|sepa|debito|direct debit|deb\w+ automatic\w+)"
)
_OVERRIDE = "el mensaje da un número de cuenta: se trata siempre como un posible cambio de datos bancarios"


def names_new_account(example: Example) -> bool:
    """Whether the sender's own words give an account that may be meant for future payments.

    In doubt it does: an account number counts unless every sentence that speaks of paying speaks of the past.

    >>> names_new_account(Example(subject="", text="Paguen en ES91 2100 0418 4502 0005 1332.", entities=("iban",)))
    True
    >>> names_new_account(Example(subject="", text="Ya pagué el lunes a su cuenta ES91 2100…", entities=("iban",)))
    False
    """
    if not ACCOUNTS.intersection(example.entities):
        return False
    parts = [fold(part) for part in sentences(f"{example.subject}\n{example.text}")]
    if any(_CHANGE.search(part) for part in parts):
        return True
    return not any(_PAST.search(part) for part in parts)


def override(example: Example) -> tuple[str, float, str] | None:
    """A verdict that the model has no say in: label, confidence, reason in Spanish."""
    if example.kind is not Kind.BOUNCE and names_new_account(example):
        return BANK_CHANGE, 0.97, _OVERRIDE
    if example.kind in MACHINES:
        return NO_ACTION, 0.99, example.kind_reason or "lo escribió una máquina"
    return None


def of_ledger(facts: LedgerFacts) -> Mapping[str, tuple[float, str]]:
    """What the ledger says for or against labels: log-odds to add, and why (Spanish).

    The amounts are set by hand, small against what a clear message says (a few units of log-odds): no labelled corpus
    carries a ledger. An unknown sender adds nothing.
    """
    found: dict[str, tuple[float, str]] = {}
    if facts.paid_twice:
        found["cargo_duplicado"] = (0.5, "el libro tiene un documento nombrado como pagado de más")
        found["pago_ya_realizado"] = (0.8, "el libro tiene dinero de más o a cuenta de este deudor")
    elif facts.paid and not facts.open:
        found["pago_ya_realizado"] = (1.0, "los documentos que nombra ya están pagados en el libro")
        found["solicitud_de_documentacion"] = (0.3, "los documentos que nombra ya están pagados en el libro")
    elif facts.recent_payment is not None and facts.recent_payment <= 10:
        found["pago_ya_realizado"] = (0.4, f"hay un cobro de este deudor de hace {facts.recent_payment} días")
    if facts.open and not facts.paid:
        found["promesa_de_pago"] = (0.2, "los documentos que nombra siguen pendientes")
    if facts.same_amount:
        reason = "el deudor tiene dos documentos pendientes con el mismo importe"
        found["cargo_duplicado"] = (max(0.8, found.get("cargo_duplicado", (0.0, ""))[0]), reason)
    if facts.others and not (facts.open or facts.paid):
        found["desconoce_deuda"] = (0.6, "los documentos que nombra son de otro deudor")
    return found
