"""What a page means when it is not the one that was asked for, and the portal's reasons in our words."""

from __future__ import annotations

from collections.abc import Iterable

from cobranza.kernel.errors import CobranzaError
from cobranza.legal.ports import (
    CaptchaShown,
    FilingRefused,
    Objection,
    PortalChanged,
    PortalDown,
    SessionLost,
)
from connectors.courts import words
from connectors.courts.pages import Page, Reason

# The portal's codes in ours; what is not here keeps the portal's.
_CODES = {
    "DOC-01": "vacio", "DOC-02": "tamano_fichero", "DOC-03": "nombre", "DOC-04": "nombre", "DOC-05": "formato",
    "DOC-06": "formato", "DOC-07": "repetido", "DOC-08": "repetido", "DOC-09": "numero_ficheros",
    "DOC-10": "tamano_envio", "DOC-11": "cifrado", "DOC-12": "danado", "DOC-13": "activo", "DOC-14": "version_pdf",
    "DOC-15": "pdfa", "DOC-16": "sin_firmar", "DOC-17": "combinado", "DOC-18": "tamano_imagen", "DOC-19": "color",
    "DOC-20": "sin_texto", "DOC-21": "resolucion", "DOC-30": "catalogo", "DOC-34": "identificador",
    "ORG-02": "organo_sin_sede", "ORG-03": "organo_cerrado", "ENV-09": "organo_cerrado", "ENV-10": "duplicado",
    "ENV-02": "sin_escrito", "ENV-03": "sin_anexos", "ENV-04": "catalogo", "ENV-05": "antivirus", "ENV-06": "virus",
    "ENV-07": "copia_demandado", "ENV-08": "firma", "ENV-11": "firma", "INT-05": "nif", "INT-06": "domicilio",
    "INT-07": "correo_demandado", "PRO-04": "importe_maximo", "IDE-01": "identificador", "IDE-02": "identificador",
    "FIR-03": "certificado", "FIR-04": "firma", "FIR-05": "firma", "FIR-06": "firma", "EXT-01": "campo_nuevo",
}  # fmt: skip
# A field that we did not fill because we do not know it: the page has changed, the claim is not at fault.
_PAGE_CHANGED = frozenset({"campo_nuevo"})


def objections(reasons: Iterable[Reason], file: str = "") -> tuple[Objection, ...]:
    """The portal's reasons as objections.

    >>> objections([Reason(code="DOC-02", text="El fichero ocupa 20 MB.")], "anexo.pdf")[0].code
    'tamano_fichero'
    """
    return tuple(
        Objection(code=_CODES.get(each.code, each.code.lower() or "rechazado"), text=each.text, file=file)
        for each in reasons
    )


def refuse(page: Page, what: str, file: str = "") -> None:
    """Raise what the reasons on a page mean; nothing when it gives none.

    Raises:
        FilingRefused: the portal does not take it.
        PortalChanged: it asks for something that we do not know.
    """
    found = objections(page.reasons, file)
    if any(each.code in _PAGE_CHANGED for each in found):
        raise PortalChanged(f"{what}: el portal pide un dato nuevo: {found[0].text}")
    if found:
        raise FilingRefused(f"{what}: el portal no lo admite.", found)


def stray(page: Page) -> CobranzaError | None:
    """The error that a page stands for which shows up in place of any other; None for a page of the work."""
    heading = page.heading
    if heading == words.CAPTCHA:
        return CaptchaShown("El portal pide una comprobación de que hay una persona.")
    if heading == words.MAINTENANCE:
        return PortalDown("El portal está en mantenimiento.")
    if heading in (words.LOGIN, words.CODE, words.MAILBOX):
        return SessionLost(f"El portal pide entrar otra vez. {' '.join(page.alerts)}".strip())
    if heading in words.FAULTS:
        return PortalDown(f"El portal responde con un error suyo: «{heading}».")
    if heading == words.TOO_BIG:
        return FilingRefused(
            "El portal no admite un fichero de ese tamaño.", [Objection(code="tamano_fichero", text=heading)]
        )
    return None


def unknown(page: Page, doing: str, wanted: str) -> PortalChanged:
    """The error for a page that nobody knows."""
    return PortalChanged(f"Al {doing} se esperaba «{wanted}» y el portal enseña «{page.heading or 'nada'}».")
