"""Argentina, Mendoza: MEED. First an identifier, which the writ quotes; proved against the test court only."""

from cobranza.legal.case import Person
from connectors.courts.portal import WebCourt
from connectors.courts.words import Words

WORDS = Words(
    slug="ar_meed",
    first="Ingreso de causa",
    amendment="Corrección de presentación rechazada",
    province="Circunscripción",
    locality="Ciudad",
    organ="Organismo",
    receipt="Constancia de presentación electrónica",
    proceedings={"ejecutivo": "EJE", "monitorio": "MON", "conocimiento": "CON"},
    ids={Person.LEGAL: "CUIT", Person.NATURAL: "CUIT"},
    identifier=True,
)

ADAPTER = WebCourt(WORDS)
