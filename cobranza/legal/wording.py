"""First words of a writ, by country and proceeding: the lawyer changes them; no figure stands in them.

Amounts live in the account alone, so that a text never contradicts it after a payment.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """Title of the debt, facts, grounds and petition, as paragraphs."""

    title: str
    facts: tuple[str, ...]
    grounds: tuple[str, ...]
    petition: tuple[str, ...]


_FACTS = (
    "Las partes mantienen una relación comercial en la que la demandante suministró lo que detallan las facturas que "
    "se acompañan.",
    "Las facturas relacionadas en la liquidación vencieron y no se han pagado, o no del todo. Los pagos recibidos "
    "están descontados en la fecha de cada uno.",
    "La demandante ha reclamado el pago de forma amistosa, según el acta de gestiones y los justificantes que se "
    "acompañan, sin resultado.",
)
_SPAIN = Wording(
    title="Facturas impagadas por el suministro de bienes o servicios",
    facts=_FACTS,
    grounds=(
        "Jurisdicción y competencia: artículos 36 y 813 de la LEC; es competente el tribunal del domicilio del deudor.",
        "Procedimiento: artículos 812 a 818 de la LEC; la deuda es dineraria, líquida, determinada, vencida y "
        "exigible, y consta en los documentos del artículo 812.",
        "Requisito de procedibilidad: artículo 5 de la LO 1/2025; consta el intento de solución previa.",
        "Fondo: artículos 1088, 1091, 1100, 1101 y 1108 del Código Civil y, entre empresas, la Ley 3/2004.",
    ),
    petition=(
        "Que se tenga por presentada esta petición con sus documentos y copias y se admita.",
        "Que se requiera de pago al deudor por la cantidad que resulta de la liquidación que se acompaña.",
        "Que, si no paga ni se opone en plazo, se dicte decreto que dé por terminado el proceso y se despache "
        "ejecución, con los intereses del artículo 576 de la LEC.",
    ),
)
_OTHERS = Wording(
    title="Facturas impagadas por el suministro de bienes o servicios",
    facts=_FACTS,
    grounds=("Los que el abogado indique según la ley del lugar.",),
    petition=(
        "Que se admita la demanda con sus documentos.",
        "Que se ordene al demandado pagar la cantidad que resulta de la liquidación que se acompaña.",
    ),
)


def of(country: str, proceeding: str) -> Wording:
    """The first words for a case."""
    return _SPAIN if country == "ES" and proceeding == "monitorio" else _OTHERS
