"""Small messages for the judge's tests; all invented."""

from __future__ import annotations

from typing import Any

from classifiers.disputes.example import Example

SAID = {
    "pago_ya_realizado": "Esa factura ya se la pagué por transferencia el día 4, les adjunto el comprobante del banco.",
    "producto_no_recibido": "Nunca llegaron las doce cajas del pedido; el transportista no entregó nada en el almacén.",
    "cargo_duplicado": "Me han cobrado dos veces la misma mensualidad, devuélvanme el recibo duplicado.",
    "concurso_o_insolvencia": "El juzgado ha declarado a la sociedad en concurso de acreedores; comuniquen su crédito.",
    "solicitud_plan_de_pago": "¿Me permitirían pagar la deuda en seis cuotas mensuales? No puedo de una sola vez.",
    "queja_por_trato": "Su gestor me insultó a gritos y llamó a mi jefe para contarle lo que debo. Es acoso.",
    "datos_personales_o_baja": "Ejerzo mi derecho de supresión conforme al RGPD: borren mis datos personales.",
}


def example(text: str, **more: Any) -> Example:
    """A message of a person."""
    return Example(subject=more.pop("subject", ""), text=text, **more)
