"""Language of a text: Spanish, Portuguese or English, nothing else."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LANGUAGES = ("es", "pt", "en")
_ENOUGH = 12
_FEW_WORDS = 6
_LONGEST = 2_000
_NOISE = re.compile(r"\S*[@\d/]\S*|[^\w\s'’¿¡]")
# frequent words; those that no other of the three has decide short texts, where the statistical model is unsure
_OWN = {
    "es": frozenset(
        [
            "el",
            "los",
            "las",
            "del",
            "una",
            "unos",
            "y",
            "pero",
            "muy",
            "hola",
            "buenas",
            "buenos",
            "días",
            "tardes",
            "gracias",
            "saludos",
            "usted",
            "ustedes",
            "señores",
            "pago",
            "factura",
            "facturas",
            "adjunto",
            "está",
            "estoy",
            "tengo",
            "favor",
            "cuando",
            "quiero",
            "también",
            "después",
            "más",
            "según",
            "hasta",
            "desde",
            "aquí",
            "ahora",
            "ya",
            "me",
            "nos",
            "les",
            "con",
            "por",
            "que",
            "yo",
            "soy",
            "fue",
            "hay",
            "estimados",
            "estimado",
        ]
    ),
    "pt": frozenset(
        [
            "o",
            "os",
            "do",
            "dos",
            "da",
            "das",
            "uma",
            "um",
            "e",
            "mas",
            "muito",
            "olá",
            "bom",
            "boa",
            "dia",
            "tarde",
            "noite",
            "obrigado",
            "obrigada",
            "vocês",
            "você",
            "não",
            "fatura",
            "boleto",
            "anexo",
            "está",
            "estou",
            "tenho",
            "favor",
            "quando",
            "quero",
            "também",
            "depois",
            "mais",
            "segundo",
            "até",
            "desde",
            "aqui",
            "agora",
            "já",
            "nos",
            "com",
            "por",
            "eu",
            "sou",
            "foi",
            "há",
            "prezados",
            "prezado",
            "nota",
            "pagamento",
            "em",
            "ao",
            "pelo",
            "pela",
            "são",
        ]
    ),
    "en": frozenset(
        [
            "the",
            "a",
            "an",
            "of",
            "and",
            "but",
            "very",
            "hello",
            "hi",
            "thanks",
            "thank",
            "you",
            "regards",
            "please",
            "invoice",
            "payment",
            "attached",
            "is",
            "am",
            "are",
            "have",
            "when",
            "want",
            "also",
            "after",
            "more",
            "until",
            "from",
            "here",
            "now",
            "already",
            "me",
            "us",
            "with",
            "by",
            "i",
            "was",
            "were",
            "there",
            "dear",
            "not",
            "your",
            "our",
            "this",
        ]
    ),
}


@cache
def _exclusive() -> dict[str, frozenset[str]]:
    return {
        language: own - frozenset[str]().union(*(each for other, each in _OWN.items() if other != language))
        for language, own in _OWN.items()
    }


@cache
def _model() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages(list(LANGUAGES))
    return model


def of(text: str, fallback: str = "") -> str:
    """Language of `text`; of `fallback` (a subject) when `text` says too little; Spanish when neither tells.

    >>> of("Bom dia, segue o comprovante do boleto que já paguei.")
    'pt'
    """
    bare = _NOISE.sub(" ", text[:_LONGEST])
    if len(bare.strip()) < _ENOUGH and fallback:
        bare = _NOISE.sub(" ", f"{fallback[:300]} {bare}")
    words = bare.lower().split()
    if not words:
        return "es"
    if len(words) < _FEW_WORDS:
        hits = {language: sum(word in own for word in words) for language, own in _exclusive().items()}
        best = max(LANGUAGES, key=lambda language: hits[language])
        if hits[best] > max(hits[language] for language in LANGUAGES if language != best):
            return best
    if len(bare.strip()) < _ENOUGH:
        return "es"
    label, _ = _model().classify(bare)
    return str(label)
