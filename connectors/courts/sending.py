"""Signing and sending: the one act that cannot be repeated, and what the answer to it is worth."""

from __future__ import annotations

from cobranza.kernel.errors import CobranzaError
from cobranza.legal.ports import AccessRefused, FilingRefused, Objection, Receipt, SubmitUncertain
from connectors.courts import trays, words
from connectors.courts.desk import Desk
from connectors.courts.errors import objections, refuse, unknown
from connectors.courts.pages import Page

_SIGN, _SEND, _SIGNERS, _TRAY = "Firma", "Envío", "Firmantes", "Bandeja de firma"
_SENT_ALREADY = "ENV-12"


def submit(desk: Desk, draft: str) -> Receipt:
    """See `CourtSession.submit`. Until «Enviar» is pressed every failure is surely no filing."""
    try:
        _ready_to_send(desk, draft)
    except FilingRefused:
        raise
    except AccessRefused as exc:
        raise FilingRefused(exc.message, [Objection(code="certificado", text=exc.message)]) from exc
    page = _send(desk)
    return _receipt(desk, page)


def _ready_to_send(desk: Desk, draft: str) -> None:
    """Sign, unless it is signed already, and stand before the button."""
    step = "firmantes" if desk.words.signers else "firma"
    page = desk.open(f"borradores/{draft}/{step}", _SIGNERS, _SIGN, doing="abrir la firma")
    if page.heading == _SIGNERS:
        page = desk.press("Enviar a la bandeja de firma", _SIGN, _SIGNERS, doing="pasar a la firma")
        refuse(page, "Firmantes")
    page = _sign(desk)
    refuse(page, "Firma")
    if page.heading == _TRAY:
        text = "Faltan firmas de otras personas; el envío espera en la bandeja de firma del portal."
        raise FilingRefused("No está firmado por todos.", [Objection(code="firma", text=text)])
    if page.heading != _SEND:
        raise unknown(page, "firmar", _SEND)


def _sign(desk: Desk) -> Page:
    entry, surface = desk.entry, desk.surface
    with surface.private():
        if desk.words.pfx:
            secret = entry.secret(entry.clave_certificado)
            if secret is None or not entry.certificado:
                raise AccessRefused("Falta «certificado» o «clave_certificado» para firmar en este portal.")
            surface.attach("Archivo .pfx de la FIREL", "firel.pfx", entry.certificate(), "application/x-pkcs12")
            surface.secret("Contraseña de la FIREL", secret)
        else:
            pin = entry.secret(entry.pin)
            if pin is None:
                raise AccessRefused("Falta «pin» para firmar en este portal.")
            surface.secret("Clave de firma", pin)
        return desk.press("Firmar", _SEND, _TRAY, _SIGN, doing="firmar")


def _send(desk: Desk) -> Page:
    """Press the button. From here on only the portal's own words that it did not register mean that it did not."""
    try:
        page = desk.press("Enviar", desk.words.receipt, _SEND, doing="enviar")
    except CobranzaError as exc:
        raise SubmitUncertain(f"Se pulsó «Enviar» y no llegó el acuse: {exc.message}") from exc
    if page.dialog == words.DUPLICATE:
        desk.surface.note("posible duplicado: se cancela el envío")
        raise FilingRefused(
            "El portal avisa de un posible duplicado.",
            [Objection(code="duplicado", text=_dialog(page))],
        )
    if page.heading == _SEND:
        if any(each.code == _SENT_ALREADY for each in page.reasons):
            raise SubmitUncertain("El portal dice que este borrador ya se había enviado.")
        if page.reasons:
            raise FilingRefused("El portal no lo ha registrado.", objections(page.reasons))
        raise SubmitUncertain("Tras enviar, el portal enseña la misma página sin decir nada.")
    return page


def _receipt(desk: Desk, page: Page) -> Receipt:
    try:
        return trays.receipt_of(desk, page)
    except CobranzaError as exc:
        raise SubmitUncertain(f"Se envió y el acuse no se puede leer: {exc.message}") from exc


def _dialog(page: Page) -> str:
    found = page.tree.xpath("//*[@role='dialog']//p")
    return " ".join("".join(each.itertext()).strip() for each in found) or page.dialog
