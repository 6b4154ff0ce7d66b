"""A synthetic ledger of any size, written by PostgreSQL itself: debtors with a past, some with something open."""

from __future__ import annotations

from datetime import date

from django.db import connection

from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor
from cobranza.ledger.registry import register_account, register_creditor
from tests.journeys.ledger.conftest import IBAN

ROBOT = Actor.robot("banco")
TODAY = date(2026, 6, 30)

# Debtor n has 1 to 7 invoices over two years. `slow` (0…1) makes it late; the last tenth of what falls due is unpaid.
_FILL = """
SELECT setseed(0.42);
ALTER TABLE ledger_invoice DISABLE TRIGGER USER;  -- the sums that triggers keep are written here at once
ALTER TABLE ledger_movement DISABLE TRIGGER USER;
ALTER TABLE ledger_allocation DISABLE TRIGGER USER;

INSERT INTO ledger_debtor (creditor_id, erp, erp_key, name, trade_name, tax_id, country, group_key, created_at,
                           updated_at)
SELECT %(creditor)s, 'b', 'd' || n, 'Deudor ' || n, '', '', CASE n %% 5 WHEN 0 THEN 'MX' ELSE 'ES' END, '', now(), now()
FROM generate_series(1, %(debtors)s) n;

CREATE TEMP TABLE bill ON COMMIT DROP AS
SELECT d.id AS debtor, row_number() OVER () AS n, issued, issued + 30 * (1 + d.id %% 3)::int AS due, gross,
       issued + 30 * (1 + d.id %% 3)::int + (slow * 40 - 6 + 25 * ln(1 / (1 - u)) * slow)::int AS paid_on,
       v < 0.03 + 0.12 * slow AS never
FROM (SELECT id, (id * 7919 %% 1000) / 1000.0 AS slow FROM ledger_debtor WHERE creditor_id = %(creditor)s) d,
     LATERAL generate_series(1, 1 + d.id %% 7) k,
     LATERAL (SELECT date %(today)s - (730 * random())::int AS issued,
                     round((20 + 2000 * random() * random())::numeric + 0 * k, 2) AS gross,
                     random() * 0.999 AS u, random() AS v) r;

INSERT INTO ledger_statement (account_id, source, sha256, file_name, index, format, lines, added, imported_at)
VALUES (%(account)s, 'b', repeat('0', 64), '', 0, 'b', 0, 0, now());

INSERT INTO ledger_invoice (id, creditor_id, debtor_id, erp, erp_key, kind, number, issued_on, due_on, currency, net,
                            tax, gross, elsewhere, allocated, payment_reference, customer_reference, mandate,
                            remittance, read_at, created_at)
SELECT n, %(creditor)s, debtor, 'b', 'f' || n, 'invoice', 'F-' || n, issued, due, 'EUR', gross, 0, gross, 0,
       CASE WHEN never OR paid_on > %(today)s THEN 0 ELSE gross END, '', '', '', '', now(), now()
FROM bill ORDER BY n;

INSERT INTO ledger_movement (id, account_id, statement_id, fingerprint, occurrence, booked_on, value_on, amount,
                             currency, text, reference, counterparty_name, counterparty_account, counterparty_tax_id,
                             bank_code, details, position, assumed, used, created_at)
SELECT n, %(account)s, (SELECT max(id) FROM ledger_statement), 'm' || n, 0, paid_on, paid_on, gross, 'EUR', '', '', '',
       'ES' || debtor || CASE WHEN n %% 50 = 0 THEN 'B' ELSE '' END, '', CASE WHEN n %% 9 = 0 THEN '099' ELSE '001' END,
       '[]', '', '', gross, now()
FROM bill WHERE NOT never AND paid_on <= %(today)s ORDER BY n;

INSERT INTO ledger_allocation (key, movement_id, invoice_id, applied, withheld, fee, discount, cash, in_erp, rule,
                               confidence, explanation, decided_by, decided_by_name, decided_at, reversed_by,
                               reversed_by_name, reversed_reason)
SELECT 'a' || n, n, n, gross, 0, 0, 0, gross, 0, 'b', 1, '', 'robot', 'b', now(), '', '', ''
FROM bill WHERE NOT never AND paid_on <= %(today)s ORDER BY n;

INSERT INTO ledger_word (key, debtor_id, channel, direction, address, subject, text, author, at, reference, handled_by,
                         created_at)
SELECT 'w' || n, debtor, CASE n %% 3 WHEN 0 THEN 'whatsapp' ELSE 'email' END,
       CASE n %% 4 WHEN 0 THEN 'in' ELSE 'out' END,
       '', '', '', 'b', due + interval '5 days', '', '', now()
FROM bill WHERE n %% 5 = 0 AND due + 5 <= date %(today)s;
"""


def filled(debtors: int, key: str = "b") -> Creditor:
    """A creditor with so many debtors, four invoices each on average; the caller rolls it back (its guards are off)."""
    creditor = register_creditor(key, "Banco de pruebas, S.A.", actor=ROBOT, country="ES")
    account = register_account(creditor, IBAN, "EUR", actor=ROBOT, name="Operativa")
    values: dict[str, int | str] = {
        "creditor": creditor.pk,
        "account": account.pk,
        "debtors": debtors,
        "today": TODAY.isoformat(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FILL, values)
        cursor.execute("ANALYZE ledger_debtor, ledger_invoice, ledger_movement, ledger_allocation, ledger_word")
    return creditor
