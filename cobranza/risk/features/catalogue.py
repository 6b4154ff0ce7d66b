"""Every feature of a debtor, once; see `Feature` for what is said of each.

A feature is a statistic, never money: amounts enter as float64 and leave as shares and ratios. `sense` is what a model
may learn at most: +1, more of it never lowers the chance of being paid; -1, never raises it; 0, either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cobranza.risk.features.feature import Feature

# fmt: off
_ALL: Final = (
    Feature(
        name="tenure", title="Antigüedad", unit="días", source="facturas", sense=0, log=True,
        good="Es cliente desde hace {}.",
        bad="Solo es cliente desde hace {}.",
        none="Todavía no se le ha facturado.",
    ),
    Feature(
        name="invoices_year", title="Facturas del último año", unit="n.º", source="facturas", sense=0, log=True,
        good="Compra con regularidad: {} facturas en el último año.",
        bad="Facturas en el último año: {}.",
    ),
    Feature(
        name="billed_year", title="Facturado en el último año", unit="importe", source="facturas", sense=0, log=True,
        good="Facturado en el último año: {}.",
        bad="Facturado en el último año: {}.",
    ),
    Feature(
        name="terms", title="Plazo de pago", unit="días", source="facturas", sense=0,
        good="Plazo de pago de {}.",
        bad="Plazo de pago largo: {}.",
        none="Todavía no se le ha facturado.",
    ),
    Feature(
        name="open_count", title="Facturas pendientes", unit="n.º", source="cobros", sense=0, log=True,
        good="Facturas pendientes: {}.",
        bad="Acumula {} facturas pendientes.",
    ),
    Feature(
        name="overdue_count", title="Facturas vencidas", unit="n.º", source="cobros", sense=-1, log=True,
        good="Facturas vencidas sin pagar: {}.",
        bad="Tiene {} facturas vencidas sin pagar.",
    ),
    Feature(
        name="overdue_share", title="Parte vencida de lo pendiente", unit="%", source="cobros", sense=-1,
        good="Solo está vencido el {} de lo pendiente.",
        bad="Está vencido el {} de lo pendiente.",
        none="No tiene nada pendiente.",
    ),
    Feature(
        name="overdue_days", title="Días de la vencida más antigua", unit="días", source="cobros", sense=-1, log=True,
        good="La vencida más antigua lleva solo {}.",
        bad="La factura vencida más antigua lleva {}.",
        none="No tiene nada vencido.",
    ),
    Feature(
        name="overdue_age", title="Antigüedad media de lo vencido", unit="días", source="cobros", sense=-1, log=True,
        good="Lo vencido lleva de media solo {}.",
        bad="Lo vencido lleva de media {} sin pagar.",
        none="No tiene nada vencido.",
    ),
    Feature(
        name="overdue_months", title="Meses facturados y vencidos", unit="veces", source="cobros", sense=-1, log=True,
        good="Lo vencido es poco: {} su facturación mensual.",
        bad="Lo vencido es {} su facturación mensual.",
        none="No se le ha facturado en el último año.",
    ),
    Feature(
        name="paid_count", title="Facturas ya pagadas", unit="n.º", source="cobros", sense=1, log=True,
        good="Ha pagado {} facturas.",
        bad="Solo ha pagado {} facturas.",
    ),
    Feature(
        name="late_share", title="Facturas pagadas tarde", unit="%", source="cobros", sense=-1,
        good="Paga a su vencimiento casi siempre: tarde, el {}.",
        bad="Paga tarde el {} de sus facturas.",
        none="No ha vencido ninguna factura suya.",
    ),
    Feature(
        name="late_recent", title="Facturas tarde, lo reciente pesa más", unit="%", source="cobros", sense=-1,
        good="Últimamente paga tarde solo el {}.",
        bad="Últimamente paga tarde el {} de sus facturas.",
        none="No ha vencido ninguna factura suya.",
    ),
    Feature(
        name="late30_share", title="Facturas con más de 30 días de retraso", unit="%", source="cobros", sense=-1,
        good="Con más de 30 días de retraso, solo el {}.",
        bad="El {} de sus facturas pasó de 30 días de retraso.",
        none="No ha vencido ninguna factura suya.",
    ),
    Feature(
        name="delay_mean", title="Retraso medio", unit="días", source="cobros", sense=-1,
        good="Retraso medio de {}.",
        bad="Retraso medio de {}.",
        none="No ha pagado ninguna factura.",
    ),
    Feature(
        name="delay_recent", title="Retraso medio, lo reciente pesa más", unit="días", source="cobros", sense=-1,
        good="Su retraso reciente es de {}.",
        bad="Su retraso reciente es de {}.",
        none="No ha pagado ninguna factura.",
    ),
    Feature(
        name="delay_trend", title="Cambio del retraso", unit="días", source="cobros", sense=-1,
        good="Su retraso no aumenta (cambio: {}).",
        bad="Su retraso ha crecido {}.",
        none="Ha pagado muy pocas facturas.",
    ),
    Feature(
        name="delay_last", title="Retraso de la última pagada", unit="días", source="cobros", sense=-1,
        good="La última factura la pagó con {} de retraso.",
        bad="La última factura la pagó con {} de retraso.",
        none="No ha pagado ninguna factura.",
    ),
    Feature(
        name="delay_last3", title="Retraso de las tres últimas", unit="días", source="cobros", sense=-1,
        good="Las tres últimas las pagó con {} de retraso medio.",
        bad="Las tres últimas las pagó con {} de retraso medio.",
        none="No ha pagado ninguna factura.",
    ),
    Feature(
        name="delay_spread", title="Irregularidad del retraso", unit="días", source="cobros", sense=0,
        good="Paga con regularidad (desviación: {}).",
        bad="Paga de forma irregular (desviación: {}).",
        none="Ha pagado muy pocas facturas.",
    ),
    Feature(
        name="beyond_terms", title="Días más allá del plazo, por importe", unit="días", source="cobros", sense=-1,
        good="Se pasa del plazo solo {} por importe.",
        bad="Se pasa del plazo {} de media por importe.",
        none="No ha pagado ninguna factura en el último año.",
    ),
    Feature(
        name="worst_year", title="Peor retraso del último año", unit="días", source="cobros", sense=-1,
        good="Su peor retraso del año fue de {}.",
        bad="Su peor retraso del año fue de {}.",
        none="No ha vencido ninguna factura suya en el último año.",
    ),
    Feature(
        name="paid_days_ago", title="Días desde su último pago", unit="días", source="cobros", sense=-1, log=True,
        good="Su último pago fue hace {}.",
        bad="No paga nada desde hace {}.",
        none="No ha pagado nunca.",
    ),
    Feature(
        name="cured_days_ago", title="Último retraso largo saldado", unit="días", source="cobros", sense=1, log=True,
        good="El último retraso de más de 30 días lo saldó hace {}.",
        bad="Saldó hace solo {} un retraso de más de 30 días.",
        none="No ha saldado ningún retraso de más de 30 días.",
    ),
    Feature(
        name="partial_share", title="Facturas pagadas en varias veces", unit="%", source="cobros", sense=0,
        good="Paga en varias veces el {} de sus facturas.",
        bad="Paga en varias veces el {} de sus facturas.",
        none="No ha pagado ninguna factura en el último año.",
    ),
    Feature(
        name="returned_year", title="Recibos devueltos en el último año", unit="n.º", source="cobros", sense=-1,
        good="Recibos o pagos devueltos en el último año: {}.",
        bad="Se le devolvieron {} recibos o pagos en el último año.",
    ),
    Feature(
        name="new_account", title="Pagos recientes desde otra cuenta", unit="%", source="cobros", sense=0,
        good="Paga desde otra cuenta el {} de lo reciente.",
        bad="Ha cambiado de cuenta: el {} de los pagos recientes.",
        none="No ha pagado en los últimos 90 días o no había pagado antes.",
    ),
    Feature(
        name="new_method", title="Pagos recientes por otro medio", unit="%", source="cobros", sense=0,
        good="Paga por otro medio el {} de lo reciente.",
        bad="Ha cambiado de medio de pago: el {} de los pagos recientes.",
        none="No ha pagado en los últimos 90 días o no había pagado antes.",
    ),
    Feature(
        name="order_silence", title="Días sin comprar sobre lo habitual", unit="veces", source="facturas", sense=0,
        good="Sigue comprando a su ritmo ({} su intervalo habitual).",
        bad="Ha dejado de comprar: {} su intervalo habitual.",
        none="Compra muy poco para conocer su ritmo.",
    ),
    Feature(
        name="order_rhythm", title="Ritmo de compra sobre lo habitual", unit="veces", source="facturas", sense=0,
        good="Compra {} lo habitual.",
        bad="Su ritmo de compra ha cambiado: {} lo habitual.",
        none="Compra muy poco para conocer su ritmo.",
    ),
    Feature(
        name="amount_change", title="Importe de compra sobre lo habitual", unit="veces", source="facturas", sense=0,
        good="Compra por {} el importe habitual.",
        bad="Sus compras han cambiado: {} el importe habitual.",
        none="No ha comprado en los últimos 90 días o no había comprado antes.",
    ),
    Feature(
        name="credit_notes", title="Abonos sobre lo facturado", unit="%", source="facturas", sense=0,
        good="Abonos en el último año: {} de lo facturado.",
        bad="Se le abonó el {} de lo facturado en el último año.",
        none="No se le ha facturado en el último año.",
    ),
    Feature(
        name="disputes_year", title="Disputas del último año", unit="n.º", source="disputas", sense=-1,
        good="Disputas en el último año: {}.",
        bad="Abrió {} disputas en el último año.",
    ),
    Feature(
        name="disputed_share", title="Parte en disputa de lo pendiente", unit="%", source="disputas", sense=-1,
        good="En disputa está el {} de lo pendiente.",
        bad="Tiene en disputa el {} de lo pendiente.",
        none="No tiene nada pendiente.",
    ),
    Feature(
        name="kept_share", title="Acuerdos y promesas cumplidos", unit="%", source="acuerdos", sense=1,
        good="Cumplió el {} de sus acuerdos y promesas.",
        bad="Solo cumplió el {} de sus acuerdos y promesas.",
        none="Ningún acuerdo suyo ha terminado.",
    ),
    Feature(
        name="broken_two_years", title="Acuerdos incumplidos en dos años", unit="n.º", source="acuerdos", sense=-1,
        good="Acuerdos incumplidos en dos años: {}.",
        bad="Incumplió {} acuerdos en los dos últimos años.",
    ),
    Feature(
        name="broken_days_ago", title="Último incumplimiento", unit="días", source="acuerdos", sense=1, log=True,
        good="Su último incumplimiento queda lejos: hace {}.",
        bad="Incumplió un acuerdo hace {}.",
        none="No ha incumplido ningún acuerdo.",
    ),
    Feature(
        name="agreement_running", title="Con un acuerdo en curso", unit="sí/no", source="acuerdos", sense=0,
        good="Acuerdo en curso: {}.",
        bad="Acuerdo en curso: {}.",
    ),
    Feature(
        name="instalments_missed", title="Cuotas vencidas sin pagar", unit="n.º", source="acuerdos", sense=-1,
        good="Cuotas vencidas sin pagar: {}.",
        bad="Tiene {} cuotas de un acuerdo vencidas sin pagar.",
    ),
    Feature(
        name="answers_quarter", title="Mensajes suyos en 90 días", unit="n.º", source="conversación", sense=0, log=True,
        good="Contesta: {} mensajes en 90 días.",
        bad="Mensajes suyos en 90 días: {}.",
    ),
    Feature(
        name="unanswered", title="Avisos seguidos sin respuesta", unit="n.º", source="conversación", sense=-1, log=True,
        good="Avisos sin respuesta: {}.",
        bad="No ha contestado a los {} últimos avisos.",
    ),
    Feature(
        name="new_channel", title="Escribe por un canal nuevo", unit="sí/no", source="conversación", sense=0,
        good="Escribe por un canal nuevo: {}.",
        bad="Ha cambiado de canal de contacto: {}.",
        none="No ha escrito en 90 días o no había escrito antes.",
    ),
    Feature(
        name="limit_use", title="Uso del límite de crédito", unit="%", source="límites", sense=-1,
        good="Usa el {} de su límite de crédito.",
        bad="Usa el {} de su límite de crédito.",
        none="No consta su límite de crédito.",
    ),
    Feature(
        name="sector_arrears", title="Morosidad de su sector o país", unit="%", source="series", sense=-1,
        good="Morosidad de su sector: {}.",
        bad="La morosidad de su sector es del {}.",
        none="No hay serie de su sector ni de su país.",
    ),
    Feature(
        name="economy_change", title="Cambio de la serie económica en un año", unit="%", source="series", sense=0,
        good="Cambio de la economía de su sector en un año: {}.",
        bad="Cambio de la economía de su sector en un año: {}.",
        none="No hay serie de su sector ni de su país.",
    ),
    Feature(
        name="bureau_score", title="Puntuación de los informes externos", unit="puntos", source="informes", sense=1,
        good="Los informes externos le dan {} puntos de 100.",
        bad="Los informes externos solo le dan {} puntos de 100.",
        none="No hay informe externo.",
    ),
    Feature(
        name="bureau_incidents", title="Incidencias en informes externos", unit="n.º", source="informes", sense=-1,
        good="Incidencias en informes externos: {}.",
        bad="Constan {} incidencias en informes externos.",
        none="No hay informe externo.",
    ),
)
# fmt: on

CATALOGUE: Final[Mapping[str, Feature]] = MappingProxyType({feature.name: feature for feature in _ALL})
"""Features by name, in the order of the columns."""

NAMES: Final[tuple[str, ...]] = tuple(CATALOGUE)
