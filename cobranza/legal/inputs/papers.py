"""Everything that is no PDF: who makes a PDF of it, and the same end for all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cobranza.legal.inputs import pdf, pdfa
from cobranza.legal.inputs.cache import FILED
from cobranza.legal.inputs.verdict import State, Verdict, reject

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

_WAYS_OUT = {
    "application/x-ole-storage": "Ábralo con su programa (Word, Excel u Outlook antiguos) y guárdelo como PDF.",
    "application/rtf": "Ábralo con un procesador de textos y guárdelo como PDF o DOCX.",
    "application/zip": "Saque los documentos del ZIP y tráigalos uno por uno.",
    "image/heic": "Conviértalo en JPEG en el teléfono o en el ordenador.",
    "image/webp": "Conviértalo en PNG o JPEG.",
    "image/gif": "Conviértalo en PNG o JPEG.",
    "image/bmp": "Conviértalo en PNG o JPEG.",
}


def convert(job: Job) -> Verdict:
    """The verdict on a file that is no PDF, with its PDF in `out/`.

    Raises:
        Rejected: nobody takes that kind of file, or the file is broken or goes over a limit.
    """
    from cobranza.legal.inputs import conversion, sniff

    kind = sniff.kind_of(job.media_type)
    signed: pdf.Signatures | None = None
    if kind == "image":
        from cobranza.legal.inputs import images

        made = images.to_pdf(job, job.source)
    elif kind in ("text", "table", "html"):
        from cobranza.legal.inputs import texts

        made = texts.to_pdf(job, job.source)
    elif kind == "docx":
        from cobranza.legal.inputs import word

        made = word.to_pdf(job, job.source)
    elif kind == "mail":
        from cobranza.legal.inputs import mail

        made, signed = mail.to_pdf(job, job.source)
    elif kind == "xml":
        from cobranza.legal.inputs import invoices

        made, kind, signed = invoices.to_pdf(job, job.source)
    else:
        raise reject(
            "formato",
            f"No se admite este tipo de fichero ({job.media_type}).",
            _WAYS_OUT.get(job.media_type, "Guárdelo como PDF y tráigalo así."),
        )
    done = finish(job, made)
    return conversion.accepted(job, State.CONVERTED, done, kind=kind, signed=signed)


def finish(job: Job, made: Path) -> pdfa.Made:
    """Bring what was made to PDF/A, take out what has to be redacted, and put it where it belongs."""
    from cobranza.legal.inputs import conversion

    before = list(job.notes)
    done = pdfa.convert(job, made, pdf.inspect(made, job.limits))
    if done.untouched:
        copy = job.scratch()
        shutil.copyfile(done.file, copy)
        done.file, done.untouched = copy, False
    if any(each.code == "ocr" for each in before):
        done.ocr = done.pages
    done.method = "ocr" if done.ocr else "compuesto"
    if job.redact:
        from cobranza.legal.inputs import redaction

        done = redaction.redact(job, done)
    shutil.move(done.file, job.folder / "out" / FILED)
    return conversion.with_view(job, done)
