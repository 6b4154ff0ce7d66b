"""Drops the pieces of a vocabulary that no text of ours can use: other scripts than Latin."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.encoders.errors import EncoderError

_OURS = ("LATIN ", "FEMININE ORDINAL", "MASCULINE ORDINAL", "MICRO SIGN", "COMBINING ", "MODIFIER LETTER", "KELVIN")


@cache
def _usable(char: str) -> bool:
    kind = unicodedata.category(char)
    if kind[0] in "LM":
        return unicodedata.name(char, "").startswith(_OURS)
    return not (kind == "Nd" and not char.isascii())


def latin(tokenizer: bytes) -> tuple[bytes, NDArray[np.int64]]:
    """A unigram tokenizer (``tokenizer.json``) with its Latin pieces alone, and which rows of the embeddings stay.

    Text in Latin script is cut exactly as before.

    Raises:
        EncoderError: the file is no unigram tokenizer.
    """
    try:
        whole: dict[str, Any] = json.loads(tokenizer)
        pieces: list[list[Any]] = whole["model"]["vocab"]
        special = {int(token["id"]) for token in whole["added_tokens"]}
    except (ValueError, KeyError, TypeError) as exc:
        raise EncoderError(f"El fichero del tokenizador no se entiende ({exc}).") from exc
    if whole["model"].get("type", "Unigram") != "Unigram":
        raise EncoderError("El tokenizador no es de unigramas.")
    keep = [place for place, (piece, _) in enumerate(pieces) if place in special or all(map(_usable, piece))]
    renumbered = {old: new for new, old in enumerate(keep)}
    whole["model"]["vocab"] = [pieces[place] for place in keep]
    whole["model"]["unk_id"] = renumbered[whole["model"]["unk_id"]]
    for token in whole["added_tokens"]:
        token["id"] = renumbered[int(token["id"])]
    for token in (whole.get("post_processor") or {}).get("special_tokens", {}).values():
        token["ids"] = [renumbered[int(number)] for number in token["ids"]]
    whole["truncation"] = whole["padding"] = None
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode(), np.array(keep, dtype=np.int64)
