"""What one court's portal calls things: the only part that differs between portals with the same way of working."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cobranza.legal.case import Party, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A portal's words and codes.

    Attributes:
        slug: Of the court, as its folder is called.
        first: Kind of writ that opens a case.
        amendment: Kind of writ that corrects a rejected one.
        province: Label of the first list of the organ.
        locality: Of the second.
        organ: Of the third.
        subject: Label of the subject.
        receipt: Heading of the page after sending.
        proceedings: Our slug → the portal's code.
        ids: Kind of person → the portal's code for its tax number.
        own_ids: Country of a party → code for its tax number, where it is not the court's own.
        reference: The portal has a field for our reference.
        reference_longest: Characters of it.
        box: Label of the number of our mailbox that the portal asks for, "" when it does not.
        identifier: An identifier comes first, and the writ quotes it.
        signers: The filing waits in a tray until all have signed.
        pfx: The signature is a file with a password, not a PIN.
        copy: Declaration that a copy was sent to the debtor, "" when none is asked for.
        certificate: Label of the link to log in with a certificate, "" when there is none.
    """

    slug: str
    first: str
    amendment: str
    province: str = "Provincia"
    locality: str = "Localidad"
    organ: str = "Órgano"
    subject: str = "Asunto"
    receipt: str
    proceedings: Mapping[str, str]
    ids: Mapping[Person, str]
    own_ids: Mapping[str, str] = field(default_factory=dict)
    reference: bool = True
    reference_longest: int = 40
    box: str = ""
    identifier: bool = False
    signers: bool = False
    pfx: bool = False
    copy: str = ""
    certificate: str = "Acceder con certificado electrónico"

    def id_kind(self, party: Party) -> str:
        """The portal's code for a party's tax number."""
        if party.country in self.own_ids:
            return self.own_ids[party.country]
        return self.ids[party.person]


OVERLAYS = {"Aviso de cookies": "Rechazar", "Encuesta de satisfacción": "Ahora no"}
"""Dialogs that may come to lie over any page, and the button that takes them away."""

DUPLICATE = "Posible presentación duplicada"
CANCEL = "Cancelar el envío"

LOGIN = "Acceso"
CODE = "Verificación en dos pasos"
MAILBOX = "Elija buzón"
HOME = "Inicio"
CAPTCHA = "Comprobación de seguridad"
MAINTENANCE = "Servicio no disponible por mantenimiento"
NOT_THERE = "Página no encontrada"
TOO_BIG = "Fichero demasiado grande"
FAULTS = (
    "Se ha producido un error",
    "El servidor ha tardado demasiado",
    "No se puede mostrar la lista",
    "Página caducada",
)
