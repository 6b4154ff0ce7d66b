"""Language of a text: Spanish, Portuguese or English, nothing else."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from cobranza.disputes.reading import phrases

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LANGUAGES = ("es", "pt", "en")
_ENOUGH = 12
_FEW_WORDS = 14
_LONGEST = 800
_NOISE = re.compile(r"\S*[@\d/]\S*|[^\w\s'’¿¡]")


@cache
def _exclusive() -> dict[str, frozenset[str]]:
    """Frequent words that none of the other two languages has: they decide short texts, where the model is unsure."""
    words = {language: frozenset(phrases.entries("language", language)) for language in LANGUAGES}
    return {
        language: own - frozenset[str]().union(*(each for other, each in words.items() if other != language))
        for language, own in words.items()
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
