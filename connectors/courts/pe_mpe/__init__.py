"""Peru: Mesa de Partes Electrónica with the casilla of SINOE; proved against the test court only."""

from cobranza.legal.case import Person
from connectors.courts.portal import WebCourt
from connectors.courts.words import Words

WORDS = Words(
    slug="pe_mpe",
    first="Demanda y otros",
    amendment="Subsanación de escrito observado",
    province="Distrito judicial",
    locality="Sede",
    organ="Órgano jurisdiccional",
    subject="Materia",
    receipt="Cargo de ingreso de escrito",
    proceedings={"ejecutivo": "PUE", "abreviado": "ABR", "sumarisimo": "SUM"},
    ids={Person.LEGAL: "RUC", Person.NATURAL: "DNI"},
    reference=False,
    box="Casilla electrónica",
)

ADAPTER = WebCourt(WORDS)
