"""Writes ONNX models: the few message types of the format that a graph needs, straight in Protocol Buffers' wire form.

Source: onnx.proto3 of ONNX 1.16 (field numbers), Protocol Buffers encoding guide (varints, length-delimited fields).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Attribute: TypeAlias = int | float | str | Sequence[int]
_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float16": 10}
_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7
_IR_VERSION = 9
_OPSETS = {"": 17, "com.microsoft": 1}


class Graph:
    """A graph under construction. Every method that adds something gives the name of what it computes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._count = 0

    def input(self, name: str, kind: str, shape: Sequence[int | str]) -> str:
        """Declare an input; a dimension given as text may be anything."""
        self._inputs.append(_declared(name, kind, shape))
        return name

    def output(self, name: str, kind: str, shape: Sequence[int | str]) -> None:
        """Declare what the graph gives."""
        self._outputs.append(_declared(name, kind, shape))

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add an array."""
        tensor = b"".join(_number(1, size) for size in value.shape)
        tensor += _number(2, _TYPES[value.dtype.name]) + _text(8, name)
        tensor += _bytes(9, np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<")).tobytes())
        self._constants.append(tensor)
        return name

    def node(
        self, operation: str, inputs: Sequence[str], *, domain: str = "", outputs: int = 1, **attributes: Attribute
    ) -> Any:
        """Add an operation; gives the name of its result, or a list of them when it has several."""
        self._count += 1
        names = [f"{operation}_{self._count}_{place}" for place in range(outputs)]
        node = b"".join(_text(1, name) for name in inputs) + b"".join(_text(2, name) for name in names)
        node += _text(3, f"{operation}_{self._count}") + _text(4, operation)
        node += b"".join(_bytes(5, _attribute(name, value)) for name, value in sorted(attributes.items()))
        node += _text(7, domain) if domain else b""
        self._nodes.append(node)
        return names[0] if outputs == 1 else names

    def model(self, about: Mapping[str, str]) -> bytes:
        """The whole file; `about` goes into its metadata."""
        graph = b"".join(_bytes(1, node) for node in self._nodes) + _text(2, self._name)
        graph += b"".join(_bytes(5, tensor) for tensor in self._constants)
        graph += b"".join(_bytes(11, one) for one in self._inputs) + b"".join(_bytes(12, one) for one in self._outputs)
        made = _number(1, _IR_VERSION) + _text(2, "cobranza") + _bytes(7, graph)
        made += b"".join(_bytes(8, _text(1, domain) + _number(2, opset)) for domain, opset in _OPSETS.items())
        return made + b"".join(_bytes(14, _text(1, key) + _text(2, value)) for key, value in sorted(about.items()))


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # a negative number takes ten bytes
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _attribute(name: str, value: Attribute) -> bytes:
    made = _text(1, name)
    if isinstance(value, float):
        return made + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, _FLOAT)
    if isinstance(value, int):
        return made + _number(3, value) + _number(20, _INT)
    if isinstance(value, str):
        return made + _text(4, value) + _number(20, _STRING)
    return made + b"".join(_number(8, item) for item in value) + _number(20, _INTS)


def _declared(name: str, kind: str, shape: Sequence[int | str]) -> bytes:
    sizes = b"".join(_bytes(1, _number(1, size) if isinstance(size, int) else _text(2, size)) for size in shape)
    tensor = _number(1, _TYPES[kind]) + _bytes(2, sizes)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))
