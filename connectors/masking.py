"""Takes secrets out of what a browser session leaves behind: texts, traces and HAR files."""

from __future__ import annotations

import base64
import html.entities
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MASK = "•••"
_SHORTEST = 4  # shorter values would blot out half of every page
_HEADERS = frozenset({"cookie", "set-cookie", "authorization", "proxy-authorization", "x-csrf-token"})
_BINARY = (".png", ".jpeg", ".jpg", ".gif", ".webp", ".ico", ".woff", ".woff2", ".ttf")
_HAR_LINES = (".network", ".har")


class Masker:
    """Knows the secrets of one session and blots them out, in every spelling that a browser may write them."""

    def __init__(self) -> None:
        self._values: list[str] = []
        self._text: re.Pattern[str] | None = None
        self._data: re.Pattern[bytes] | None = None

    def protect(self, value: str) -> None:
        """From now on, mask `value`. Values under four characters are ignored."""
        if len(value) < _SHORTEST or value in self._values:
            return
        self._values.append(value)
        self._values.sort(key=len, reverse=True)  # a longer secret first, so that no shorter one leaves its tail
        spellings = [spelling for known in self._values for spelling in _spellings(known)]
        self._text = re.compile("|".join(spellings))
        self._data = re.compile("|".join(spellings).encode())

    def values(self) -> tuple[str, ...]:
        """The secrets in clear, for the one place that empties a page's fields."""
        return tuple(self._values)

    def text(self, text: str) -> str:
        """`text` with every known secret replaced by `MASK`.

        >>> masker = Masker()
        >>> masker.protect("clave/1 ñ")
        >>> masker.text("p=clave%2f1+%C3%B1&q=2"), masker.text('{"p": "clave/1 \\\\u00f1"}')
        ('p=•••&q=2', '{"p": "•••"}')
        """
        return self._text.sub(MASK, text) if self._text else text

    def data(self, data: bytes) -> bytes:
        """Like `text`, over UTF-8 or any encoding that keeps ASCII."""
        return self._data.sub(MASK.encode(), data) if self._data else data

    def archive(self, source: Path, target: Path) -> None:
        """Copy the Playwright trace `source` to `target` without secrets, cookies or authorisation headers."""
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.infolist():
                data = old.read(entry)
                if entry.filename.endswith(_HAR_LINES):
                    data = _mask_json_lines(data)
                if not entry.filename.endswith(_BINARY):
                    data = self.data(data)
                new.writestr(entry.filename, data)

    def har(self, source: Path, target: Path) -> None:
        """Copy a HAR file without secrets, cookies or authorisation headers."""
        document = json.loads(source.read_text(encoding="utf-8"))
        _mask_headers(document)
        target.write_text(self.text(json.dumps(document, ensure_ascii=False)), encoding="utf-8")


def _spellings(value: str) -> tuple[str, str]:
    """Patterns of `value`: each character raw or escaped as URL, HTML or JSON (at any depth) may do; and in base64."""
    return "".join(_spelling(character) for character in value), re.escape(base64.b64encode(value.encode()).decode())


def _spelling(character: str) -> str:
    code = ord(character)
    escaped = re.escape(character)
    forms = [
        rf"\\*{escaped}",
        "".join(f"%(?i:{byte:02x})" for byte in character.encode()),
        rf"\\+u(?i:{code:04x})",
        rf"&#0*{code};",
        f"&#(?i:x0*{code:x});",
    ]
    named = html.entities.codepoint2name.get(code)
    if named:
        forms.append(f"&{named};")
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


def _mask_json_lines(data: bytes) -> bytes:
    lines = []
    for line in data.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            lines.append(line)
            continue
        _mask_headers(document)
        lines.append(json.dumps(document, ensure_ascii=False).encode())
    return b"\n".join(lines)


def _mask_headers(node: Any) -> None:
    """Blot out the value of every sensitive header and every cookie, in place, at any depth of a HAR."""
    for item in _dictionaries(node):
        if str(item.get("name", "")).lower() in _HEADERS and "value" in item:
            item["value"] = MASK
        for cookie in item.get("cookies") or ():
            if isinstance(cookie, dict) and "value" in cookie:
                cookie["value"] = MASK


def _dictionaries(node: Any) -> Iterable[dict[str, Any]]:
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            yield current
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)
