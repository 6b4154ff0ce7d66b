"""Why a court sent a filing back, in our words: what to fix, who fixes it. Pure.

Courts write reasons as sentences, some with a code in front. What is not understood stays as the court wrote it and is
a lawyer's to read; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cobranza.kernel.spanish import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One reason.

    Attributes:
        code: Stable word of ours, "otro" for what is not understood.
        text: As the court wrote it.
        remedy: What to do, imperative.
        brings: Who has to bring it, as in `[[requisitos]].trae`.
    """

    code: str
    text: str
    remedy: str
    brings: str


@dataclass(frozen=True, slots=True)
class _Known:
    code: str
    words: tuple[str, ...]
    remedy: str
    brings: str


# In the order in which they are tried: the more exact first.
_KNOWN = (
    _Known("masc", ("MASC", "NEGOCIACION PREVIA", "REQUISITO DE PROCEDIBILIDAD"),
           "Añada la prueba del MASC y vuelva a presentar como subsanación.", "administracion"),
    _Known("catalogo", ("CATALOGO", "TIPO DE DOCUMENTO"),
           "Corrija el tipo de documento del catálogo y vuelva a preparar el paquete.", "robot"),
    _Known("representacion", ("REPRESENTACION", "PODER", "PERSONERIA", "PROCURADOR", "APUD ACTA"),
           "Añada el poder o el apud acta.", "abogado"),
    _Known("domicilio", ("DOMICILIO", "PARTIDO JUDICIAL", "COMPETENCIA TERRITORIAL", "COMPETENTE"),
           "Compruebe el domicilio del deudor y el órgano.", "abogado"),
    _Known("tasa", ("TASA", "ARANCEL", "MODELO 696"), "Pague la tasa y añada su justificante.", "administracion"),
    _Known("firma", ("FIRMA", "FIRMADO"), "Firme los documentos y vuelva a preparar el paquete.", "abogado"),
    _Known("ilegible", ("ILEGIBLE", "NO SE PUEDE LEER", "OCR"),
           "Sustituya el documento por uno legible.", "administracion"),
    _Known("documento", ("DOCUMENTO", "APORTE", "ACREDITE"), "Añada el documento que pide.", "administracion"),
    _Known("cuantia", ("CUANTIA", "IMPORTE", "INTERESES"), "Revise el cálculo de lo reclamado.", "abogado"),
)  # fmt: skip
_CODE = re.compile(r"^\s*([A-Z]{2,5}-\d{1,3})\s*[:.]\s*")
_BY_CODE = {"CAT": "catalogo", "REP": "representacion", "MASC": "masc", "DOM": "domicilio", "TAS": "tasa",
            "LEG": "ilegible", "FIR": "firma"}  # fmt: skip


def read(reasons: Iterable[str]) -> tuple[Rejection, ...]:
    """What each reason asks for.

    >>> read(["MASC-03: No se acredita el intento de negociación previa."])[0].code
    'masc'
    >>> read(["Estése a lo acordado."])[0].code
    'otro'
    """
    return tuple(_one(" ".join(text.split())) for text in reasons if text.strip())


def _one(text: str) -> Rejection:
    code = _CODE.match(text)
    named = _BY_CODE.get(code[1].partition("-")[0], "") if code else ""
    said = plain(text)
    for known in _KNOWN:
        if known.code == named or (not named and any(re.search(rf"\b{word}", said) for word in known.words)):
            return Rejection(code=known.code, text=text, remedy=known.remedy, brings=known.brings)
    return Rejection(code="otro", text=text, remedy="Léalo un abogado y decida qué se corrige.", brings="abogado")
