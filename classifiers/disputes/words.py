"""Counts of words and of letters in a row, weighted so that the rare ones count more (TF-IDF)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from classifiers.disputes.text import counted

_WORD = r"(?u)\b\w+\b|[?!@]"
_RARE = float(np.log(15)) + 1.0  # as scikit-learn weights a word that one text in fifteen holds
_DENIALS = frozenset({"no", "nao", "not", "sin", "sem", "nunca", "never", "ni"})
_KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("word", {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": _WORD}),
    ("char", {"analyzer": "char_wb", "ngram_range": (2, 5)}),
)


class Words:
    """Words 1 to 2 and letters 2 to 5 of a text; each kind has length 1, so that neither drowns the other."""

    def __init__(self, vectorizers: Sequence[TfidfVectorizer]) -> None:
        self._vectorizers = tuple(vectorizers)
        self._names: NDArray[np.str_] | None = None
        self._telling: NDArray[np.bool_] | None = None

    @classmethod
    def fit(cls, texts: Sequence[str], *, rarest: int = 2, most: int = 40_000) -> tuple[Words, sparse.csr_matrix]:
        """Learn the vocabulary of `texts` and give their features.

        Args:
            texts: As written.
            rarest: Texts in which something must occur to count.
            most: Largest vocabulary of each kind.
        """
        made = [
            TfidfVectorizer(
                preprocessor=counted, sublinear_tf=True, min_df=rarest, max_features=most, dtype=np.float32, **kind
            )
            for _, kind in _KINDS
        ]
        table = sparse.hstack([vectorizer.fit_transform(texts) for vectorizer in made], format="csr")
        return cls(made), table

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Features of texts: float32, shape (n_texts, n_features)."""
        return sparse.hstack([vectorizer.transform(texts) for vectorizer in self._vectorizers], format="csr")

    def names(self) -> NDArray[np.str_]:
        """What each column counts; letters stand between "‹" and "›"."""
        if self._names is None:
            word, char = self._vectorizers
            self._names = np.array([*word.get_feature_names_out(), *(f"‹{c}›" for c in char.get_feature_names_out())])
        return self._names

    def telling(self) -> NDArray[np.bool_]:
        """Which columns are worth showing to people: rare words, and pairs that hold one and no word that says nothing.

        What stands in every fifteenth text says nothing, except a denial before a rare word ("no llegó").
        """
        if self._telling is None:
            word, char = self._vectorizers
            rare = {
                name
                for name, weight in zip(word.get_feature_names_out(), word.idf_, strict=True)
                if weight > _RARE and len(name) > 3 and name.isalpha()
            }
            parts = [name.split(" ") for name in word.get_feature_names_out()]
            shown = [part[-1] in rare and all(one in rare or one in _DENIALS for one in part) for part in parts]
            self._telling = np.array([*shown, *[False] * len(char.idf_)])
        return self._telling

    def arrays(self) -> dict[str, NDArray[Any]]:
        """To be stored: plain arrays, no objects."""
        stored: dict[str, NDArray[Any]] = {}
        for (name, _), vectorizer in zip(_KINDS, self._vectorizers, strict=True):
            # one text with line ends: an array of strings of unlike lengths would be many times as large
            text = "\n".join(vectorizer.get_feature_names_out())
            stored[f"{name}.vocabulary"] = np.frombuffer(text.encode(), dtype=np.uint8)
            stored[f"{name}.idf"] = vectorizer.idf_.astype(np.float32)
        return stored

    @classmethod
    def of_arrays(cls, stored: Mapping[str, NDArray[Any]]) -> Words:
        """What `arrays` stored."""
        made = []
        for name, kind in _KINDS:
            entries = stored[f"{name}.vocabulary"].tobytes().decode().split("\n")
            vectorizer = TfidfVectorizer(
                preprocessor=counted, sublinear_tf=True, dtype=np.float32, vocabulary=entries, **kind
            )
            vectorizer.idf_ = stored[f"{name}.idf"]
            made.append(vectorizer)
        return cls(made)
