"""Tax identifiers of ES, MX, CO, PE, CL, AR, EC, UY, BR and PT; python-stdnum proves the check digits.

A number that is only digits needs a word before it that says what it is, or a shape that nothing else has: too many
numbers pass a check digit by chance.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from cobranza.disputes.reading.found import Found

_BACK = 45
_LEFT, _RIGHT = r"(?<![\w])(?<![\d][.,/-])", r"(?![\w]|[-./]\d)"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of identifier.

    Attributes:
        country: Who gives it out.
        module: Of `stdnum`.
        shape: As it is written.
        cue: Word that announces it.
        alone: Its shape and check digit suffice without a word before.
    """

    country: str
    module: str
    shape: re.Pattern[str]
    cue: re.Pattern[str]
    alone: bool


def _kind(country: str, module: str, shape: str, cue: str, *, alone: bool) -> _Kind:
    return _Kind(
        country,
        module,
        re.compile(_LEFT + shape + _RIGHT, re.IGNORECASE),
        re.compile(rf"\b(?:{cue})\b", re.IGNORECASE),
        alone,
    )


_KINDS = (
    _kind("BR", "br.cnpj", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", "cnpj", alone=True),
    _kind("BR", "br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", "cpf", alone=True),
    _kind("CL", "cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dk]", "rut|r\\.u\\.t\\.?|run", alone=True),
    _kind("AR", "ar.cuit", r"(?:2[03-7]|3[034])-\d{8}-\d", "cuit|cuil|c\\.u\\.i\\.t\\.?", alone=True),
    _kind("CO", "co.nit", r"\d{3}\.\d{3}\.\d{3}-\d|\d{9}-\d", "nit|n\\.i\\.t\\.?|rut", alone=True),
    _kind("MX", "mx.rfc", r"[A-ZÑ&]{3,4}[ -]?\d{6}[ -]?[A-Z0-9]{2}[0-9A]", "rfc|r\\.f\\.c\\.?", alone=True),
    _kind("ES", "es.nif", r"(?:ES)?[ABCDEFGHJNPQRSUVWKLM][ -]?\d{7}[ -]?[0-9A-J]",
          "cif|nif|c\\.i\\.f\\.?|n\\.i\\.f\\.?|vat|iva", alone=True),
    _kind("ES", "es.nif", r"(?:ES)?[XYZ][ -]?\d{7}[ -]?[A-Z]", "nie|nif|dni", alone=True),
    _kind("ES", "es.nif", r"(?:ES)?(?:\d{8}|\d{2}\.\d{3}\.\d{3})[ -]?[A-Z]",
          "nif|dni|d\\.n\\.i\\.?|n\\.i\\.f\\.?|cif", alone=True),
    _kind("EC", "ec.ruc", r"\d{10}001", "ruc|r\\.u\\.c\\.?", alone=True),
    _kind("PE", "pe.ruc", r"(?:10|15|16|17|20)\d{9}", "ruc|r\\.u\\.c\\.?", alone=True),
    _kind("CL", "cl.rut", r"\d{7,8}-[\dk]", "rut|r\\.u\\.t\\.?|run", alone=False),
    _kind("CL", "cl.rut", r"\d{7,8}[\dk]", "rut|r\\.u\\.t\\.?|run", alone=False),
    _kind("AR", "ar.cuit", r"(?:2[03-7]|3[034]) ?\d{8} ?\d", "cuit|cuil|c\\.u\\.i\\.t\\.?", alone=False),
    _kind("BR", "br.cnpj", r"\d{14}|\d{8}/\d{4}-\d{2}", "cnpj", alone=False),
    _kind("BR", "br.cpf", r"\d{11}|\d{9}-\d{2}", "cpf", alone=False),
    _kind("CO", "co.nit", r"\d{3}\.?\d{3}\.?\d{3}[ -]\d|\d{10}", "nit|n\\.i\\.t\\.?", alone=False),
    _kind("UY", "uy.rut", r"\d{12}", "rut|r\\.u\\.t\\.?", alone=False),
    _kind("PT", "pt.nif", r"(?:PT ?)?[1235689]\d{2} ?\d{3} ?\d{3}", "nif|nipc|contribuinte|n\\.i\\.f\\.?", alone=False),
    _kind("EC", "ec.ruc", r"\d{10}", "ruc", alone=False),
)  # fmt: skip


def find(text: str) -> list[Found]:
    """Identifiers of `text`, the surest first.

    >>> [(each.value, each.country, each.valid) for each in find("NIT 800.197.268-4, CIF B58378431")]
    [('8001972684', 'CO', True), ('B58378431', 'ES', True)]
    """
    sure: list[Found] = []
    wrong: list[Found] = []
    for kind in _KINDS:
        for each in kind.shape.finditer(text):
            announced = _announced(text, each.start(), kind.cue)
            if not announced and not (kind.alone and _loud(each[0])):
                continue
            is_valid, compact = _check(kind.module)
            if is_valid(each[0]):
                sure.append(Found("tax_id", each.start(), each.end(), compact(each[0]).upper(), True, kind.country))
            elif announced:
                wrong.append(Found("tax_id", each.start(), each.end(), _plain(each[0]), False, kind.country))
    sure.sort(key=lambda each: not _named_so(text, each))
    first: dict[tuple[int, int], Found] = {}
    for found in sure + wrong:
        first.setdefault((found.start, found.end), found)
    return list(first.values())


def _loud(written: str) -> bool:
    """Letters in capitals, as identifiers are written; words in a sentence are not."""
    return not any(sign.islower() and sign != "k" for sign in written)


def _announced(text: str, start: int, cue: re.Pattern[str]) -> bool:
    before = text[max(0, start - _BACK) : start]
    at = max((found.end() for found in cue.finditer(before)), default=-1)
    return at >= 0 and "\n\n" not in before[at:] and not re.search(r"\d{5}", before[at:])


def _named_so(text: str, each: Found) -> bool:
    return any(kind.country == each.country and _announced(text, each.start, kind.cue) for kind in _KINDS)


@cache
def _check(module: str) -> tuple[Callable[[str], bool], Callable[[str], str]]:
    loaded = import_module(f"stdnum.{module}")
    return loaded.is_valid, loaded.compact


def _plain(written: str) -> str:
    return re.sub(r"[^0-9A-ZÑ&]", "", written.upper())
