"""Views of what was said to debtors, what it cost, what they promised and what came of it."""

# ruff: noqa: E501, S608 - statements and their comments, all written here

from __future__ import annotations

from cobranza.insight.informes.view import DEBTOR, WHO, day, view

_HOUR = "extract(hour FROM x.sent_at AT TIME ZONE 'Europe/Madrid')::int"

VIEWS = (
    view(
        "contactos",
        "Una fila por intento de contacto: mensajes de la bandeja de salida, y llamadas o gestiones de personas hechas.",
        DEBTOR
        + f"""
        contacto_id ~ x.id ~ Clave del mensaje o de la tarea.
        tipo ~ x.tipo ~ mensaje o gestion (de una persona).
        moneda ~ x.moneda ~ Moneda de la deuda de la que trata; vacía en las gestiones.
        estrategia ~ x.estrategia ~ Estrategia sin versión; vacía si no la mandó ninguna.
        version ~ x.version ~ Versión de la estrategia.
        brazo ~ x.brazo ~ Brazo del ensayo: current, pilot u holdout.
        paso ~ x.paso ~ Paso de la estrategia.
        canal ~ x.canal ~ email, sms, whatsapp, ivr, letter…; persona en las gestiones.
        plantilla ~ x.plantilla ~ Plantilla del texto; vacía si no la hubo.
        finalidad ~ x.finalidad ~ claim, instalment, answer…
        contacto_el ~ {day("x.sent_at")} ~ Día del intento.
        hora ~ {_HOUR} ~ Hora del día (0 a 23) del intento, en la zona de la instalación.
        estado ~ x.estado ~ Estado de la entrega; hecha en las gestiones.
        rebotado ~ x.estado = 'rebotado' ~ Si no llegó.
        entregado ~ x.estado IN ('entregado', 'leido') OR x.contestado ~ Si consta entregado.
        leido ~ x.estado = 'leido' ~ Si consta leído.
        contestado ~ x.contestado ~ Si el deudor contestó.
        efectivo ~ x.estado = 'leido' OR x.contestado ~ Contacto efectivo: leído o contestado.
        automatico ~ x.automatico ~ Si lo mandó un robot sin que nadie lo escribiera.
        coste ~ coalesce(c.amount, 0) ~ Coste unitario supuesto de config/insight.toml, en moneda_coste.
        moneda_coste ~ coalesce(c.currency, x.moneda) ~ Moneda del coste, ISO 4217.
        primero_del_mes ~ x.primero ~ Si es el primer intento de ese mes con ese deudor.
        modificado_en ~ x.modificado_en ~ Último cambio, con zona.
        """,
        """
        FROM (
            SELECT y.*, row_number() OVER (
                PARTITION BY y.debtor_id, date_trunc('month', y.sent_at AT TIME ZONE 'Europe/Madrid')
                ORDER BY y.sent_at, y.id) = 1 AS primero
            FROM (
                SELECT 'm' || q.id AS id, 'mensaje' AS tipo, q.debtor_id, q.currency AS moneda, q.arm AS brazo,
                       split_part(q.strategy, '@', 1) AS estrategia, split_part(q.strategy, '@', 2) AS version,
                       q.step AS paso, q.channel AS canal, q.template AS plantilla, q.purpose AS finalidad, q.sent_at,
                       q.state AS estado, q.answered_at IS NOT NULL AS contestado, q.author = '' AS automatico,
                       greatest(q.queued_at, q.sent_at, q.answered_at) AS modificado_en
                FROM dunning_message q WHERE q.sent_at IS NOT NULL
                UNION ALL
                SELECT 't' || k.id, 'gestion', k.debtor_id, '', '', '', '', k.kind, 'persona', '', '', k.done_at,
                       'hecha', false, false, k.done_at
                FROM ledger_task k WHERE k.done_at IS NOT NULL AND k.kind IN ('llamar', 'negociar')
            ) y
        ) x
        JOIN ledger_debtor d ON d.id = x.debtor_id
        """
        + WHO
        + "LEFT JOIN insight_unitcost c ON c.channel = x.canal",
    ),
    view(
        "comunicaciones",
        "Una fila por cosa dicha en cualquier canal, por el deudor o por nosotros. Sin textos.",
        DEBTOR
        + f"""
        comunicacion_id ~ w.id ~ Número interno.
        canal ~ w.channel ~ Canal.
        sentido ~ CASE w.direction WHEN 'in' THEN 'del deudor' ELSE 'nuestro' END ~ del deudor o nuestro.
        autor ~ w.author ~ El deudor, un robot o una persona con su nombre.
        dicho_el ~ {day("w.at")} ~ Día.
        referencia ~ w.reference ~ Mensaje, caso o acuerdo del que trata.
        atendido_el ~ {day("w.handled_at")} ~ Día en que se atendió lo que dijo el deudor.
        modificado_en ~ greatest(w.at, w.handled_at) ~ Último cambio, con zona.
        """,
        "FROM ledger_word w JOIN ledger_debtor d ON d.id = w.debtor_id" + WHO,
    ),
    view(
        "acuerdos",
        "Una fila por acuerdo con un deudor.",
        DEBTOR
        + f"""
        acuerdo_id ~ g.id ~ Número interno del acuerdo.
        moneda ~ g.currency ~ Moneda de los importes, ISO 4217.
        clase ~ g.kind ~ full, part, promise (promesa) o instalments (plan de pagos).
        total ~ g.total ~ Lo que paga el deudor, en su moneda.
        quita ~ g.waived_principal + g.waived_interest + g.waived_costs ~ Lo que se perdona, en su moneda.
        canal ~ g.channel ~ Dónde lo aceptó.
        aceptado_el ~ {day("g.accepted_at")} ~ Día en que lo aceptó.
        situacion ~ g.standing ~ al_corriente, vencida_en_gracia, impago, incumplido, cumplido o anulado.
        terminado_el ~ {day("g.ended_at")} ~ Día en que terminó; vacío: sigue.
        modificado_en ~ greatest(g.created_at, g.ended_at) ~ Último cambio conocido, con zona.
        """,
        "FROM ledger_agreement g JOIN ledger_debtor d ON d.id = g.debtor_id" + WHO,
    ),
    view(
        "cuotas",
        "Una fila por pago fechado de un acuerdo.",
        DEBTOR
        + """
        cuota_id ~ n.id ~ Número interno.
        acuerdo_id ~ n.agreement_id ~ Acuerdo al que pertenece.
        numero ~ n.number ~ Orden dentro del acuerdo, desde 1.
        moneda ~ g.currency ~ Moneda de los importes, ISO 4217.
        vence_el ~ n.due_on ~ Día acordado.
        importe ~ n.amount ~ Lo acordado, en su moneda.
        pagado ~ n.paid ~ Lo pagado, en su moneda.
        cerrada_el ~ n.closed_on ~ Día en que quedó pagada; vacío: falta.
        a_tiempo ~ n.closed_on IS NOT NULL AND n.closed_on <= n.due_on ~ Si quedó pagada en su día o antes.
        vencida ~ n.due_on < informes.hoy() ~ Si ya ha pasado su día.
        modificado_en ~ greatest(g.created_at, n.closed_on::timestamptz) ~ Último cambio conocido, con zona.
        """,
        "FROM ledger_instalment n JOIN ledger_agreement g ON g.id = n.agreement_id "
        "JOIN ledger_debtor d ON d.id = g.debtor_id" + WHO,
    ),
    view(
        "promesas",
        "Una fila por promesa de pago (un acuerdo de esa clase), con lo que fue de ella.",
        DEBTOR
        + f"""
        acuerdo_id ~ g.id ~ Número interno del acuerdo.
        moneda ~ g.currency ~ Moneda de los importes, ISO 4217.
        canal ~ g.channel ~ Dónde la hizo.
        prometido_el ~ {day("g.accepted_at")} ~ Día en que la hizo.
        vence_el ~ n.due_on ~ Día prometido (el último, si son varios).
        importe ~ g.total ~ Lo prometido, en su moneda.
        pagado ~ n.paid ~ Lo pagado, en su moneda.
        situacion ~ g.standing ~ Como en acuerdos.
        resuelta ~ g.standing IN ('cumplido', 'incumplido') ~ Si ya se sabe qué fue de ella.
        cumplida ~ g.standing = 'cumplido' ~ Si se pagó entera dentro de la gracia de config/agreements.toml.
        modificado_en ~ greatest(g.created_at, g.ended_at) ~ Último cambio conocido, con zona.
        """,
        """
        FROM ledger_agreement g
        JOIN ledger_debtor d ON d.id = g.debtor_id
        CROSS JOIN LATERAL (
            SELECT max(n.due_on) AS due_on, sum(n.paid) AS paid FROM ledger_instalment n WHERE n.agreement_id = g.id
        ) n
        """
        + WHO
        + "WHERE g.kind = 'promise'",
    ),
    view(
        "efectividad",
        "Una fila por factura vencida de una cuenta, con el brazo de ensayo que le tocó, el primer contacto que recibió "
        "y si se recuperó en 30 días. Sin ensayo todo es «current».",
        """
        acreedor ~ v.acreedor ~ Clave del acreedor.
        deudor_id ~ v.deudor_id ~ Número interno del deudor.
        deudor ~ v.deudor ~ Nombre del deudor.
        pais ~ v.pais ~ País del deudor.
        segmento ~ v.segmento ~ Trato de hoy.
        factura_id ~ v.factura_id ~ Número interno de la factura.
        numero ~ v.numero ~ Número de la factura.
        moneda ~ v.moneda ~ Moneda de los importes, ISO 4217.
        vence_el ~ v.vence_el ~ Vencimiento.
        ensayo ~ coalesce(e.name, '') ~ Nombre del ensayo en curso ese día; vacío si no había.
        brazo ~ b.brazo ~ holdout (grupo de control, sin mensajes), pilot o current.
        estrategia ~ CASE b.brazo WHEN 'holdout' THEN '' ELSE coalesce(p.estrategia, '') END ~ La del primer contacto.
        canal ~ CASE b.brazo WHEN 'holdout' THEN '' ELSE coalesce(p.canal, '') END ~ Canal del primer contacto.
        hora ~ CASE b.brazo WHEN 'holdout' THEN NULL ELSE p.hora END ~ Hora (0 a 23) del primer contacto.
        impagado ~ v.impagado ~ Lo pendiente al final del vencimiento, en su moneda.
        recuperado_30 ~ v.cobrado_30 ~ De ello, lo cobrado en 30 días, en su moneda.
        recuperada_30 ~ v.curada_30 ~ Si quedó saldada en 30 días.
        madura_30 ~ v.madura_30 ~ Si ya han pasado esos 30 días.
        modificado_en ~ v.modificado_en ~ Último cambio conocido, con zona.
        """,
        """
        FROM informes.vencidas v
        LEFT JOIN insight_trial e ON e.creditor = v.acreedor AND v.vence_el >= e.since
            AND (e.until IS NULL OR v.vence_el <= e.until)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN e.name IS NULL THEN 'current'
                        ELSE informes.brazo(e.name, v.deudor_id || ':' || v.moneda, e.holdout_share, e.pilot_share)
                   END AS brazo
        ) b
        LEFT JOIN LATERAL (
            SELECT split_part(q.strategy, '@', 1) AS estrategia, q.channel AS canal,
                   extract(hour FROM q.sent_at AT TIME ZONE 'Europe/Madrid')::int AS hora
            FROM dunning_message q
            WHERE q.debtor_id = v.deudor_id AND q.currency = v.moneda AND q.purpose = 'claim'
                AND q.sent_at >= (v.vence_el - 5)::timestamp AT TIME ZONE 'Europe/Madrid'
                AND q.sent_at < (v.vence_el + 31)::timestamp AT TIME ZONE 'Europe/Madrid'
            ORDER BY q.sent_at, q.id LIMIT 1
        ) p ON true
        """,
    ),
    view(
        "coste_y_recuperado",
        "Una fila por contacto (con su coste) y por cobro llegado tras el vencimiento (con su importe).",
        """
        acreedor ~ z.acreedor ~ Clave del acreedor.
        deudor_id ~ z.deudor_id ~ Número interno del deudor.
        deudor ~ z.deudor ~ Nombre del deudor.
        pais ~ z.pais ~ País del deudor.
        segmento ~ z.segmento ~ Trato de hoy.
        moneda ~ z.moneda ~ Moneda de los importes, ISO 4217.
        dia ~ z.dia ~ Día del contacto o del cobro.
        que ~ z.que ~ contacto o cobro.
        referencia ~ z.referencia ~ Clave del contacto, o número de la factura cobrada.
        coste ~ z.coste ~ Coste supuesto del contacto, en su moneda.
        recuperado ~ z.recuperado ~ Lo cobrado tras el vencimiento, en su moneda.
        modificado_en ~ z.modificado_en ~ Último cambio conocido, con zona.
        """,
        """
        FROM (
            SELECT acreedor, deudor_id, deudor, pais, segmento, moneda_coste AS moneda, contacto_el AS dia,
                   'contacto' AS que, contacto_id AS referencia, coste, 0::numeric AS recuperado, modificado_en
            FROM informes.contactos
            UNION ALL
            SELECT acreedor, deudor_id, deudor, pais, segmento, moneda, cobrado_el, 'cobro', numero, 0, importe,
                   modificado_en
            FROM informes.aplicaciones WHERE tras_vencer
        ) z
        """,
    ),
    view(
        "quejas_y_bajas",
        "Una fila por contacto, por queja y por baja, para medir quejas y bajas por cada 1.000 contactos.",
        DEBTOR
        + f"""
        dia ~ {day("z.at")} ~ Día.
        que ~ z.que ~ contacto, queja o baja.
        canal ~ z.canal ~ Canal; vacío: todos o no consta.
        referencia ~ z.referencia ~ De dónde sale.
        modificado_en ~ z.at ~ Cuándo, con zona.
        """,
        """
        FROM (
            SELECT debtor_id, sent_at AS at, 'contacto' AS que, channel AS canal, 'mensaje ' || id AS referencia
            FROM dunning_message WHERE sent_at IS NOT NULL
            UNION ALL
            SELECT debtor_id, opened_at, 'queja', '', 'disputa ' || id
            FROM disputes_dispute WHERE 'queja_por_trato' IN (category, secondary) AND debtor_id IS NOT NULL
                AND state <> 'fusionada'
            UNION ALL
            SELECT debtor_id, at, 'baja', channel, 'baja ' || id FROM ledger_optout
        ) z
        JOIN ledger_debtor d ON d.id = z.debtor_id
        """
        + WHO,
    ),
    view(
        "encuestas",
        "Una fila por encuesta enviada a quien cumplió un acuerdo.",
        DEBTOR
        + f"""
        encuesta_id ~ y.id ~ Número interno.
        acuerdo_id ~ y.agreement_id ~ Acuerdo cumplido.
        preguntada_el ~ {day("y.asked_at")} ~ Día en que se preguntó.
        contestada_el ~ {day("y.answered_at")} ~ Día en que contestó; vacío: no ha contestado.
        puntuacion ~ y.score ~ De 0 a 10; vacío: no ha contestado.
        modificado_en ~ greatest(y.asked_at, y.answered_at) ~ Último cambio, con zona.
        """,
        "FROM ledger_survey y JOIN ledger_debtor d ON d.id = y.debtor_id" + WHO,
    ),
    view(
        "actividades",
        "Una fila por actividad con un deudor, para el CRM: contactos, lo que dijo, tareas y promesas.",
        DEBTOR
        + f"""
        actividad_id ~ z.id ~ Clave estable de la actividad.
        clave_erp ~ d.erp_key ~ Clave del deudor en el ERP, para enlazarlo en el CRM.
        tipo ~ z.tipo ~ mensaje, comunicacion, tarea o promesa.
        canal ~ z.canal ~ Canal; vacío si no lo hay.
        sentido ~ z.sentido ~ nuestro o del deudor.
        asunto ~ z.asunto ~ De qué trata, sin datos de más.
        estado ~ z.estado ~ Cómo está.
        autor ~ z.autor ~ Robot o persona.
        dia ~ {day("z.at")} ~ Día.
        momento ~ z.at ~ Cuándo, con zona.
        modificado_en ~ greatest(z.at, z.changed) ~ Último cambio, con zona; el CRM pide desde aquí.
        """,
        """
        FROM (
            SELECT 'mensaje-' || id AS id, debtor_id, 'mensaje' AS tipo, channel AS canal, 'nuestro' AS sentido,
                   step AS asunto, state AS estado, coalesce(nullif(author, ''), 'robot') AS autor, sent_at AS at,
                   answered_at AS changed
            FROM dunning_message WHERE sent_at IS NOT NULL
            UNION ALL
            SELECT 'comunicacion-' || id, debtor_id, 'comunicacion', channel,
                   CASE direction WHEN 'in' THEN 'del deudor' ELSE 'nuestro' END, left(subject, 200),
                   CASE WHEN handled_at IS NULL AND direction = 'in' THEN 'sin atender' ELSE 'atendida' END, author, at,
                   handled_at
            FROM ledger_word WHERE debtor_id IS NOT NULL
            UNION ALL
            SELECT 'tarea-' || id, debtor_id, 'tarea', '', 'nuestro', left(why, 200),
                   CASE WHEN done_at IS NULL THEN 'pendiente' ELSE 'hecha' END,
                   coalesce(nullif(done_by, ''), assigned_to), opened_at, done_at
            FROM ledger_task
            UNION ALL
            SELECT 'promesa-' || id, debtor_id, 'promesa', channel, 'del deudor', kind || ' ' || total || ' ' || currency,
                   standing, approved_by, accepted_at, ended_at
            FROM ledger_agreement
        ) z
        JOIN ledger_debtor d ON d.id = z.debtor_id
        """
        + WHO,
    ),
)
