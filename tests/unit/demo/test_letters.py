"""What the demo's debtors write reads as what it is meant to be."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from email import message_from_bytes
from email.policy import default as policy

import pytest

from cobranza.demo.mail import letters
from cobranza.demo.mail.letters import Letter, Owed
from cobranza.disputes.ports import Kind
from cobranza.disputes.reading import reader

TODAY = date(2026, 11, 20)


def _owed(number: int) -> Owed:
    return Owed(
        number=f"F2026-{number:05d}",
        gross=Decimal("1210.00") + number,
        due_on=date(2026, 10, number + 1),
        name=f"Talleres {number}, S.L.",
        address=f"pagos@c{number:03d}.example",
    )


@pytest.fixture(scope="module")
def written() -> list[Letter]:
    open_ones, settled = letters.needed()
    return letters.compose(
        [_owed(number) for number in range(open_ones)], [_owed(20 + number) for number in range(settled)], today=TODAY
    )


def test_machines_and_people_are_told_apart(written: list[Letter]) -> None:
    kinds = {one.name: reader.read(one.raw).kind for one in written}
    assert kinds.pop("13-fuera-de-la-oficina") == Kind.AUTO_REPLY
    assert kinds.pop("14-rebote") == Kind.BOUNCE
    assert set(kinds.values()) == {Kind.HUMAN}
    assert len(kinds) == 12


def test_only_the_second_delivery_repeats_a_message(written: list[Letter]) -> None:
    canonical = Counter(reader.read(one.raw).canonical for one in written)
    assert sorted(canonical.values(), reverse=True)[:2] == [2, 1]
    assert len({one.raw for one in written}) == len(written)


def test_the_thread_goes_on(written: list[Letter]) -> None:
    [later] = [one for one in written if one.name == "11-sigue-el-hilo"]
    first = message_from_bytes(written[0].raw, policy=policy)
    assert reader.read(later.raw).references == (str(first["Message-ID"]),)


def test_the_disputed_part_is_less_than_the_document(written: list[Letter]) -> None:
    found = reader.read(written[0].raw)
    amounts = [one.value for one in found.entities if one.type == "amount"]
    assert amounts == ["242.00 EUR"]
    assert [one.value for one in found.entities if one.type == "invoice"].count("F2026-00000") == 2  # subject and text


def test_quoted_reminders_are_not_the_debtor_s_words(written: list[Letter]) -> None:
    [paid] = [one for one in written if one.name == "02-ya-pagada"]
    found = reader.read(paid.raw)
    assert "Les recordamos" in found.body
    assert "Les recordamos" not in found.own_text
