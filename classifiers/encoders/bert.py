"""A BERT encoder as arrays, and the ONNX graph that runs it: 8-bit weights, mean pooling, vectors of length 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifiers.encoders.onnx_file import Graph

_MS = "com.microsoft"
_STEPS = 63.0  # 7 bits of 8: two products of 8-bit numbers would overflow 16 bits on processors without VNNI


@dataclass(frozen=True, slots=True)
class Bert:
    """Weights under the names of Hugging Face's `BertModel`, float32, and the sizes that they do not tell.

    Attributes:
        tensors: By name, ``embeddings.word_embeddings.weight`` …; matrices are (out, in).
        layers: How many.
        heads: Attention heads of each.
        epsilon: Of the layer norms.
    """

    tensors: Mapping[str, NDArray[np.float32]]
    layers: int
    heads: int
    epsilon: float

    @property
    def width(self) -> int:
        """Dimensions of the vectors."""
        return int(self.tensors["embeddings.word_embeddings.weight"].shape[1])

    @property
    def longest(self) -> int:
        """Tokens of the longest text."""
        return int(self.tensors["embeddings.position_embeddings.weight"].shape[0])

    def rows(self, keep: NDArray[np.int64]) -> Bert:
        """The same with some words alone."""
        words = "embeddings.word_embeddings.weight"
        return Bert({**self.tensors, words: self.tensors[words][keep]}, self.layers, self.heads, self.epsilon)

    def onnx(self, about: Mapping[str, str]) -> bytes:
        """The encoder as an ONNX file: ``ids`` int64 (1, n_tokens) → ``vector`` float32 (1, width).

        One text at a time: nothing is padded, and a text's vector never depends on its neighbours. Weights are 8-bit
        with a scale for each output; activations are quantised as they come. `about` goes into its metadata.
        """
        return _onnx(self, about)


def _onnx(bert: Bert, about: Mapping[str, str]) -> bytes:
    graph = Graph("encoder")
    ids = graph.input("ids", "int64", (1, "tokens"))
    state = _embedded(graph, bert, ids)
    for number in range(bert.layers):
        state = _layer(graph, bert, state, number)
    pooled = graph.node("ReduceMean", [state], axes=[1], keepdims=0)
    vector = graph.node("LpNormalization", [pooled], axis=1, p=2)
    graph.output(vector, "float32", (1, bert.width))
    return graph.model(about)


def _embedded(graph: Graph, bert: Bert, ids: str) -> str:
    words = bert.tensors["embeddings.word_embeddings.weight"]
    scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-8) / 127.0
    table = graph.constant("words", np.rint(words / scale).astype(np.int8))
    scales = graph.constant("words.scale", scale.astype(np.float32))
    found = graph.node("Cast", [graph.node("Gather", [table, ids])], to=1)
    found = graph.node("Mul", [found, graph.node("Gather", [scales, ids])])
    # every token is of type 0: its vector is added to each position's
    places = bert.tensors["embeddings.position_embeddings.weight"]
    places = places + bert.tensors["embeddings.token_type_embeddings.weight"][0]
    count = graph.node("Slice", [graph.node("Shape", [ids]), _ints(graph, "one", [1]), _ints(graph, "two", [2])])
    start = _ints(graph, "zero", [0])
    place = graph.node("Slice", [graph.constant("places", places.astype(np.float32)), start, count, start])
    return _normed(graph, bert, graph.node("Add", [found, place]), "embeddings.LayerNorm")


def _layer(graph: Graph, bert: Bert, state: str, number: int) -> str:
    at = f"encoder.layer.{number}."
    query, key, value = (
        _linear(graph, bert, state, f"{at}attention.self.{name}") for name in ("query", "key", "value")
    )
    mixed = graph.node("MultiHeadAttention", [query, key, value], domain=_MS, num_heads=bert.heads)
    mixed = _linear(graph, bert, mixed, f"{at}attention.output.dense")
    state = _normed(graph, bert, graph.node("Add", [mixed, state]), f"{at}attention.output.LayerNorm")
    wide = graph.node("Gelu", [_linear(graph, bert, state, f"{at}intermediate.dense")], domain=_MS)
    narrow = _linear(graph, bert, wide, f"{at}output.dense")
    return _normed(graph, bert, graph.node("Add", [narrow, state]), f"{at}output.LayerNorm")


def _linear(graph: Graph, bert: Bert, state: str, name: str) -> str:
    weight, bias = bert.tensors[f"{name}.weight"], bert.tensors[f"{name}.bias"]
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-8) / _STEPS
    quantised = np.ascontiguousarray(np.rint(weight / scale[:, None]).astype(np.int8).T)
    constants = {
        "weight": quantised,
        "scale": scale.astype(np.float32),
        "zero": np.zeros(len(scale), dtype=np.int8),
        "bias": bias.astype(np.float32),
    }
    names = [graph.constant(f"{name}.{key}", value) for key, value in constants.items()]
    return str(graph.node("DynamicQuantizeMatMul", [state, *names], domain=_MS))


def _normed(graph: Graph, bert: Bert, state: str, name: str) -> str:
    weight = graph.constant(f"{name}.weight", bert.tensors[f"{name}.weight"].astype(np.float32))
    bias = graph.constant(f"{name}.bias", bert.tensors[f"{name}.bias"].astype(np.float32))
    return str(graph.node("LayerNormalization", [state, weight, bias], axis=-1, epsilon=float(bert.epsilon)))


def _ints(graph: Graph, name: str, values: list[int]) -> str:
    return graph.constant(name, np.array(values, dtype=np.int64))
