"""Who signed a PDF and whether the signatures still cover it. Reading only: trust is for whoever judges the case."""

from __future__ import annotations

from pathlib import Path

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext


def read(file: Path) -> tuple[tuple[str, ...], bool]:
    """The signers' names in order, and whether every signature is intact.

    Nothing is fetched from a network, and no certificate is trusted: a self-made one reads as well as a notary's.
    """
    names: list[str] = []
    intact = True
    with file.open("rb") as source:
        try:
            reader = PdfFileReader(source, strict=False)
            signatures = list(reader.embedded_signatures)
        except (PdfError, ValueError, KeyError, TypeError, OSError):
            return (), False
        for each in signatures:
            context = ValidationContext(trust_roots=[], allow_fetching=False)
            try:
                names.append(
                    each.signer_cert.subject.native.get("common_name") or each.signer_cert.subject.human_friendly
                )
                stamp = each.sig_object.get("/Type") == "/DocTimeStamp"
                status = validate_pdf_timestamp(each, context) if stamp else validate_pdf_signature(each, context)
                intact = intact and bool(status.intact and status.valid)
            except (PdfError, SignatureValidationError, SigningError, ValueError, KeyError, TypeError, AttributeError):
                intact = False
    return tuple(names), intact and bool(signatures)
