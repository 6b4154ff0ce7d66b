"""A small company's two accounts, invented from a seed: the same seed and day give the same world."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

from cobranza.demo.banks.world import Account, Movement, World

DAYS = 60
COMPANY = "TALLERES OLIVO Y JARA SL"

_CUSTOMERS = (
    ("FERRETERIA LA ENCINA SL", "B99000015"),
    ("PANADERIA HNOS. QUIROGA CB", "E99000022"),
    ("GRUPO ALMENDRAL SA", "A99000039"),
    ("NAVES DEL SUR COOP.", "F99000046"),
    ("MUÑOZ E HIJOS SL", "B99000053"),
    ("TRANSPORTES RIO SECO SL", "B99000060"),
    ("CLINICA VETERINARIA LUNA SLP", "B99000077"),
    ("AYUNTAMIENTO DE VILLAFICTA", "P9900008J"),
    ("BODEGAS EL OLIVAR SA", "A99000091"),
    ("ESTUDIO NOGAL ARQUITECTOS SLP", "B99000107"),
)
_SUPPLIERS = (
    ("ENERGIA CLARA SA", "RECIBO LUZ"),
    ("TELEFONIA DEL VALLE SA", "RECIBO TELEFONO"),
    ("SUMINISTROS INDUSTRIALES GARZA SL", "PAGO FACTURA"),
    ("SEGUROS LA TORRE SA", "RECIBO SEGURO"),
    ("GESTORIA CAMPILLO SL", "RECIBO GESTORIA"),
)
_ENTITY = {"caja_demo": "9817", "banco_ejemplo": "9823"}


def invent(bank: str, seed: int, today: date) -> World:
    """Two accounts: the busy one with about 120 movements over 60 days, a quiet one, both with pending movements.

    There are always two truly equal movements on one day, and one booked minutes before midnight.
    """
    dice = random.Random(f"{bank}:{seed}:{today.isoformat()}")  # noqa: S311 - a demo, not a secret
    busy = Account(
        id="c1",
        iban=spanish_iban(_ENTITY.get(bank, "9831"), "0001", f"{dice.randrange(10**10):010d}"),
        name="Cuenta operativa",
        currency="EUR",
        opening=_euros(dice, 8_000, 30_000),
    )
    quiet = Account(
        id="c2",
        iban=spanish_iban(_ENTITY.get(bank, "9831"), "0002", f"{dice.randrange(10**10):010d}"),
        name="Cuenta de impuestos",
        currency="EUR",
        opening=_euros(dice, 2_000, 9_000),
    )
    first = today - timedelta(days=DAYS)
    for account, lines in ((busy, _busy(dice, first, today)), (quiet, _quiet(dice, first, today))):
        account.movements = sorted(lines, key=lambda movement: movement.booked_on)
    number = 0
    for account in (busy, quiet):
        for index, movement in enumerate(account.movements):
            number += 1
            account.movements[index] = replace(movement, id=number)
    return World(accounts=[busy, quiet])


def arrival(dice: random.Random, number: int, today: date) -> Movement:
    """One more customer payment, as it comes in while somebody is reading."""
    name, tax_id = dice.choice(_CUSTOMERS)
    invoice = f"F2026-{dice.randrange(1, 900):05d}"
    return Movement(
        id=number,
        booked_on=today,
        value_on=today,
        amount=_euros(dice, 40, 3_000),
        text=(f"TRANSF. DE {name}", f"FRA {invoice}"),
        reference=invoice,
        counterparty_name=name,
        counterparty_tax_id=tax_id,
        counterparty_account=spanish_iban("9840", "0007", f"{dice.randrange(10**10):010d}"),
        bank_code="04/007",
        booked_at=time(dice.randrange(8, 20), dice.randrange(60)),
    )


def spanish_iban(entity: str, branch: str, number: str) -> str:
    """A Spanish IBAN with right check digits, of an entity that does not exist.

    Source: control digits of the código cuenta cliente (modulo 11, weights 1 2 4 8 5 10 9 7 3 6), ISO 13616.

    >>> spanish_iban("9999", "0001", "1234567890")[:2]
    'ES'
    """
    weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)

    def control(digits: str) -> str:
        rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
        return {10: "1", 11: "0"}.get(rest, str(rest))

    bban = entity + branch + control("00" + entity + branch) + control(number) + number
    check = 98 - int(bban + "142800") % 97
    return f"ES{check:02d}{bban}"


def _busy(dice: random.Random, first: date, today: date) -> Iterator[Movement]:
    day = first
    while day <= today:
        for _ in range(dice.choice((1, 2, 2, 3, 3, 4)) if day.weekday() < 5 else 0):
            yield _one(dice, day)
        day += timedelta(days=1)
    # A customer who pays the same fee twice on one day: two movements that nothing tells apart.
    twins_on = _weekday(today - timedelta(days=9))
    twin = Movement(
        id=0,
        booked_on=twins_on,
        value_on=twins_on,
        amount=Decimal("121.00"),
        text=("TRANSF. DE NAVES DEL SUR COOP.", "CUOTA MANTENIMIENTO"),
        reference="CUOTA",
        counterparty_name="NAVES DEL SUR COOP.",
        counterparty_tax_id="F99000046",
        bank_code="04/007",
    )
    yield twin
    yield twin
    # 23:30 in Madrid is still the same day there, 00:15 is the day before in UTC: both must keep Madrid's day.
    yield replace(_one(dice, _weekday(today - timedelta(days=4))), booked_at=time(23, 30))
    yield replace(_one(dice, _weekday(today - timedelta(days=5))), booked_at=time(0, 15))
    for _ in range(2):
        name, tax_id = dice.choice(_CUSTOMERS)
        yield Movement(
            id=0,
            booked_on=today,
            value_on=None,
            amount=_euros(dice, 50, 900),
            text=(f"TRANSF. PENDIENTE DE {name}",),
            counterparty_name=name,
            counterparty_tax_id=tax_id,
            pending=True,
        )


def _quiet(dice: random.Random, first: date, today: date) -> Iterator[Movement]:
    for weeks in range(DAYS // 7):
        day = _weekday(first + timedelta(days=7 * weeks + 2))
        yield Movement(
            id=0,
            booked_on=day,
            value_on=day,
            amount=_euros(dice, 200, 700),
            text=("TRASPASO DESDE CUENTA OPERATIVA",),
            counterparty_name=COMPANY,
            bank_code="04/002",
        )
    day = _weekday(today - timedelta(days=3))
    yield Movement(
        id=0,
        booked_on=day,
        value_on=day,
        amount=-_euros(dice, 600, 1_900),
        text=("IMPUESTOS AEAT", "MOD 303 3T"),
        reference="3039900000013",
        counterparty_name="AGENCIA TRIBUTARIA",
        bank_code="05/036",
    )


def _one(dice: random.Random, day: date) -> Movement:
    at = time(dice.randrange(7, 21), dice.randrange(60))
    if dice.random() < 0.68:
        name, tax_id = dice.choice(_CUSTOMERS)
        invoice = f"F2026-{dice.randrange(1, 900):05d}"
        wording = dice.choice(
            (f"FRA {invoice}", f"Pago factura {invoice}", f"PAGO FRAS {invoice} Y OTRAS", "SEGUN LO ACORDADO")
        )
        return Movement(
            id=0,
            booked_on=day,
            value_on=day + timedelta(days=dice.choice((0, 0, 0, 1, -1))),
            amount=_euros(dice, 40, 4_500),
            text=(f"TRANSF. DE {name}", wording),
            reference=invoice if invoice in wording else "",
            counterparty_name=name,
            counterparty_account=spanish_iban("9840", "0007", f"{dice.randrange(10**10):010d}"),
            counterparty_tax_id=tax_id,
            bank_code="04/007",
            booked_at=at,
        )
    if dice.random() < 0.2:
        return Movement(
            id=0, booked_on=day, value_on=day, amount=-Decimal(dice.choice(("0.60", "12.00", "3.50"))),
            text=("COMISION MANTENIMIENTO",), bank_code="17/018", booked_at=at,
        )  # fmt: skip
    name, wording = dice.choice(_SUPPLIERS)
    return Movement(
        id=0,
        booked_on=day,
        value_on=day - timedelta(days=dice.choice((0, 0, 1))),
        amount=-_euros(dice, 20, 2_800),
        text=(f"{wording} {name}",),
        reference=f"{dice.randrange(10**9):012d}",
        counterparty_name=name,
        bank_code="03/038",
        booked_at=at,
    )


def _weekday(day: date) -> date:
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return day


def _euros(dice: random.Random, low: int, high: int) -> Decimal:
    return Decimal(dice.randrange(low * 100, high * 100)).scaleb(-2)
