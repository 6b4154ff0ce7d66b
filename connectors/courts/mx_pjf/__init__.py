"""Mexico: portal of the federal judiciary, signed with the .pfx of the FIREL; proved against the test court only."""

from cobranza.legal.case import Person
from connectors.courts.portal import WebCourt
from connectors.courts.words import Words

WORDS = Words(
    slug="mx_pjf",
    first="Demanda",
    amendment="Desahogo de prevención",
    province="Circuito",
    locality="Ciudad",
    organ="Oficialía de partes",
    receipt="Acuse electrónico de recepción",
    proceedings={"ejecutivo": "EJM", "ejecutivo_mercantil": "EJM", "ejecutivo_oral": "EJO", "oral_mercantil": "ORM"},
    ids={Person.LEGAL: "RFC", Person.NATURAL: "RFC"},
    pfx=True,
    certificate="",
)

ADAPTER = WebCourt(WORDS)
