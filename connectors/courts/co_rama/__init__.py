"""Colombia: filing at the Rama Judicial; the number comes with the distribution. Proved against the test court only."""

from cobranza.legal.case import Person
from connectors.courts.portal import WebCourt
from connectors.courts.words import Words

WORDS = Words(
    slug="co_rama",
    first="Demanda",
    amendment="Subsanación de demanda devuelta",
    province="Departamento",
    locality="Ciudad",
    organ="Despacho u oficina de reparto",
    receipt="Constancia de radicación",
    proceedings={"monitorio": "MON", "ejecutivo": "EJE", "verbal": "VER"},
    ids={Person.LEGAL: "NIT", Person.NATURAL: "CC"},
    copy="Declaro que he enviado copia de la demanda y sus anexos al correo del demandado",
    certificate="",
)

ADAPTER = WebCourt(WORDS)
