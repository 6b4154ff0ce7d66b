"""Runs alone: reads a PDF from standard input and writes its words, line by line, as JSON. Imports nothing of ours.

Positions are in characters of the page's average width, so that "two spaces" means the same in every font size.
Answers ``{"pages": [[[[left, right, text], …], …], …]}`` or ``{"error": reason}``.
"""

from __future__ import annotations

import io
import json
import sys
from statistics import median
from typing import Any

_MAX_CHARS = 400_000
_FEW = 20


def _limit(cpu_seconds: int, memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's time-out still holds
        return
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told))


def _chars(item: Any, found: list[tuple[float, float, float, float, str]]) -> int:
    """Collect the characters of a page, whatever boxes they are in; returns how many pictures there are."""
    from pdfminer.layout import LTChar, LTFigure, LTImage

    pictures = 0
    for part in item:
        if isinstance(part, LTChar):
            found.append((part.x0, part.x1, part.y0, part.y1, part.get_text()))
        elif isinstance(part, LTImage):
            pictures += 1
        elif isinstance(part, LTFigure):
            pictures += _chars(part, found)
    return pictures


def _lines(chars: list[tuple[float, float, float, float, str]]) -> list[list[list[Any]]]:
    inked = [char for char in chars if char[4].strip()]
    if not inked:
        return []
    unit = median(x1 - x0 for x0, x1, *_ in inked) or 1.0
    inked.sort(key=lambda char: (-(char[2] + char[3]) / 2, char[0]))
    rows: list[list[tuple[float, float, float, float, str]]] = []
    for char in inked:
        middle = (char[2] + char[3]) / 2
        if rows:
            first = rows[-1][0]
            height = min(first[3] - first[2], char[3] - char[2]) or 1.0
            if abs((first[2] + first[3]) / 2 - middle) < 0.5 * height:
                rows[-1].append(char)
                continue
        rows.append([char])
    return [_words(sorted(row), unit) for row in rows]


def _words(row: list[tuple[float, float, float, float, str]], unit: float) -> list[list[Any]]:
    words: list[list[Any]] = []
    last: tuple[float, float, float, float, str] | None = None
    for char in row:
        x0, x1, y0, y1, text = char
        if last is not None and text == last[4] and abs(x0 - last[0]) < 0.15 * (x1 - x0):
            continue  # bold made by printing twice
        if last is not None and x0 - last[1] < 0.18 * (y1 - y0) * 0.8:
            words[-1][1] = x1 / unit
            words[-1][2] += text
        else:
            words.append([x0 / unit, x1 / unit, text])
        last = char
    return [[round(left, 2), round(right, 2), text[:500]] for left, right, text in words]


def main() -> None:
    """See the module."""
    _limit(int(sys.argv[1]), int(sys.argv[2]))
    most = int(sys.argv[3])
    raw = sys.stdin.buffer.read()
    import logging

    logging.disable(logging.CRITICAL)
    from pdfminer.converter import PDFPageAggregator
    from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFPasswordIncorrect
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser

    if b"%%EOF" not in raw[-2048:]:
        _answer({"error": "damaged"})
        return
    try:
        document = PDFDocument(PDFParser(io.BytesIO(raw)), fallback=False)
        manager = PDFResourceManager()
        device = PDFPageAggregator(manager, laparams=None)
        interpreter = PDFPageInterpreter(manager, device)
        pages = []
        total = pictures = 0
        for number, page in enumerate(PDFPage.create_pages(document)):
            if number >= most:
                _answer({"error": "pages"})
                return
            interpreter.process_page(page)
            chars: list[tuple[float, float, float, float, str]] = []
            pictures += _chars(device.get_result(), chars)
            total += len(chars)
            if total > _MAX_CHARS:
                _answer({"error": "chars"})
                return
            pages.append(_lines(chars))
    except (PDFPasswordIncorrect, PDFEncryptionError):
        _answer({"error": "encrypted"})
        return
    # whatever else a hostile file breaks ends this process, and the parent calls it damaged
    if total < _FEW:
        _answer({"error": "images" if pictures else "empty"})
        return
    _answer({"pages": pages})


if __name__ == "__main__":
    main()
