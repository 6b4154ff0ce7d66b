"""Papers of an invented claim, as real PDF files."""

from __future__ import annotations

import io

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas


def pdf(title: str, *lines: str) -> bytes:
    """One page of text."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, invariant=True)
    canvas.setTitle(title)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(72, 760, title)
    canvas.setFont("Helvetica", 11)
    for place, line in enumerate(lines):
        canvas.drawString(72, 720 - 18 * place, line)
    canvas.showPage()
    canvas.save()
    return target.getvalue()
