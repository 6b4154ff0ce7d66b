"""Walks a value along a schema of the vendor's API description: just what its description uses, and strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "zendesk"
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def description() -> Description:
    """The description of the shared data; skips the test where that is not."""
    file = SHARED / "support-subset-patched.json"
    if not file.exists():
        pytest.skip("the vendor's API description (shared data) is not on this machine")
    return Description(json.loads(file.read_text(encoding="utf-8")))


class Description:
    """An OpenAPI description.

    Args:
        spec: The whole document, parsed.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.paths = {
            re.compile(re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(path)) + r"(\.json)?"): methods
            for path, methods in sorted(spec["paths"].items(), key=lambda item: item[0].count("{"))
        }

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """The operation that a call is; fails for a call that is not described."""
        for pattern, methods in self.paths.items():
            if pattern.fullmatch(path) and method.lower() in methods:
                found: dict[str, Any] = methods[method.lower()]
                return found
        raise AssertionError(f"{method} {path} is not described")

    def request_faults(self, method: str, path: str, body: Any) -> list[str]:
        """What is wrong with a JSON body that was sent."""
        content = self.operation(method, path).get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        return list(self._walk(schema, body, "body", sent=True)) if schema else []

    def answer_faults(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer."""
        responses = self.operation(method, path)["responses"]
        if str(status) not in responses:
            return [f"status {status} is not described"]
        schema = responses[str(status)].get("content", {}).get("application/json", {}).get("schema")
        return list(self._walk(schema, body, "answer", sent=False)) if schema else []

    def _walk(self, schema: Any, value: Any, where: str, *, sent: bool) -> Iterator[str]:
        while "$ref" in schema:
            target: Any = self.spec
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = target
        if value is None and schema.get("nullable"):
            return
        for part in schema.get("allOf", ()):
            yield from self._walk(part, value, where, sent=sent)
        choices = [list(self._walk(part, value, where, sent=sent)) for part in schema.get("anyOf", ())]
        if choices and all(choices):
            yield from min(choices, key=len)
        kind = schema.get("type")
        if kind:
            right = isinstance(value, _TYPES[kind]) and not (isinstance(value, bool) and kind in ("integer", "number"))
            if not right:
                yield f"{where} is {value!r}, no {kind}"
                return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where} is {value!r}, none of {schema['enum']}"
        if schema.get("format") == "date-time" and isinstance(value, str):
            yield from _moment(value, where)
        if isinstance(value, dict):
            for name in schema.get("required", ()):
                if name not in value:
                    yield f"{where}.{name} is missing"
            for name, part in schema.get("properties", {}).items():
                if name in value:
                    if sent and part.get("readOnly"):
                        yield f"{where}.{name} is not for us to send"
                    yield from self._walk(part, value[name], f"{where}.{name}", sent=sent)
        if isinstance(value, list) and "items" in schema:
            for place, one in enumerate(value):
                yield from self._walk(schema["items"], one, f"{where}[{place}]", sent=sent)


def _moment(value: str, where: str) -> Iterator[str]:
    try:
        aware = datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        yield f"{where} is {value!r}, no date-time"
