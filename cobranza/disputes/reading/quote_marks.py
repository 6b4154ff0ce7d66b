"""How mail programs announce what they quote or forward, in Spanish, Portuguese, English and some neighbours.

Every pattern looks at one line of bounded length, so the time is bounded whatever the mail holds.
"""

from __future__ import annotations

import re

LONGEST = 400
"""Characters of a line that are looked at."""

_VERBS = (
    r"escribi[óo]|escribi\s?ó|escribe|ha escrito|escrib[íi]a|escreveu|escreve|wrote|writes|va escriure|ha escrit|"
    r"escribiu|idatzi du|idatzi zuen|a [ée]crit|schrieb|ha scritto|schreef|skrev|napisał\(?a?\)?|kirjoitti"
)
INTRO_END = re.compile(rf"(?:^|[\s>\])”\"»])(?:{_VERBS})\s{{0,3}}(?:[:：]|----?|…|\.{{3}})?\s{{0,3}}$", re.IGNORECASE)
INTRO_VERB_FIRST = re.compile(
    rf"^[^:]{{0,120}}@[^:]{{1,120}}\s(?:{_VERBS})\s(?:el|on|em|a|le|am)\s.{{4,90}}:\s{{0,3}}$", re.IGNORECASE
)
INTRO_INLINE = re.compile(
    r"^(?:el|on|em|en)\s(?=.{0,90}(?:\b(?:19|20)\d{2}\b|\b\d{1,2}:\d{2}\b|\d{1,2}[-/.]\d{1,2}[-/.]\d{2})).{6,140}"
    rf"(?<!\bme)(?<!\bnos)(?<!\ble)(?<!\bles)(?<!\bte)\s(?:{_VERBS})\s?:\s+\S",
    re.IGNORECASE,
)
"""The announcement and what it announces on one line."""
INTRO_START = re.compile(
    r"^(?:-{1,6}\s*)?(?:el|en|on|em|no dia|le|am|il|op|den|w dniu|dia|quoting|citando a|al|"
    r"lun|mar|mi[ée]|jue|vie|s[áa]b|dom|\d{1,4}[-/.]\d{1,2}|\d{1,2}\s+de\s)\b",
    re.IGNORECASE,
)
# what tells an announcement from a sentence: an address, a clock, a year or a full date
INTRO_PROOF = re.compile(
    r"@|\b\d{1,2}[:.h]\d{2}\b|\b(?:19|20)\d{2}\b|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b|<mailto:|\[mailto:", re.IGNORECASE
)
QUOTING = re.compile(r"^(?:quoting|citando(?: a)?)\s+[^:]{2,150}:\s*$", re.IGNORECASE)
DATED_ADDRESS = re.compile(
    r"^(?=.{0,200}(?:\b(?:19|20)\d{2}\b|\b\d{1,2}[:.]\d{2}\b|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}))[^<>]{4,140}"
    r"<(?:mailto:)?[^<>@\s]{1,80}@[^<>\s]{1,120}>\s{0,3}:\s{0,3}$"
)

SEPARATOR = re.compile(
    r"^[>\s]{0,6}(?:[-_=*]{2,40}\s{0,3})(?:mensaje original|mensaje citado|correo original|original message|"
    r"original appointment|cita original|mensagem original|missatge original|message d'origine|"
    r"urspr[üu]ngliche nachricht|messaggio originale|"
    r"reply message|mensaje de respuesta|respuesta al mensaje)\b.{0,40}$",
    re.IGNORECASE,
)
FORWARD = re.compile(
    r"^[>\s]{0,6}(?:[-_=*]{2,40}\s{0,3})?(?:"
    r"(?:inicio del mensaje (?:reenviado|remitido)|begin forwarded message|in[íi]cio da mensagem (?:re)?encaminhada|"
    r"mensaje reenviado|correo reenviado|forwarded message|forwarded (?:by|from)\b.{1,60}|"
    r"mensagem (?:re)?encaminhada|mensagem reencaminhada|"
    r"missatge reenviat|message transf[ée]r[ée]|weitergeleitete nachricht|messaggio inoltrato|"
    r"inicio de mensaje reenviado|original forwarded message|reenviado por\b.{1,60}|encaminhado por\b.{1,60}))"
    r"\s{0,3}:?\s{0,3}[-_=*]{0,40}\s{0,3}$",
    re.IGNORECASE,
)
ABOVE = re.compile(
    r"^\W{0,6}(?:por favor,? )?(?:escriba|responda|reply|please (?:type|write|reply)|type|write|escreva)\b.{0,30}"
    r"\b(?:encima|above|acima)\b.{0,40}\W{0,6}$",
    re.IGNORECASE,
)
RULE = re.compile(r"^\s{0,4}[_]{8,80}\s{0,4}$|^\s{0,4}[-]{20,80}\s{0,4}$|^\s{0,4}[=*]{20,80}\s{0,4}$")

_FROM = r"de|from|von|da|desde|remitente|remetente|enviado por|exp[ée]diteur|mittente|van|fra|från"
_SUBJECT = r"asunto|subject|assunto|assumpte|gaia|objet|betreff|oggetto|onderwerp|tema|emne|ämne"
_SENT = (
    r"enviado(?: el| em| a)?|enviada(?: em| el)?|sent(?: on)?|fecha(?: de env[íi]o)?|data(?: de envio)?|date|gesendet|"
    r"envoy[ée](?: le)?|inviato|verzonden|enviat(?: el)?|dia"
)
_TO = (
    r"para|to|a|an|destinatario|destinat[áa]rio|à|per a|aan|til|till|cc|c\.c\.|copia|c[óo]pia|bcc|cco|"
    r"responder a|reply-to|adjuntos|attachments|anexos|importancia|importance"
)
FIELD = re.compile(
    rf"^[\s>|]{{0,6}}[*_]{{0,2}}(?:(?P<sender>{_FROM})|(?P<subject>{_SUBJECT})|(?P<sent>{_SENT})|(?P<to>{_TO}))"
    rf"[*_]{{0,2}}\s{{0,2}}[:：][*_]{{0,2}}(?!//)",
    re.IGNORECASE,
)
FORWARDING_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{1,30}\]\s*)?(?:rv|fw|fwd|enc|encam|reenv|reenviado|tr|i|wg|rif|res-enc|"
    r"forward(?:ed)?)\s*(?:\[\d+\])?\s*:",
    re.IGNORECASE,
)
QUOTED_LINE = re.compile(r"^\s{0,3}(?:>|&gt;|\|\s)")
