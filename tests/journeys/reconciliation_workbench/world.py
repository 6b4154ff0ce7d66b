"""An invented wholesaler: what its customers owe, and a month of its bank account as a Norma 43 file."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from cobranza.demo.banks import extracts
from cobranza.demo.banks import world as bank
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import BankAccount, Creditor
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_account, register_creditor

D = Decimal
ERP = Actor.robot("erp")
IBAN = "ES9121000418450200051332"
COMPANY = "duero"
FIRST = date(2026, 11, 2)

CUSTOMERS = (
    ("c1", "Talleres Ebro, S.L.", "B12345674"),
    ("c2", "Aceites Guadiana, S.A.", "A58818501"),
    ("c3", "Bodegas Miño, S.L.", "B28746063"),
    ("c4", "Ferretería Tajo, S.L.", "B15900426"),
    ("c5", "Gestoría Segura, S.L.P.", "B64717838"),
    ("c6", "Hostal Júcar, S.L.", "B36412385"),
)
# number, customer, net; VAT at 21 % on top
INVOICES = (
    ("FV-26-0101", "c1", "1000.00"),
    ("FV-26-0102", "c1", "250.00"),
    ("FV-26-0103", "c1", "731.40"),
    ("FV-26-0104", "c2", "2000.00"),
    ("FV-26-0105", "c2", "415.25"),
    ("FV-26-0106", "c2", "90.10"),
    ("FV-26-0107", "c3", "640.00"),
    ("FV-26-0108", "c3", "1280.00"),
    ("FV-26-0109", "c3", "333.33"),
    ("FV-26-0110", "c4", "150.75"),
    ("FV-26-0111", "c4", "980.00"),
    ("FV-26-0112", "c4", "77.77"),
    ("FV-26-0113", "c5", "1500.00"),
    ("FV-26-0114", "c5", "620.00"),
    ("FV-26-0115", "c5", "310.00"),
    ("FV-26-0116", "c6", "845.60"),
    ("FV-26-0117", "c6", "212.12"),
    ("FV-26-0118", "c6", "2222.00"),
    ("FV-26-0119", "c1", "512.00"),
    ("FV-26-0120", "c2", "1111.00"),
    ("FV-26-0121", "c3", "404.00"),
    ("FV-26-0122", "c4", "1650.00"),
    ("FV-26-0123", "c5", "88.00"),
    ("FV-26-0124", "c6", "930.00"),
)


def gross(number: str) -> Decimal:
    """What an invoice comes to."""
    net = next(D(net) for found, _customer, net in INVOICES if found == number)
    return net + (net * D("0.21")).quantize(D("0.01"))


def lines() -> list[tuple[str, Decimal, str]]:
    """(payer, amount, text) of every movement, in order."""
    names = {key: name.upper().replace(",", "") for key, name, _tax in CUSTOMERS}
    owner = {number: names[customer] for number, customer, _net in INVOICES}

    def plain(number: str) -> tuple[str, Decimal, str]:
        return owner[number], gross(number), f"PAGO FRA {number}"

    exact = [plain(f"FV-26-{place:04d}") for place in (101, 104, 107, 110, 116, 119, 120, 121, 122, 123, 124)]
    return [
        *exact,
        (names["c1"], gross("FV-26-0102") + gross("FV-26-0103"), "FRAS FV-26-0102 Y FV-26-0103"),
        (names["c2"], D("300.00"), "A CUENTA FRA FV-26-0105"),
        (names["c3"], gross("FV-26-0108") - D("13.37"), "FRA FV-26-0108 MENOS GASTOS TRANSFERENCIA"),
        (names["c5"], gross("FV-26-0113") - D("225.00"), "FACTURA FV-26-0113 LIQUIDO"),
        (names["c4"], gross("FV-26-0111") - D("19.60"), "FV-26-0111 DTO PRONTO PAGO"),
        (names["c6"], D("5000.00"), "ENTREGA A CUENTA PEDIDOS 2027"),
        ("", D("88.88"), "INGRESO EN EFECTIVO"),
        ("AGENCIA TRIBUTARIA", D("412.09"), "DEVOLUCION IVA"),
        ("J PEREZ", gross("FV-26-0117"), "HABITACION"),
        (names["c2"], gross("FV-26-0106"), "TRANSFERENCIA"),
        ("BANCO", D("-12.50"), "COMISION MANTENIMIENTO"),
        *(plain(f"FV-26-{place:04d}") for place in (109, 112, 114, 115, 118)),
    ]


def ledger() -> Creditor:
    """The company, its account and what it is owed."""
    creditor = register_creditor(COMPANY, "Suministros Duero, S.L.", actor=ERP, tax_id="A58818501", country="ES")
    register_account(creditor, IBAN, "EUR", actor=ERP, name="Operativa")
    documents = tuple(
        OpenDocument(
            key=number,
            number=number,
            customer=customer,
            kind="invoice",
            issued_on=date(2026, 9, 1) + timedelta(days=place),
            due_on=date(2026, 10, 1) + timedelta(days=place),
            currency="EUR",
            net=D(net),
            tax=gross(number) - D(net),
            gross=gross(number),
            open=gross(number),
        )
        for place, (number, customer, net) in enumerate(INVOICES)
    )
    customers = tuple(Customer(key=key, name=name, tax_id=tax, country="ES", email="") for key, name, tax in CUSTOMERS)
    reading = OpenLedger(
        customers=customers,
        documents=documents,
        control_count=len(documents),
        control_source="recuento de la API",
        issues=(),
    )
    import_ledger(creditor, "tryton", reading, actor=ERP)
    return creditor


def statement() -> bytes:
    """The month as the bank hands it out."""
    account = bank.Account(id="1", iban=IBAN, name="Operativa", currency="EUR", opening=D("1000.00"))
    rows = lines()
    for number, (payer, amount, text) in enumerate(rows, start=1):
        day = FIRST + timedelta(days=min(number, 20))
        account.add(
            bank.Movement(
                id=number,
                booked_on=day,
                value_on=day,
                amount=amount,
                text=(f"TRANSF. DE {payer}" if payer else "INGRESO", text),
                bank_code="04/007",
            )
        )
    return extracts.norma43(account.extract(FIRST, FIRST + timedelta(days=27)))


def cut_statement() -> bytes:
    """The same file without one of its movements: its totals give it away."""
    lines = statement().splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if line.startswith(b"22"))
    return b"".join(lines[:at] + lines[at + 1 :])


def account() -> BankAccount:
    """Where customers pay."""
    return BankAccount.objects.get(iban=IBAN)
