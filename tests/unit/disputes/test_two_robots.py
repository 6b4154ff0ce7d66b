"""Two robots over the same mails at the same time, with connections of their own: one of each per mail all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from cobranza.disputes import workflow
from cobranza.disputes.models import Dispute, Mail
from cobranza.ledger.verification import verify
from cobranza.runs.models import WorkItem
from tests.unit.disputes import fakes
from tests.unit.disputes.conftest import Office

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 120


def together(*acts: Callable[[], object]) -> None:
    """Run each in a thread with a connection of its own, all starting at once."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        try:
            barrier.wait(PATIENCE)
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        for future in [pool.submit(run, act) for act in acts]:
            future.result(PATIENCE)


def test_two_robots_share_the_mails_of_one_mailbox(office: Office) -> None:
    for number in range(8):
        content = fakes.raw(f"La F2026-00381 es incorrecta ({number})", message_id=f"<{number}@pepa.example>")
        office.inbox.deliver(content)
        office.inbox.deliver(b"Received: from a by b\r\n" + content)
    workflow.collect(office.shift())
    robots = [office.shift(), office.shift()]
    together(*(lambda shift=shift: workflow.work(shift) for shift in robots))
    office.hurry()
    workflow.work(office.shift())

    assert Counter(Mail.objects.values_list("state", flat=True)) == {"acusado": 8, "ignorado": 8}
    assert len(office.desk.tickets) == Dispute.objects.count() == 8
    assert len(office.sender.sent) == 8
    assert not WorkItem.objects.exclude(state="hecho").exists()
    assert verify().ok


def test_the_cap_holds_for_two_robots(office: Office) -> None:
    for number in range(6):
        office.inbox.deliver(fakes.raw(f"Pregunta {number}", message_id=f"<{number}@pepa.example>"))
    workflow.collect(office.shift())
    robots = [office.shift(acuses_por_dia=3), office.shift(acuses_por_dia=3)]
    together(*(lambda shift=shift: workflow.work(shift) for shift in robots))
    assert len(office.sender.sent) == 3
    assert len(office.desk.tickets) == 6
