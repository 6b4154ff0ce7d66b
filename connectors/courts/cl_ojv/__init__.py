"""Chile: Oficina Judicial Virtual (Ley 20.886), with its tray of signatures; proved against the test court only."""

from cobranza.legal.case import Person
from connectors.courts.portal import WebCourt
from connectors.courts.words import Words

WORDS = Words(
    slug="cl_ojv",
    first="Ingresar demanda o recurso",
    amendment="Corregir un envío rechazado",
    province="Corte",
    locality="Jurisdicción",
    organ="Tribunal",
    receipt="Certificado de envío de causa",
    proceedings={"ejecutivo": "EJO", "gestion_preparatoria": "GPV", "ordinario": "ORD"},
    ids={Person.LEGAL: "RUT", Person.NATURAL: "RUT"},
    signers=True,
)

ADAPTER = WebCourt(WORDS)
