"""The way in: password and one-time code, or a certificate; the mailbox; and who must act when it fails."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyotp

from cobranza.kernel.spanish import plain
from cobranza.legal.ports import AccessRefused, PortalChanged, PortalDown
from connectors.courts import words
from connectors.courts.desk import Desk
from connectors.courts.pages import Page, labels, near

_USED = "ya se ha utilizado"
_HALF_MINUTE = 30
_BUSY = 1.0


def enter(desk: Desk, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Log in, up to the portal's home.

    Raises:
        AccessRefused: user, password, code or certificate are not taken. Never tried twice with the same.
        PortalDown, CaptchaShown, PortalChanged: see `CourtPortal.session`.
    """
    page = desk.open("acceso", words.LOGIN, words.HOME, words.MAILBOX, words.CODE, doing="entrar en el portal")
    if page.heading == words.LOGIN:
        page = _certificate(desk) if desk.entry.certificado and desk.words.certificate else _password(desk)
    if page.heading == words.CODE:
        page = _code(desk, sleep)
    if page.heading == words.MAILBOX:
        page = _mailbox(desk, page)
    if page.heading != words.HOME:
        raise PortalChanged(f"Tras entrar se esperaba «{words.HOME}» y el portal enseña «{page.heading}».")


def leave(desk: Desk) -> None:
    """Log out."""
    desk.surface.press("Cerrar sesión")


def _password(desk: Desk) -> Page:
    entry = desk.entry
    secret = entry.secret(entry.clave)
    if secret is None:
        raise AccessRefused("No hay clave para este portal en config/courts.toml.")
    surface = desk.surface
    with surface.private():
        surface.fill("Usuario", entry.user())
        surface.secret("Contraseña", secret)
        page = desk.press("Entrar", words.CODE, words.MAILBOX, words.LOGIN, doing="enviar usuario y clave")
    if page.heading == words.LOGIN:
        _refused(page, "El portal no admite el usuario o la clave.")
    return page


def _code(desk: Desk, sleep: Callable[[float], None]) -> Page:
    secret = desk.entry.secret(desk.entry.totp)
    if secret is None:
        raise AccessRefused("El portal pide un código de un solo uso y no hay «totp» en config/courts.toml.")
    generator = pyotp.TOTP(secret.reveal())
    used = generator.now()
    page = _try(desk, used)
    if page.heading == words.CODE and any(_USED in each for each in page.alerts):
        # Another run took the code of this half minute; the next one is tried once.
        for _ in range(_HALF_MINUTE + 1):
            if generator.now() != used:
                break
            sleep(_BUSY)
        page = _try(desk, generator.now())
    if page.heading in (words.CODE, words.LOGIN):
        _refused(page, "El portal no admite el código de un solo uso.")
    return page


def _try(desk: Desk, code: str) -> Page:
    with desk.surface.private():
        desk.surface.secret("Código de verificación", code)
        return desk.press("Verificar", words.MAILBOX, words.CODE, words.LOGIN, doing="enviar el código")


def _certificate(desk: Desk) -> Page:
    page = desk.now
    address = page.links.get(desk.words.certificate)
    if address is None:
        told = near([desk.words.certificate], list(page.links))
        raise PortalChanged(f"En la entrada no está «{desk.words.certificate}»; {told}.")
    page = desk.open(address, words.MAILBOX, words.LOGIN, doing="entrar con certificado")
    if page.heading == words.LOGIN:
        _refused(page, "El portal no admite el certificado.")
    return page


def _mailbox(desk: Desk, page: Page) -> Page:
    wanted = desk.entry.buzon
    if wanted:
        boxes = [label for label in _boxes(page) if plain(label) == plain(wanted) or plain(wanted) in plain(label)]
        if len(boxes) != 1:
            raise PortalChanged(f"No hay un buzón «{wanted}»; {near([wanted], list(_boxes(page)))}.")
        desk.surface.tick(boxes[0])
    return desk.press("Continuar", words.HOME, doing="elegir buzón")


def _boxes(page: Page) -> tuple[str, ...]:
    return tuple(text for text, field in labels(page.tree) if field.get("type") == "radio")


def _refused(page: Page, otherwise: str) -> None:
    said = " ".join(page.alerts)
    if "caducado. Vuelva a identificarse" in said:
        raise PortalDown("El portal ha olvidado la sesión mientras se entraba.")
    raise AccessRefused(said or otherwise)
