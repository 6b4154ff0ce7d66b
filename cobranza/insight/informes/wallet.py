"""Views of what is owed and what was paid."""

# ruff: noqa: E501, S608 - statements and their comments, all written here

from __future__ import annotations

from cobranza.insight.informes.view import DEBTOR, WHO, day, view

_ELSEWHERE_ON = f"{day('coalesce(i.vanished_at, i.created_at)')}"
"""The ERP does not say when somebody else settled a document: the day it left its list, else the day we first saw it."""

VIEWS = (
    view(
        "trato",
        "Una fila por deudor: cómo se le trata hoy. Manda la decisión de una persona; si no la hay, la valoración.",
        """
        deudor_id ~ d.id ~ Número interno del deudor.
        segmento ~ coalesce(v.segment, r.segment, '') ~ recordatorio, negociacion o caso_legal; vacío sin valoración.
        riesgo ~ coalesce(r.band, '') ~ Banda de riesgo: bajo, medio o alto; vacío sin valoración.
        decidido_por ~ coalesce(v.by, r.model, '') ~ La persona que lo decidió, o el modelo.
        """,
        """
        FROM ledger_debtor d
        LEFT JOIN ledger_rating r ON r.debtor_id = d.id AND r.current
        LEFT JOIN ledger_verdict v ON v.debtor_id = d.id AND v.ended_at IS NULL
            AND (v.until IS NULL OR v.until >= informes.hoy())
        """,
    ),
    view(
        "deudores",
        "Una fila por deudor.",
        DEBTOR
        + f"""
        nif ~ d.tax_id ~ Identificación fiscal. Dato personal si es una persona física.
        riesgo ~ t.riesgo ~ Banda de riesgo: bajo, medio o alto; vacío sin valoración.
        erp ~ d.erp ~ ERP del que viene.
        clave_erp ~ d.erp_key ~ Su clave en el ERP.
        grupo ~ d.group_key ~ Grupo de empresas, si el ERP lo dice.
        alta_el ~ {day("d.created_at")} ~ Día en que entró en el registro.
        """,
        "FROM ledger_debtor d" + WHO,
    ),
    view(
        "facturas",
        "Una fila por factura o abono, con lo que queda por cobrar hoy.",
        DEBTOR
        + """
        factura_id ~ i.id ~ Número interno del documento.
        numero ~ i.number ~ Número del documento.
        clase ~ CASE i.kind WHEN 'invoice' THEN 'factura' ELSE 'abono' END ~ factura o abono.
        moneda ~ i.currency ~ Moneda de los importes, ISO 4217.
        emitida_el ~ i.issued_on ~ Día de emisión.
        vence_el ~ i.due_on ~ Último día para pagar a tiempo.
        base ~ i.net ~ Importe sin impuestos, en su moneda.
        impuestos ~ i.tax ~ Impuestos, en su moneda.
        total ~ i.gross ~ Importe con impuestos, en su moneda; negativo en los abonos.
        saldado_fuera ~ i.elsewhere ~ Lo que el ERP da por saldado por otros, en su moneda.
        aplicado ~ i.allocated ~ Lo saldado con cobros de Cobranza, en su moneda.
        pendiente ~ i.open ~ Lo que falta por cobrar hoy, en su moneda.
        estado ~ i.state ~ open (pendiente), partial (pagada en parte) o settled (saldada).
        dias_vencida ~ informes.hoy() - i.due_on ~ Días desde el vencimiento; negativo si aún no vence.
        tramo ~ informes.tramo(informes.hoy() - i.due_on) ~ Tramo de antigüedad de hoy.
        modificado_en ~ greatest(i.created_at, i.touched_at, i.vanished_at) ~ Último cambio conocido, con zona.
        """,
        "FROM ledger_invoice i JOIN ledger_debtor d ON d.id = i.debtor_id" + WHO,
    ),
    view(
        "cobros",
        "Una fila por abono del banco (movimiento con importe positivo).",
        """
        acreedor ~ a.key ~ Clave del acreedor.
        cobro_id ~ m.id ~ Número interno del movimiento.
        cuenta ~ b.name ~ Cuenta bancaria, como la llama la oficina.
        banco ~ coalesce(nullif(b.portal, ''), b.name) ~ Banco.
        moneda ~ m.currency ~ Moneda del importe, ISO 4217.
        operacion_el ~ m.booked_on ~ Fecha de operación del banco.
        valor_el ~ m.value_on ~ Fecha valor.
        importe ~ m.amount ~ Importe cobrado, en su moneda.
        aplicado ~ m.used ~ Lo que ya salda documentos, en su moneda.
        sin_aplicar ~ m.remaining ~ Lo que aún no salda nada, en su moneda.
        modificado_en ~ s.imported_at ~ Cuándo entró el extracto que lo trae.
        """,
        """
        FROM ledger_movement m
        JOIN ledger_statement s ON s.id = m.statement_id
        JOIN ledger_bankaccount b ON b.id = m.account_id
        JOIN ledger_creditor a ON a.id = b.creditor_id
        WHERE m.amount > 0
        """,
    ),
    view(
        "aplicaciones",
        "Una fila por cobro (o devolución, en negativo) aplicado a un documento. Las anuladas quedan con importe 0.",
        DEBTOR
        + f"""
        aplicacion_id ~ x.id ~ Número interno de la aplicación.
        cobro_id ~ x.movement_id ~ Movimiento del que sale el dinero.
        factura_id ~ x.invoice_id ~ Documento que salda.
        numero ~ i.number ~ Número del documento.
        moneda ~ i.currency ~ Moneda del documento, ISO 4217.
        cobrado_el ~ m.booked_on ~ Fecha de operación del cobro.
        vence_el ~ i.due_on ~ Vencimiento del documento.
        importe ~ CASE WHEN x.reversed_at IS NULL THEN x.applied ELSE 0 END ~ Lo que salda, en moneda del documento.
        tras_vencer ~ m.booked_on > i.due_on ~ Si el cobro llegó después del vencimiento.
        dias_tras_vencer ~ m.booked_on - i.due_on ~ Días del vencimiento al cobro; negativo si se pagó antes.
        decidido_por ~ CASE x.decided_by WHEN 'robot' THEN 'robot' ELSE 'persona' END ~ robot o persona.
        decidido_el ~ {day("x.decided_at")} ~ Día en que se aplicó.
        anulada ~ x.reversed_at IS NOT NULL ~ Si la aplicación se anuló después.
        modificado_en ~ greatest(x.decided_at, x.reversed_at) ~ Último cambio, con zona.
        """,
        """
        FROM ledger_allocation x
        JOIN ledger_movement m ON m.id = x.movement_id
        JOIN ledger_invoice i ON i.id = x.invoice_id
        JOIN ledger_debtor d ON d.id = i.debtor_id
        """
        + WHO,
    ),
    view(
        "cartera_movimientos",
        "Una fila por cada cambio de lo pendiente: emisión, cobro, o saldado fuera. Lo pendiente de cualquier día es la "
        "suma de los importes hasta ese día.",
        DEBTOR
        + """
        factura_id ~ f.factura_id ~ Número interno del documento.
        numero ~ f.numero ~ Número del documento.
        moneda ~ f.moneda ~ Moneda del importe, ISO 4217.
        dia ~ f.dia ~ Día del cambio: emisión, operación del banco, o día en que se supo que lo saldó otro.
        vence_el ~ f.vence_el ~ Vencimiento del documento.
        tipo ~ f.tipo ~ emision, cobro o fuera.
        importe ~ f.importe ~ Cambio de lo pendiente, en su moneda: positivo lo aumenta.
        venta ~ CASE WHEN f.tipo = 'emision' THEN f.importe ELSE 0 END ~ Ventas a crédito con impuestos, abonos restados.
        modificado_en ~ f.modificado_en ~ Último cambio, con zona.
        """,
        f"""
        FROM (
            SELECT i.debtor_id, i.id AS factura_id, i.number AS numero, i.currency AS moneda, i.issued_on AS dia,
                   i.due_on AS vence_el, 'emision' AS tipo, i.gross AS importe, i.created_at AS modificado_en
            FROM ledger_invoice i
            UNION ALL
            SELECT i.debtor_id, i.id, i.number, i.currency, greatest({_ELSEWHERE_ON}, i.issued_on), i.due_on, 'fuera',
                   -i.elsewhere, greatest(i.vanished_at, i.created_at)
            FROM ledger_invoice i WHERE i.elsewhere <> 0
            UNION ALL
            SELECT i.debtor_id, i.id, i.number, i.currency, greatest(m.booked_on, i.issued_on), i.due_on, 'cobro',
                   CASE WHEN x.reversed_at IS NULL THEN -x.applied ELSE 0 END, greatest(x.decided_at, x.reversed_at)
            FROM ledger_allocation x
            JOIN ledger_movement m ON m.id = x.movement_id
            JOIN ledger_invoice i ON i.id = x.invoice_id
        ) f
        JOIN ledger_debtor d ON d.id = f.debtor_id
        """
        + WHO,
    ),
    view(
        "vencidas",
        "Una fila por factura que llegó impagada, del todo o en parte, al final de su vencimiento.",
        DEBTOR
        + """
        factura_id ~ i.id ~ Número interno de la factura.
        numero ~ i.number ~ Número de la factura.
        moneda ~ i.currency ~ Moneda de los importes, ISO 4217.
        vence_el ~ i.due_on ~ Vencimiento.
        impagado ~ p.impagado ~ Lo pendiente al final del vencimiento, en su moneda.
        cobrado ~ p.impagado - i.open ~ De lo impagado, lo cobrado o saldado hasta hoy, en su moneda.
        cobrado_30 ~ p.cobrado_30 ~ De lo impagado, lo cobrado en los 30 días siguientes, en su moneda.
        pendiente ~ i.open ~ Lo que falta hoy, en su moneda.
        curada ~ i.open = 0 ~ Si ya está saldada.
        curada_el ~ CASE WHEN i.open = 0 THEN p.ultimo END ~ Día en que quedó saldada.
        dias_hasta_curar ~ CASE WHEN i.open = 0 THEN p.ultimo - i.due_on END ~ Días del vencimiento a quedar saldada.
        curada_30 ~ i.open = 0 AND p.ultimo - i.due_on <= 30 ~ Si quedó saldada en los 30 días siguientes.
        madura_30 ~ informes.hoy() - i.due_on >= 30 ~ Si ya han pasado esos 30 días.
        modificado_en ~ greatest(i.created_at, i.touched_at, i.vanished_at) ~ Último cambio conocido, con zona.
        """,
        "FROM ledger_invoice i JOIN ledger_debtor d ON d.id = i.debtor_id"
        + WHO
        + f"""
        CROSS JOIN LATERAL (
            SELECT i.gross - coalesce(sum(f.importe) FILTER (WHERE f.dia <= i.due_on), 0) AS impagado,
                   coalesce(sum(f.importe) FILTER (WHERE f.dia > i.due_on AND f.dia <= i.due_on + 30), 0) AS cobrado_30,
                   max(f.dia) AS ultimo
            FROM (
                SELECT m.booked_on AS dia, x.applied AS importe
                FROM ledger_allocation x JOIN ledger_movement m ON m.id = x.movement_id
                WHERE x.invoice_id = i.id AND x.reversed_at IS NULL
                UNION ALL
                SELECT {_ELSEWHERE_ON}, i.elsewhere WHERE i.elsewhere <> 0
            ) f
        ) p
        WHERE i.kind = 'invoice' AND i.due_on < informes.hoy() AND p.impagado > 0
        """,
    ),
    view(
        "retenciones",
        "Una fila por retención de cobro: lo que no se reclama mientras dure.",
        DEBTOR
        + f"""
        retencion_id ~ h.id ~ Número interno.
        factura_id ~ h.invoice_id ~ Documento; vacío: todo lo del deudor.
        importe ~ h.amount ~ Solo este importe, en moneda del documento; vacío: todo.
        motivo ~ h.reason ~ Por qué.
        origen ~ h.source ~ Qué proceso la puso y con qué referencia.
        desde_el ~ {day("h.opened_at")} ~ Primer día.
        hasta_el ~ {day("h.released_at")} ~ Día en que se soltó; vacío: sigue.
        modificado_en ~ greatest(h.opened_at, h.released_at) ~ Último cambio, con zona.
        """,
        "FROM ledger_hold h JOIN ledger_debtor d ON d.id = h.debtor_id" + WHO,
    ),
    view(
        "valoraciones",
        "Una fila por valoración de un deudor; la última lleva «vigente».",
        DEBTOR
        + """
        valoracion_id ~ r.id ~ Número interno.
        hasta_el ~ r.as_of ~ Día hasta el que se conocían los datos.
        vigente ~ r.current ~ Si es la última.
        modelo ~ r.model ~ Modelo o reglas que la hicieron.
        pago_30 ~ r.pay_30 ~ Probabilidad (0 a 1) de que pague lo vencido en 30 días.
        pago_60 ~ r.pay_60 ~ Probabilidad (0 a 1) en 60 días.
        pago_90 ~ r.pay_90 ~ Probabilidad (0 a 1) en 90 días.
        dias_de_retraso ~ r.days_late ~ Días de retraso que se esperan.
        recuperacion ~ r.recovery ~ Parte (0 a 1) de lo pendiente que se espera cobrar.
        riesgo ~ r.band ~ bajo, medio o alto.
        segmento_propuesto ~ r.proposed ~ Lo que dicen los números solos.
        lo_lleva_persona ~ r.to_person <> '' ~ Si lo lleva una persona.
        modificado_en ~ r.at ~ Cuándo se calculó, con zona.
        """,
        "FROM ledger_rating r JOIN ledger_debtor d ON d.id = r.debtor_id" + WHO,
    ),
)
