"""Spain: LexNET, as far as its manuals and RD 1065/2015 describe it; proved against the test court only.

What differs in production (labels, certificates in the browser, *Autofirma*) belongs into `WORDS` and `login`.
"""

from cobranza.legal.case import Person
from connectors.courts.portal import WebCourt
from connectors.courts.words import Words

WORDS = Words(
    slug="es_lexnet",
    first="Escrito iniciador de asunto",
    amendment="Subsanación de un escrito rechazado",
    locality="Partido judicial",
    organ="Órgano destinatario",
    receipt="Acuse de presentación",
    proceedings={
        "monitorio": "MON",
        "verbal": "VRB",
        "ordinario": "ORD",
        "cambiario": "CAM",
        "monitorio_europeo": "EPO",
    },
    ids={Person.LEGAL: "NIF", Person.NATURAL: "NIF"},
)

ADAPTER = WebCourt(WORDS)
