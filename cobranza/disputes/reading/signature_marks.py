"""How signatures, mobile footers, legal notices and warnings of gateways look, in Spanish, Portuguese and English."""

from __future__ import annotations

import re

from cobranza.disputes.reading import phrases

DELIMITER = re.compile(r"^\s{0,3}(?:--|—|––)\s{0,3}$|^-- $")
_DEVICE = phrases.alternatives("signatures", "device")
MOBILE = re.compile(
    rf"^\W{{0,3}}(?:(?:{phrases.alternatives('signatures', 'sent_from')})\b.{{0,45}}\b(?:{_DEVICE})\b.{{0,60}}"
    rf"|(?:{phrases.alternatives('signatures', 'footer')})\b.{{0,60}})\s*$",
    re.IGNORECASE,
)

# a notice speaks of the mail itself …
_ITSELF = phrases.pattern("signatures", "itself")
# … and says one of these of it
_SAID = phrases.pattern("signatures", "said")
_ALONE = phrases.pattern("signatures", "alone")
_HEADING = phrases.pattern("signatures", "heading", r"^\W{0,4}", r"\b")
_DATA_LAW = phrases.pattern("signatures", "data_law", r"^\W{0,4}", r"\b")
_DATA_LAW_SAID = phrases.pattern("signatures", "data_law_said")
_PRIVACY = phrases.pattern("signatures", "privacy", r"^\W{0,4}", r"\b")
_DATA_WORDS = phrases.pattern("signatures", "data_words")
_LONGEST = 1_500
_ONE_SENTENCE = 170
_CONTENT = re.compile(
    r"\b(?:la informaci[óo]n|el contenido|o conte[úu]do|a informa[çc][ãa]o|the information|the contents?|"
    r"this (?:e-?mail|message) is)\b",
    re.IGNORECASE,
)
_SECRET = re.compile(r"confiden|secreto profesional|reservad[oa]|intended solely|addressee", re.IGNORECASE)
_LAW = re.compile(
    r"rgpd|gdpr|lopd|lgpd|protecci[óo]n de datos|prote[çc][ãa]o de dados|data protection|datos personales|"
    r"dados pessoais|"
    r"reglamento \(?ue|reglamento general|ley (?:org[áa]nica|1581|25\.?326|19\.?628|29733)|responsable",
    re.IGNORECASE,
)


def is_notice(paragraph: str) -> bool:
    """A legal notice, a gateway's warning or a plea for trees; never somebody's request about their own data.

    >>> is_notice("AVISO LEGAL: Este correo es confidencial y va dirigido a su destinatario.")
    True
    >>> is_notice("Aviso legal: si siguen llamando iré a consumo.")
    False
    """
    head = paragraph[:_LONGEST]
    if _ALONE.search(head[:250]):
        return True
    if _HEADING.match(head) and _SAID.search(head):
        return bool(_ITSELF.search(head)) or len(head) > 150
    if _ITSELF.search(head[:200]) and (len(_said(head)) >= 2 or _DATA_WORDS.search(head)):
        return True
    if _PRIVACY.match(head) and _DATA_WORDS.search(head):
        return True
    if len(head) <= _ONE_SENTENCE and _CONTENT.search(head) and _SECRET.search(head):
        return True
    return bool(_DATA_LAW.match(head) and _LAW.search(head) and _DATA_LAW_SAID.search(head))


def may_start_notice(line: str) -> bool:
    """Whether a notice could begin with this line; cheap, asked of every line."""
    head = line[:160]
    return bool(_HEADING.match(head) or _ALONE.search(head[:60]) or _DATA_LAW.match(head) or _ITSELF.search(head))


def _said(text: str) -> set[str]:
    return {found[0].lower() for found in _SAID.finditer(text)}


SIGN_OFF = phrases.pattern("signatures", "sign_off", r"^\W{0,3}", r"\b.{0,40}$")
CONTACT = phrases.pattern("signatures", "contact")
