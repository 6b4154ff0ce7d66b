"""What is agreed, said, asked of people and linked: on record once, sealed, and closed to who has no right to it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.test import override_settings

from cobranza.kernel import clock
from cobranza.ledger import agreements, consents, conversation, holds, links, tasks
from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.models import Agreement, Contact, Debtor, Event, Instalment, Invoice, Link, Word
from cobranza.ledger.verification import verify
from tests.journeys.ledger.conftest import ANA, PEPA, ROBOT, Customer, document, import_ledger, line, listed

pytestmark = pytest.mark.django_db
D = Decimal
NOW = datetime(2026, 3, 10, 9, 0, tzinfo=clock.zone("Europe/Madrid"))


def terms(covers: dict[Invoice, str], *amounts: str, key: str = "a1", waived: str = "0") -> agreements.Terms:
    """A plan of so many payments, a month apart."""
    return agreements.Terms(
        key=key,
        currency="EUR",
        kind="instalments",
        payments=tuple(
            agreements.Payment(due=date(2026, 4 + number, 1), amount=D(amount), principal=D(amount))
            for number, amount in enumerate(amounts)
        ),
        covers={invoice.pk: D(amount) for invoice, amount in covers.items()},
        channel="portal",
        proof="portal 7",
        accepted_at=NOW,
        approved_by="matriz: asesor",
        waived_principal=D(waived),
    )


def test_an_agreement_is_concluded_once_and_sealed(owed, creditor) -> None:
    [invoice] = owed(document("1", "300.00"))

    first = agreements.conclude(invoice.debtor, terms({invoice: "300"}, "100", "100", "100"), actor=ROBOT)
    again = agreements.conclude(invoice.debtor, terms({invoice: "300"}, "100", "100", "100"), actor=ROBOT)

    assert first.pk == again.pk
    assert (first.total, first.instalments.count()) == (300, 3)
    assert [each.pk for each in agreements.running(invoice.debtor, "EUR")] == [first.pk]
    assert agreements.running(invoice.debtor, "USD") == []
    assert Event.objects.filter(kind="agreement.concluded").count() == 1
    assert not verify().problems
    Instalment.objects.filter(agreement=first, number=2).update(amount=D("1"))
    assert verify().problems


@pytest.mark.parametrize(
    ("covered", "amounts", "waived"),
    [
        ("300.01", ("300.01",), "0"),  # more than is open
        ("300", ("100", "100"), "0"),  # does not sum
        ("300", ("100", "100"), "99.99"),
        ("0", ("100",), "0"),
        ("300", (), "300"),  # nothing is paid
    ],
)
def test_figures_that_contradict_each_other_are_no_agreement(owed, covered, amounts, waived) -> None:
    [invoice] = owed(document("1", "300.00"))

    with pytest.raises(agreements.AgreementConflict):
        agreements.conclude(invoice.debtor, terms({invoice: covered}, *amounts, waived=waived), actor=ROBOT)
    assert not Agreement.objects.exists()


def test_what_is_disputed_or_agreed_already_is_not_free(owed) -> None:
    [invoice] = owed(document("1", "300.00"))
    holds.put(invoice, source="disputa:1", reason="faltan piezas", amount=D("50"), actor=ROBOT)

    with pytest.raises(agreements.AgreementConflict, match="quedan 250"):
        agreements.conclude(invoice.debtor, terms({invoice: "300"}, "300"), actor=ROBOT)
    made = agreements.conclude(invoice.debtor, terms({invoice: "250"}, "250"), actor=ROBOT)
    with pytest.raises(agreements.AgreementConflict, match="otro acuerdo"):
        agreements.conclude(invoice.debtor, terms({invoice: "10"}, "10", key="a2"), actor=ROBOT)

    agreements.stand(made, "incumplido", reason="dos impagos", actor=ROBOT)
    assert agreements.conclude(invoice.debtor, terms({invoice: "10"}, "10", key="a2"), actor=ROBOT).pk != made.pk


def test_another_debtors_invoice_is_not_covered(creditor, owed) -> None:
    other = Customer(key="c2", name="Otra, S.L.", tax_id="B58818501", country="ES", email="")
    import_ledger(
        creditor,
        "tryton",
        listed(document("1", "300"), document("2", "80", customer="c2"), customers=(PEPA, other)),
        actor=ROBOT,
    )
    mine, theirs = Invoice.objects.order_by("erp_key")

    with pytest.raises(agreements.AgreementConflict, match="no es de"):
        agreements.conclude(mine.debtor, terms({theirs: "80"}, "80"), actor=ROBOT)


def test_an_ended_agreement_stays_as_it_ended_and_what_it_covers_falls_with_the_money(owed, paid) -> None:
    [invoice], [money] = owed(document("1", "300.00")), paid(line("120"))
    made = agreements.conclude(invoice.debtor, terms({invoice: "300"}, "120", "180"), actor=ROBOT)

    allocate(money, [Part(invoice=invoice.pk, applied=D("120"))], actor=ROBOT)
    assert agreements.covered(made) == 180

    agreements.stand(made, "cumplido", reason="está todo pagado", actor=ROBOT)
    after = agreements.stand(made, "impago", reason="tarde", actor=ROBOT)
    assert (after.standing, agreements.running(invoice.debtor)) == ("cumplido", [])


def debtor_with(owed, **contacts: str) -> Debtor:
    [invoice] = owed(document("1", "300.00"))
    for kind, value in contacts.items():
        Contact.objects.get_or_create(debtor=invoice.debtor, kind=kind, value=value, defaults={"source": "una persona"})
    return invoice.debtor


@pytest.mark.parametrize("stored", ["600 111 222", "+34 600-111-222", "0034600111222"])
def test_a_number_is_known_however_it_was_written(owed, stored) -> None:
    debtor = debtor_with(owed, phone=stored)

    assert conversation.who("whatsapp", "34600111222") == debtor
    assert conversation.who("sms", "+34600111222") == debtor
    assert conversation.who("sms", "+52600111222") is None  # the same digits in another country
    assert conversation.who("sms", "+34600111223") is None
    assert conversation.who("email", "PAGOS@pepa.example") == debtor
    assert conversation.who("sms", "") is None


def test_a_number_of_two_debtors_is_nobodys(creditor, owed) -> None:
    debtor = debtor_with(owed, phone="600111222")
    twin = Debtor.objects.create(creditor=creditor, erp="tryton", erp_key="c9", name="Gemela, S.L.", country="ES")
    Contact.objects.create(debtor=twin, kind="phone", value="+34600111222", source="una persona")

    assert conversation.who("sms", "+34600111222") is None
    assert debtor != twin


def test_words_of_all_channels_are_one_thread_and_told_once(owed) -> None:
    debtor = debtor_with(owed)
    said = {"at": NOW, "actor": ROBOT, "debtor": debtor}

    for _ in range(2):
        conversation.note("mail:1", channel="email", direction="in", text="No me llegó", **said)
        conversation.note(
            "wa:1", channel="whatsapp", direction="out", text="Recibido", **(said | {"at": NOW + timedelta(1)})
        )

    thread = list(conversation.thread(debtor))
    assert [(each.channel, each.direction) for each in thread] == [("email", "in"), ("whatsapp", "out")]
    assert Event.objects.filter(kind__in=["word.heard", "word.said"]).count() == 2
    assert conversation.handled(thread[0], by="ana") and not conversation.handled(thread[0], by="luis")
    # The text may be erased by law: the chain holds its digest alone.
    Word.objects.filter(pk=thread[0].pk).update(text="")
    assert not verify().problems


def test_a_person_leads_alone_until_they_give_it_back(owed) -> None:
    debtor = debtor_with(owed)

    conversation.take_over(debtor, actor=ANA)
    conversation.take_over(debtor, actor=ANA)
    assert conversation.leader(debtor) == "ana"
    with pytest.raises(conversation.TakenOver, match="ana"):
        conversation.take_over(debtor, actor=ANA.person("luis"))
    assert conversation.give_back(debtor, actor=ANA) and not conversation.give_back(debtor, actor=ANA)
    assert conversation.leader(debtor) == ""


def test_what_is_wanted_and_what_is_to_be_done_exist_once(owed) -> None:
    debtor = debtor_with(owed)
    asked = {"purpose": "instalment", "source": "acuerdo:1", "text": "Mañana vence"}
    job = {"kind": "llamar", "due_on": date(2026, 4, 3), "why": "no llegó", "source": "acuerdo:1", "actor": ROBOT}

    assert conversation.want(debtor, "acuerdo:1:1", **asked).pk == conversation.want(debtor, "acuerdo:1:1", **asked).pk
    task = tasks.open_task(debtor, "acuerdo:1:llamar:1", **job)
    assert tasks.done(task, outcome="pagará el viernes", actor=ANA).done_by == "ana"
    tasks.done(task, outcome="otra cosa", actor=ROBOT)
    assert tasks.open_task(debtor, "acuerdo:1:llamar:1", **job).outcome == "pagará el viernes"
    assert not tasks.waiting(debtor).exists()
    with pytest.raises(ValueError, match="bailar"):
        tasks.open_task(debtor, "x", **(job | {"kind": "bailar"}))
    assert not verify().problems


def test_a_link_opens_until_it_ends_is_revoked_or_guessed_at(owed) -> None:
    debtor = debtor_with(owed)
    link, token = links.issue(debtor, days=10, reference="m1", actor=ROBOT)

    assert links.issue(debtor, days=10, reference="m1", actor=ROBOT) == (link, token)
    assert links.find(token) == link
    assert links.find(token, link.expires_at) is None
    number, _, mac = token.partition("-")
    for wrong in (
        "",
        "-",
        number,
        f"{int(number) + 1}-{mac}",
        f"{number}-{mac[:-1]}",
        token + "A",
        "²-" + mac,
        "é" + token,
    ):
        assert links.find(wrong) is None
    with override_settings(SECRET_KEY="another installation"):
        assert links.find(token) is None

    for _ in range(links.MOST_TRIES - 1):
        assert links.tried(link, right=False, actor=ROBOT)
    assert links.tried(link, right=True, actor=ROBOT)  # a right one forgives
    for _ in range(links.MOST_TRIES - 1):
        links.tried(link, right=False, actor=ROBOT)
    assert not links.tried(link, right=False, actor=ROBOT)
    assert links.find(token) is None
    assert Link.objects.get().revoked_reason
    assert not verify().problems


def test_a_choice_counts_as_a_whole_and_must_make_sense(owed) -> None:
    debtor = debtor_with(owed)
    consents.prefer(debtor, said="portal", channels=["sms"], weekdays=[0, 1], actor=ROBOT)
    latest = consents.prefer(debtor, said="portal", start=time(10), end=time(13), zone="Europe/Madrid", actor=ROBOT)

    assert consents.preferred(debtor) == latest
    assert latest.channels == []
    for wrong in ({"channels": ["paloma"]}, {"weekdays": [7]}, {"start": time(9)}, {"start": time(9), "end": time(9)}):
        with pytest.raises(consents.ConsentError):
            consents.prefer(debtor, said="portal", actor=ROBOT, **wrong)
