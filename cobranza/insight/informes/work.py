"""Views of how the work goes: reconciliation, disputes, court, robots, and who did what."""

# ruff: noqa: E501, S608 - statements and their comments, all written here

from __future__ import annotations

from cobranza.insight.informes.view import DEBTOR, WHO, day, view

_DECIDED = (
    "'admitido', 'requerido', 'requerimiento_negativo', 'pagado', 'oposicion', 'decreto', 'archivado', 'subsanacion', "
    "'inadmitido'"
)

VIEWS = (
    view(
        "conciliacion",
        "Una fila por documento que un cobro salda o espera saldar; las mismas reglas que «cobranza reconcile figures».",
        """
        acreedor ~ a.key ~ Clave del acreedor.
        cobro_id ~ m.id ~ Movimiento del banco.
        banco ~ coalesce(nullif(b.portal, ''), b.name) ~ Banco.
        moneda ~ m.currency ~ Moneda del cobro, ISO 4217.
        operacion_el ~ m.booked_on ~ Fecha de operación del cobro.
        factura_id ~ k.factura_id ~ Documento; vacío si el cobro espera sin propuesta.
        resultado ~ k.resultado ~ automatico, corregido (una persona lo deshizo), persona o en_espera.
        automatico ~ k.resultado = 'automatico' ~ Si pasó sin intervención y nadie lo deshizo.
        modificado_en ~ k.modificado_en ~ Último cambio, con zona.
        """,
        """
        FROM (
            SELECT DISTINCT ON (x.movement_id, x.invoice_id) x.movement_id, x.invoice_id AS factura_id,
                   CASE WHEN s.corregido THEN 'corregido'
                        WHEN x.decided_by = 'person' AND x.reversed_at IS NOT NULL AND x.reversed_by = 'person' THEN ''
                        WHEN x.decided_by = 'person' THEN 'persona' ELSE 'automatico' END AS resultado,
                   greatest(x.decided_at, x.reversed_at, s.cambio) AS modificado_en
            FROM ledger_allocation x
            JOIN (
                SELECT movement_id, invoice_id, max(greatest(decided_at, reversed_at)) AS cambio,
                       bool_or(decided_by = 'robot' AND reversed_at IS NOT NULL AND reversed_by = 'person') AS corregido
                FROM ledger_allocation WHERE applied > 0 GROUP BY movement_id, invoice_id
            ) s ON s.movement_id = x.movement_id AND s.invoice_id = x.invoice_id
            WHERE x.applied > 0
            ORDER BY x.movement_id, x.invoice_id, x.id DESC
        ) k
        JOIN ledger_movement m ON m.id = k.movement_id AND m.amount > 0
        JOIN ledger_bankaccount b ON b.id = m.account_id
        JOIN ledger_creditor a ON a.id = b.creditor_id
        WHERE k.resultado <> ''
        UNION ALL
        SELECT a.key, m.id, coalesce(nullif(b.portal, ''), b.name), m.currency, m.booked_on, c.invoice_id, 'en_espera',
               false, p.updated_at
        FROM reconciliation_proposal p
        JOIN ledger_movement m ON m.id = p.movement_id AND m.amount > 0
        JOIN ledger_bankaccount b ON b.id = m.account_id
        JOIN ledger_creditor a ON a.id = b.creditor_id
        LEFT JOIN reconciliation_match c ON c.proposal_id = p.id
        WHERE p.state IN ('review', 'refused', 'reversed') AND NOT EXISTS (
            SELECT 1 FROM ledger_allocation x
            WHERE x.movement_id = m.id AND x.applied > 0 AND x.decided_by = 'robot' AND x.reversed_at IS NOT NULL
                AND x.reversed_by = 'person'
        )
        """,
    ),
    view(
        "conciliacion_cobros",
        "Una fila por cobro que la conciliación ha visto: sin intervención si todos sus documentos lo fueron.",
        """
        acreedor ~ k.acreedor ~ Clave del acreedor.
        cobro_id ~ k.cobro_id ~ Movimiento del banco.
        banco ~ k.banco ~ Banco.
        moneda ~ k.moneda ~ Moneda del cobro, ISO 4217.
        operacion_el ~ k.operacion_el ~ Fecha de operación del cobro.
        documentos ~ count(*) ~ Documentos que salda o espera saldar.
        automatico ~ bool_and(k.automatico) ~ Si todos pasaron sin intervención.
        modificado_en ~ max(k.modificado_en) ~ Último cambio, con zona.
        """,
        "FROM informes.conciliacion k GROUP BY k.acreedor, k.cobro_id, k.banco, k.moneda, k.operacion_el",
    ),
    view(
        "disputas",
        "Una fila por disputa. Las unidas a otra no salen. Las de un remitente desconocido van sin deudor.",
        f"""
        acreedor ~ a.key ~ Clave del acreedor.
        deudor_id ~ d.id ~ Número interno del deudor; vacío si no se sabe quién es.
        deudor ~ d.name ~ Nombre del deudor.
        pais ~ coalesce(d.country, '') ~ País del deudor.
        segmento ~ coalesce(t.segmento, '') ~ Trato de hoy.
        disputa_id ~ s.id ~ Número interno de la disputa.
        categoria ~ s.category ~ De qué trata.
        estado ~ s.state ~ abierta, por_cerrar o cerrada.
        abierta_el ~ {day("s.opened_at")} ~ Día en que se abrió.
        cerrada_el ~ {day("s.closed_at")} ~ Día en que se cerró; vacío: sigue.
        dias_abierta ~ coalesce({day("s.closed_at")}, informes.hoy()) - {day("s.opened_at")} ~ Días que lleva o llevó.
        clasificada_por ~ CASE s.decided_by WHEN 'robot' THEN 'robot' ELSE 'persona' END ~ robot o persona.
        sin_revision ~ s.review = 'no' ~ Si el clasificador bastó y nadie tuvo que mirarla.
        modificado_en ~ greatest(s.opened_at, s.closed_at) ~ Último cambio conocido, con zona.
        """,
        """
        FROM disputes_dispute s
        JOIN ledger_creditor a ON a.id = s.creditor_id
        LEFT JOIN ledger_debtor d ON d.id = s.debtor_id
        LEFT JOIN informes.trato t ON t.deudor_id = s.debtor_id
        WHERE s.state <> 'fusionada'
        """,
    ),
    view(
        "expedientes",
        "Una fila por expediente judicial, desde el aviso.",
        DEBTOR
        + f"""
        expediente ~ c.number ~ Número del expediente.
        moneda ~ c.currency ~ Moneda de lo reclamable, ISO 4217.
        juzgado ~ c.court ~ Conector del juzgado.
        fase ~ c.stage ~ Hasta dónde ha llegado.
        reclamable ~ c.claimable ~ Lo reclamable cuando se avisó, en su moneda.
        abierto_el ~ {day("c.opened_at")} ~ Día del aviso.
        presentado_el ~ {day("f.filed_at")} ~ Día en que se presentó por primera vez, con acuse; vacío: no.
        dias_hasta_presentar ~ {day("f.filed_at")} - {day("c.opened_at")} ~ Días del aviso a la primera presentación.
        decidido ~ f.rechazos > 0 OR (f.filed_at IS NOT NULL AND c.stage IN ({_DECIDED})) ~ Si el juzgado ya dijo si la admite.
        admitido_a_la_primera ~ f.filed_at IS NOT NULL AND f.rechazos = 0 AND c.corrects = '' AND c.stage NOT IN ('subsanacion', 'inadmitido') ~ Si no hubo rechazo, subsanación ni inadmisión.
        modificado_en ~ c.changed_at ~ Último cambio, con zona.
        """,
        "FROM legal_legalcase c JOIN ledger_debtor d ON d.id = c.debtor_id"
        + WHO
        + """
        CROSS JOIN LATERAL (
            SELECT min(f.filed_at) AS filed_at,
                   count(*) FILTER (WHERE f.state = 'rechazado' OR f.corrects <> '') AS rechazos
            FROM filing_courtfiling f WHERE f.case = c.number
        ) f
        """,
    ),
    view(
        "ejecuciones",
        "Una fila por ejecución de un robot.",
        f"""
        ejecucion_id ~ r.id ~ Número de la ejecución.
        robot ~ r.robot ~ Fichero de robots/.
        titulo ~ r.title ~ Nombre del robot.
        estado ~ r.state ~ hecho, error_negocio, error_tecnico, necesita_persona, cancelado, vencido, en_cola o en_curso.
        programada ~ r.schedule <> '' ~ Si la arrancó el programador.
        empezada_el ~ {day("r.started_at")} ~ Día en que empezó; vacío: no ha empezado.
        segundos ~ extract(epoch FROM r.ended_at - r.started_at)::numeric(14, 3) ~ Segundos que duró.
        intentos ~ r.attempt ~ Intentos.
        terminada ~ r.state NOT IN ('en_cola', 'en_curso', 'cancelado') ~ Si terminó por sí misma.
        bien ~ r.state = 'hecho' ~ Si acabó bien.
        modificado_en ~ greatest(r.created_at, r.started_at, r.ended_at) ~ Último cambio, con zona.
        """,
        "FROM runs_run r WHERE NOT r.rehearse",
    ),
    view(
        "tareas",
        "Una fila por tarea de una persona con un deudor.",
        DEBTOR
        + f"""
        tarea_id ~ k.id ~ Número interno.
        clase ~ k.kind ~ llamar, datos_de_contacto, revisar, negociar, contestar o aprobar.
        abierta_el ~ {day("k.opened_at")} ~ Día en que se abrió.
        vence_el ~ k.due_on ~ Día para hacerla.
        hecha_el ~ {day("k.done_at")} ~ Día en que se hizo; vacío: falta.
        hecha_por ~ k.done_by ~ Quién.
        a_tiempo ~ {day("k.done_at")} <= k.due_on ~ Si se hizo en su día o antes; vacío: falta.
        origen ~ k.source ~ Qué proceso la abrió.
        modificado_en ~ greatest(k.opened_at, k.done_at) ~ Último cambio, con zona.
        """,
        "FROM ledger_task k JOIN ledger_debtor d ON d.id = k.debtor_id" + WHO,
    ),
    view(
        "acciones",
        "Una fila por acción del día a día (aplicar un cobro, mandar un mensaje, clasificar una disputa, hacer una tarea).",
        DEBTOR
        + f"""
        dia ~ {day("z.at")} ~ Día.
        que ~ z.que ~ aplicacion, mensaje, disputa o tarea.
        referencia ~ z.referencia ~ Número interno de lo que se hizo.
        automatica ~ z.automatica ~ Si la hizo un robot sin intervención.
        modificado_en ~ z.at ~ Cuándo, con zona.
        """,
        """
        FROM (
            SELECT i.debtor_id, x.decided_at AS at, 'aplicacion' AS que, x.id AS referencia,
                   x.decided_by = 'robot' AND NOT (x.reversed_at IS NOT NULL AND x.reversed_by = 'person') AS automatica
            FROM ledger_allocation x JOIN ledger_invoice i ON i.id = x.invoice_id
            UNION ALL
            SELECT debtor_id, sent_at, 'mensaje', id, author = '' FROM dunning_message WHERE sent_at IS NOT NULL
            UNION ALL
            SELECT debtor_id, opened_at, 'disputa', id, decided_by = 'robot' AND review = 'no'
            FROM disputes_dispute WHERE debtor_id IS NOT NULL AND state <> 'fusionada'
            UNION ALL
            SELECT debtor_id, done_at, 'tarea', id, false FROM ledger_task WHERE done_at IS NOT NULL
        ) z
        JOIN ledger_debtor d ON d.id = z.debtor_id
        """
        + WHO,
    ),
)
