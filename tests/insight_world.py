"""An invented company with years of history, made by the database in seconds: for measuring and for looking at screens.

How debtors pay is a fixed pseudo-random function of their number, so that every run has the same figures.
"""

# ruff: noqa: E501 - statements read better whole
from __future__ import annotations

from datetime import date, timedelta

from django.db import connection, transaction

from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor
from cobranza.ledger.registry import register_account, register_creditor

ROBOT = Actor.robot("banco")
_IBAN = "ES9121000418450200051332"

_FILL = """
INSERT INTO ledger_debtor (creditor_id, erp, erp_key, name, trade_name, tax_id, country, group_key, created_at, updated_at)
SELECT %(c)s, 'b', 'd' || n, 'Suministros ' || n || ', S.L.', '', '', (ARRAY['ES','ES','ES','PT','MX'])[1 + n %% 5], '',
       %(first)s, %(first)s
FROM generate_series(1, %(debtors)s) n;

INSERT INTO ledger_rating (debtor_id, as_of, at, current, model, pay_30, pay_60, pay_90, days_late, recovery, band, segment,
                           proposed, to_person, reasons, inputs, missing, tags)
SELECT id, %(today)s, %(today)s, true, 'reglas', 0.5, 0.6, 0.7, 10, 0.8,
       (ARRAY['bajo','bajo','medio','alto'])[1 + id %% 4],
       (ARRAY['recordatorio','recordatorio','negociacion'])[1 + id %% 3],
       (ARRAY['recordatorio','recordatorio','negociacion'])[1 + id %% 3], '', '[]', '{}', '[]', '[]'
FROM ledger_debtor WHERE creditor_id = %(c)s;

INSERT INTO ledger_invoice (creditor_id, debtor_id, erp, erp_key, kind, number, issued_on, due_on, currency, net, tax, gross,
                            elsewhere, allocated, payment_reference, customer_reference, mandate, remittance, read_at,
                            created_at)
SELECT %(c)s, d.id, 'b', d.erp_key || '-' || k, 'invoice', 'F-' || d.id || '-' || k, x.issued, x.issued + 30, 'EUR',
       x.net, round(x.net * 0.21, 2), x.net + round(x.net * 0.21, 2), 0, 0, '', '', '', '', %(today)s, x.issued
FROM ledger_debtor d CROSS JOIN generate_series(0, %(each)s - 1) k
CROSS JOIN LATERAL (SELECT (%(today)s::date - ((k * %(gap)s) + (d.id * 7) %% %(gap)s)::int) AS issued,
                           round((100 + (d.id * 7919 + k * 104729) %% 190000 / 100.0)::numeric, 2) AS net) x
WHERE d.creditor_id = %(c)s;

INSERT INTO ledger_statement (account_id, source, sha256, file_name, index, format, lines, added, imported_at)
VALUES (%(a)s, 'b', repeat('0', 64), '', 0, 'b', 0, 0, %(today)s);

-- When each invoice is paid: most around its due day, some weeks late, a few never; `late` is days after the due day.
CREATE TEMP TABLE t_pay ON COMMIT DROP AS
SELECT i.id, i.gross, i.due_on + (CASE WHEN hashint8(i.id + 7) %% 100 >= 100 - %(never)s THEN 100000 ELSE 0 END
       + CASE (i.id * 31 + i.debtor_id * 17) %% 20
           WHEN 0 THEN 100000 WHEN 1 THEN 75 WHEN 2 THEN 48 WHEN 3 THEN 33 WHEN 4 THEN 21 WHEN 5 THEN 16 WHEN 6 THEN 12
           WHEN 7 THEN 9 WHEN 8 THEN 6 WHEN 9 THEN 4 ELSE -((i.id * 13) %% 9) END
         + CASE WHEN i.issued_on > %(today)s::date - 200 THEN -2 ELSE 4 END)::int AS paid_on
FROM ledger_invoice i WHERE i.creditor_id = %(c)s;
DELETE FROM t_pay WHERE paid_on >= %(today)s::date;

INSERT INTO ledger_movement (account_id, statement_id, fingerprint, occurrence, booked_on, value_on, amount, currency, text,
                             reference, counterparty_name, counterparty_account, counterparty_tax_id, bank_code, details,
                             position, assumed, used, created_at)
SELECT %(a)s, (SELECT max(id) FROM ledger_statement), md5(id::text) || md5(id::text), 0, paid_on, paid_on, gross, 'EUR',
       'PAGO', '', '', '', '', '', '[]', id::text, '', 0, paid_on FROM t_pay;

INSERT INTO ledger_allocation (key, movement_id, invoice_id, applied, withheld, fee, discount, cash, in_erp, rule, confidence,
                               explanation, decided_by, decided_by_name, decided_at, reversed_by, reversed_by_name,
                               reversed_reason)
SELECT 'k' || p.id, m.id, p.id, p.gross, 0, 0, 0, p.gross, p.gross, 'r', 1, 'e',
       CASE WHEN p.id %% 12 = 0 THEN 'person' ELSE 'robot' END, 'b', p.paid_on + interval '1 day', '', '', ''
FROM t_pay p JOIN ledger_movement m ON m.position = p.id::text AND m.account_id = %(a)s;

INSERT INTO dunning_message (key, creditor_id, debtor_id, currency, purpose, author, strategy, arm, step, anchor, channel,
                             address, template, language, state, not_before, token, tries, provider_id, reason, rules,
                             decisions, subject, text, queued_at, sent_at, answered_at)
SELECT 'm' || i.id, %(c)s, i.debtor_id, 'EUR', 'claim', '', (ARRAY['general@1','pilot@1','general@1'])[1 + i.id %% 3],
       'current', 'recordatorio', i.due_on, (ARRAY['email','email','sms','whatsapp'])[1 + i.id %% 4], 'x', 't', 'es',
       (ARRAY['leido','entregado','entregado','rebotado','leido'])[1 + (i.id / 3) %% 5],
       i.due_on, '', 0, '', '', '[]', '[]', '', '', i.due_on,
       i.due_on + interval '3 days' + ((8 + (i.id * 5) %% 12) || ' hours')::interval,
       CASE WHEN i.id %% 7 = 0 THEN i.due_on + interval '4 days' END
FROM ledger_invoice i WHERE i.creditor_id = %(c)s AND i.due_on < %(today)s::date - 3 AND (i.id * 31 + i.debtor_id * 17) %% 20 < 10;

INSERT INTO disputes_dispute (key, creditor_id, debtor_id, subject, lang, category, secondary, confidence, model, decided_by,
                              decided_by_name, state, review, review_reasons, alert, whole_debtor, callback, suggestion, reply,
                              request, desk, ticket, ticket_url, ticket_status, opened_at, closed_at, closed_reason)
SELECT 'x' || i.id, %(c)s, i.debtor_id, '', 'es',
       (ARRAY['factura_incorrecta','pago_ya_realizado','precio_o_contrato','producto_no_recibido','queja_por_trato'])[1 + (abs(hashint8(i.id)) / 60) %% 5],
       '', 0.9, 'm', 'robot', '', 'cerrada', (ARRAY['no','no','no','hecha'])[1 + (abs(hashint8(i.id)) / 60) %% 4], '[]', false, false, '', '{}',
       '', '{}', '', '', '', '', i.due_on, i.due_on + ((3 + (abs(hashint8(i.id)) / 60) %% 14) || ' days')::interval, ''
FROM ledger_invoice i WHERE i.creditor_id = %(c)s AND hashint8(i.id) %% 60 = 0 AND i.due_on < %(today)s::date - 20;

INSERT INTO ledger_agreement (key, creditor_id, debtor_id, currency, kind, total, waived_principal, waived_interest, waived_costs,
                              deferral, channel, proof, accepted_at, approved_by, standing, ended_at, ended_reason, created_at)
SELECT 'g' || i.id, %(c)s, i.debtor_id, 'EUR', 'promise', i.gross, 0, 0, 0, 0, 'portal', 'p', i.due_on + 5, 'matriz',
       CASE WHEN (abs(hashint8(i.id)) / 40) %% 4 = 0 THEN 'incumplido' ELSE 'cumplido' END, i.due_on + 15, '', i.due_on + 5
FROM ledger_invoice i WHERE i.creditor_id = %(c)s AND hashint8(i.id) %% 40 = 0 AND i.due_on < %(today)s::date - 20;
INSERT INTO ledger_instalment (agreement_id, number, due_on, amount, principal, interest, costs, deferral, paid, closed_on)
SELECT id, 1, (accepted_at + interval '7 days')::date, total, total, 0, 0, 0,
       CASE standing WHEN 'cumplido' THEN total ELSE 0 END,
       CASE standing WHEN 'cumplido' THEN (accepted_at + interval '6 days')::date END
FROM ledger_agreement WHERE creditor_id = %(c)s;
INSERT INTO ledger_survey (key, debtor_id, agreement_id, asked_at, score, comment, answered_at)
SELECT 's' || id, debtor_id, id, ended_at, 6 + id %% 5, '', ended_at + interval '1 day'
FROM ledger_agreement WHERE creditor_id = %(c)s AND standing = 'cumplido' AND id %% 3 = 0;
INSERT INTO ledger_optout (debtor_id, channel, said, at)
SELECT debtor_id, 'sms', 'BAJA', due_on + 4 FROM ledger_invoice
WHERE creditor_id = %(c)s AND hashint8(id) %% 300 = 0 AND due_on < %(today)s::date - 10;
INSERT INTO runs_run (robot, title, state, variables, rehearse, started_by, schedule, priority, credential, queue, limit_seconds,
                      attempt, max_attempts, foreground, host, worker, cancel_requested_by, task, keyword, done, total,
                      error_code, error_message, error_remedy, evidence, created_at, started_at, ended_at)
SELECT 'conciliacion_diaria', 'Conciliación diaria', CASE WHEN n %% 23 = 0 THEN 'error_tecnico' ELSE 'hecho' END, '{}', false,
       'x', 's', 0, '', '', 60, 1, 1, false, '', '', '', '', '', 0, 0, '', '', '', '', d, d, d + interval '4 minutes'
FROM generate_series(0, %(days)s) n CROSS JOIN LATERAL (SELECT %(today)s::timestamptz - (n || ' days')::interval AS d) x;
INSERT INTO legal_legalcase (number, creditor_id, debtor_id, currency, country, court, proceeding, organ, organ_code,
                             organ_province, organ_locality, stage, assigned_to, threshold, reasons, claimable, title, facts,
                             grounds, petition, corrects, registry, court_name, court_number, general_id, problem, opened_at,
                             stage_at, changed_at)
SELECT 'E' || i.id, %(c)s, i.debtor_id, 'EUR', 'ES', 'lexnet', '', '', '', '', '',
       (ARRAY['admitido','requerido','pagado','subsanacion','decreto','presentado'])[1 + (abs(hashint8(i.id)) / 250) %% 6], '', '', '[]',
       i.gross, '', '[]', '[]', '[]', '', '', '', '', '', '{}', i.due_on + 60, i.due_on + 80, i.due_on + 90
FROM ledger_invoice i WHERE i.creditor_id = %(c)s AND hashint8(i.id) %% 250 = 0 AND i.due_on < %(today)s::date - 100;
INSERT INTO filing_courtfiling ("case", court, credential, package_hash, fingerprint, reference, corrects, folder, manifest, names,
                                state, draft, attempt, sends, readings, troubles, registry, former_registries, csv, filed_at,
                                receipt_sha256, notices, problem_code, problem, stage, court_name, number, general_id, reasons,
                                told, created_at)
SELECT number, 'lexnet', 'c', number, number, number, '', 'f', '{}', '[]', 'presentado', '', '', 1, 0, 0, 'r' || number, '[]', '',
       opened_at + ((8 + id %% 11) || ' days')::interval, 'h', '[]', '', '', '', '', '', '', '[]', true, opened_at
FROM legal_legalcase WHERE creditor_id = %(c)s;
"""


def fill(today: date, *, debtors: int, each: int, days: int = 1096, never: int = 0, key: str = "talleres") -> Creditor:
    """A creditor with so many debtors and `each` invoices per debtor spread over `days`; the newest are still open.

    Args:
        never: So many more of a hundred invoices are never paid, about.
    """
    creditor = register_creditor(key, "Talleres Invención, S.A.", actor=ROBOT, tax_id="A58818501", country="ES")
    account = register_account(creditor, _IBAN, "EUR", actor=ROBOT, name="Operativa")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _FILL,
            {
                "c": creditor.pk, "a": account.pk, "debtors": debtors, "each": each, "gap": max(1, days // each), "never": 2 * never,
                "today": today, "first": today - timedelta(days=days), "days": days,
            },
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return creditor
