"""What the fields of the wizard are called and in which order they stand; F9 changes it between two visits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cobranza.demo.court.profiles import DocumentType, Profile

LABELS = {
    "provincia": "Provincia",
    "localidad": "Localidad",
    "organo": "Órgano",
    "urgente": "Urgente",
    "procedimiento": "Tipo de procedimiento",
    "cuantia": "Cuantía",
    "indeterminada": "Cuantía indeterminada",
    "asunto": "Asunto",
    "referencia": "Referencia interna",
    "casilla": "Casilla electrónica",
    "numero": "Número de procedimiento",
    "calidad": "Calidad",
    "persona": "Tipo de persona",
    "tipo_documento": "Tipo de identificación",
    "numero_documento": "Número de identificación",
    "nombre": "Nombre o razón social",
    "domicilio": "Domicilio",
    "correo": "Correo electrónico",
    "representante": "Representante",
    "letrado": "Abogado o procurador",
    "tipo_documental": "Tipo de documento",
    "descripcion": "Descripción",
    "orden": "Orden",
    "fichero": "Fichero",
    "extra": "Clase de reparto",
}
_OTHER = {
    "provincia": "Territorio",
    "localidad": "Demarcación",
    "organo": "Destino del escrito",
    "procedimiento": "Clase de asunto",
    "cuantia": "Importe reclamado",
    "asunto": "Objeto",
    "referencia": "Su referencia",
    "calidad": "Intervención",
    "numero_documento": "Documento n.º",
    "nombre": "Interviniente",
    "domicilio": "Dirección a efectos de notificaciones",
    "tipo_documental": "Clase documental",
    "descripcion": "Título del documento",
    "fichero": "Seleccione archivo",
}
_WORDS = {"provincia": "province", "localidad": "locality", "organo": "organ", "asunto": "subject"}


class Design:
    """The fields of one page as one visitor sees them.

    Args:
        profile: The portal.
        mode: "" or a mode of F9: labels, ids, order, extra_field, catalogue.
    """

    def __init__(self, profile: Profile, mode: str = "") -> None:
        self.profile, self.mode = profile, mode

    def label(self, key: str) -> str:
        """What the page calls a field.

        >>> from cobranza.demo.court import profiles
        >>> Design(profiles.load("es_lexnet")).label("organo")
        'Órgano destinatario'
        """
        if self.mode == "labels" and key in _OTHER:
            return _OTHER[key]
        return self.profile.words.get(_WORDS.get(key, ""), LABELS[key])

    def name(self, key: str) -> str:
        """What the form calls it, and its id."""
        if self.mode != "ids":
            return key
        return "f" + hashlib.sha256(f"ids:{key}".encode()).hexdigest()[:6]

    def order(self, *keys: str) -> Sequence[str]:
        """The fields of a form in the order of the page."""
        found = [*keys, "extra"] if self.mode == "extra_field" else list(keys)
        return found[::-1] if self.mode == "order" else found

    def catalogue(self) -> list[DocumentType]:
        """The catalogue of documents as offered."""
        if self.mode != "catalogue":
            return list(self.profile.catalogue)
        return [
            entry.model_copy(update={"code": f"N{number:02d}", "label": f"{number:02d} · {entry.label.split()[0]}"})
            for number, entry in enumerate(self.profile.catalogue, 1)
        ]

    def type_code(self, shown: str) -> str:
        """The catalogue's own code for the one that the page showed."""
        codes = {
            offered.code: entry.code for offered, entry in zip(self.catalogue(), self.profile.catalogue, strict=True)
        }
        return codes.get(shown, "")
