"""States, numbers, notifications with their clock, rejections and amendments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.demo.court import clock, profiles
from cobranza.demo.court.aftermath import STATES
from tests.unit.court.visitor import Visitor

Enter = Callable[..., Visitor]
_LONG = {"idle_seconds": 10**9, "absolute_seconds": 10**9}


def test_a_case_goes_from_the_desk_to_its_end(visit: Enter) -> None:
    visitor = visit()
    filing = visitor.file()["id"]
    for state in ("repartido", "admitido", "requerido", "decreto", "archivado"):
        visitor.admin("curso", filing=filing, state=state)
    (row,) = visitor.truth()["filings"]
    assert [one["state"] for one in row["history"]][-1] == "archivado"
    assert row["case_number"] == "0000001/2026"
    assert len(row["nig"].replace(" ", "")) == 19
    assert "Decanato de los Juzgados de Madrid" in row["court"]
    visitor.get(f"asuntos/{filing}")
    assert 'data-estado="archivado"' in visitor.page
    assert row["nig"] in visitor.page


def test_a_case_skips_nothing(visit: Enter) -> None:
    visitor = visit()
    filing = visitor.file()["id"]
    for state in ("admitido", "decreto", "presentado", "en_la_luna"):
        answer = visitor.client.post(
            "/__curso", json={"filing": filing, "state": state}, headers={"X-Demo-Token": visitor.court.token}
        )
        assert answer.status_code == 400, state
    assert visitor.truth()["filings"][0]["state"] == "presentado"


def test_every_state_can_be_reached() -> None:
    reached = {"presentado"}
    for _ in STATES:
        reached |= {name for name, state in STATES.items() if reached & set(state.after)}
    assert reached == set(STATES)


def test_the_clock_moves_a_case_by_itself(visit: Enter) -> None:
    visitor = visit()
    filing = visitor.file()["id"]
    visitor.admin("curso", filing=filing, auto=True)
    visitor.admin("reloj", advance_seconds=7 * 86400)
    (row,) = visitor.truth()["filings"]
    assert [one["state"] for one in row["history"]] == ["presentado", "repartido", "admitido"]
    assert row["history"][1]["at"].startswith("2026-11-25T10:02"), "when it was due, not when somebody looked"


def test_a_notification_is_listed_unopened_opened_with_a_receipt_and_only_then_read(visit: Enter) -> None:
    visitor = visit()
    filing = visitor.file()["id"]
    visitor.admin("curso", filing=filing, state="repartido")
    (notice,) = visitor.truth()["notices"]
    assert (notice["state"], notice["until"]) == ("pendiente", "2026-11-26")
    visitor.get("notificaciones")
    assert f'data-notificacion="{notice["id"]}" data-estado="pendiente"' in visitor.page
    visitor.get(f"notificaciones/{notice['id']}/resolucion.pdf")
    assert visitor.status == 404, "not before it is opened"
    visitor.get(f"notificaciones/{notice['id']}")
    assert notice["text"] not in visitor.page
    visitor.post(f"notificaciones/{notice['id']}/abrir")
    assert notice["text"] in visitor.page
    for name in ("resolucion", "justificante"):
        answer = visitor.client.get(f"/es_lexnet/notificaciones/{notice['id']}/{name}.pdf")
        assert answer.content.startswith(b"%PDF-")
    visitor.admin("fallos", **_LONG)
    visitor.admin("reloj", advance_seconds=30 * 86400)
    assert visitor.truth()["notices"][0]["state"] == "abierta", "what was opened does not expire"


def test_a_notification_nobody_opens_is_served_after_three_working_days(visit: Enter) -> None:
    visitor = visit()
    filing = visitor.file()["id"]
    visitor.admin("reloj", now="2026-12-04T12:00:00+01:00")  # Friday; Madrid rests on the 7th and the 8th
    visitor.admin("curso", filing=filing, state="repartido")
    assert visitor.truth()["notices"][0]["until"] == "2026-12-11"
    visitor.admin("reloj", now="2026-12-11T23:59:58+01:00")
    assert visitor.truth()["notices"][0]["state"] == "pendiente"
    visitor.admin("reloj", now="2026-12-12T00:00:01+01:00")
    assert visitor.truth()["notices"][0]["state"] == "vencida"


def test_a_required_writ_is_amended_in_time(visit: Enter) -> None:
    visitor = visit()
    filing = visitor.file()
    visitor.admin("curso", filing=filing["registry"], state="repartido")
    visitor.admin("curso", filing=filing["registry"], state="subsanacion", reasons=["MASC-03", "Falta el índice."])
    (row,) = visitor.truth()["filings"]
    assert row["answer_by"] == "2026-12-09", "ten working days; Madrid rests on 7 and 8 December"
    visitor.get(f"asuntos/{filing['id']}")
    assert "MASC-03: No se acredita el intento de negociación previa (MASC)." in visitor.page
    assert "<li>Falta el índice.</li>" in visitor.page
    draft = visitor.draft("subsanacion", rechazado=filing["registry"])
    fresh = visitor.court.store.get("draft", f"es_lexnet/{draft}") or {}
    assert (fresh["corrects"], len(fresh["parties"])) == (filing["registry"], 2)
    again = visitor.ready(kind="subsanacion", corrects=filing["registry"])
    visitor.send(again)
    first, second = visitor.truth()["filings"]
    assert (first["state"], second["corrects"]) == ("subsanado", filing["registry"])


def test_a_rejected_writ_says_why_and_can_be_amended_once(visit: Enter) -> None:
    visitor = visit()
    filing = visitor.file()
    visitor.get("borradores/nuevo")
    visitor.post("borradores/nuevo", tipo="subsanacion", rechazado=filing["registry"])
    assert visitor.reasons == ["TIP-02"], "nothing to amend yet"
    visitor.admin("curso", filing=filing["id"], state="rechazado", reasons=["CAT-01"])
    assert filing["registry"] in visitor.get("borradores/nuevo")
    visitor.send(visitor.ready(kind="subsanacion", corrects=filing["registry"]))
    assert filing["registry"] not in visitor.get("borradores/nuevo")


def test_colombia_sends_its_number_by_mail_after_the_distribution(visit: Enter) -> None:
    visitor = visit("co")
    filing = visitor.file()
    assert filing["case_number"] == ""
    visitor.admin("curso", filing=filing["id"], state="repartido")
    truth = visitor.truth()
    number = truth["filings"][0]["case_number"]
    assert (len(number), number.isdigit()) == (23, True)
    assert number in truth["mails"][0]["text"]


def test_days_off_and_closing_hours_move_the_day_that_counts() -> None:
    spain, peru = profiles.load("es_lexnet"), profiles.load("pe_mpe")
    madrid, lima = ZoneInfo("Europe/Madrid"), ZoneInfo("America/Lima")
    assert clock.counts_on(spain, datetime(2026, 11, 23, 23, 59, tzinfo=madrid)) == date(2026, 11, 23)
    assert clock.counts_on(spain, datetime(2026, 11, 21, 9, 0, tzinfo=madrid)) == date(2026, 11, 23)
    assert clock.counts_on(spain, datetime(2026, 8, 3, 9, 0, tzinfo=madrid)) == date(2026, 9, 1), (
        "August does not count"
    )
    assert clock.counts_on(peru, datetime(2026, 11, 23, 16, 30, tzinfo=lima)) == date(2026, 11, 23)
    assert clock.counts_on(peru, datetime(2026, 11, 23, 16, 31, tzinfo=lima)) == date(2026, 11, 24)


@given(
    slug=st.sampled_from(profiles.slugs()),
    start=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    days=st.integers(1, 30),
)
def test_a_term_ends_on_a_working_day_with_as_many_before_it(slug: str, start: date, days: int) -> None:
    profile = profiles.load(slug)
    end = clock.working_days_after(profile, start, days)
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert clock.works(profile, end)
    assert sum(clock.works(profile, day) for day in between) == days


def test_a_clock_is_set_stopped_and_hurried() -> None:
    real = [0.0]
    court = clock.CourtClock(datetime(2026, 11, 23, tzinfo=ZoneInfo("Europe/Madrid")), monotonic=lambda: real[0])
    began = court.now()
    real[0] = 10
    assert court.now() - began == timedelta(seconds=10)
    court.hurry(60)
    real[0] = 11
    assert court.now() - began == timedelta(seconds=70)
    court.hurry(0)
    real[0] = 1000
    court.advance(5)
    assert court.now() - began == timedelta(seconds=75)
    with pytest.raises(ValueError, match="time zone"):
        court.set(datetime(2026, 11, 23))


def test_a_second_part_of_the_tray(visit: Enter) -> None:
    visitor = visit()
    for number in range(21):
        visitor.file(reference=f"EXP-{number:02d}", amount=f"{number + 1}.00")
    visitor.admin("reloj", advance_seconds=61)
    visitor.get("enviados")
    assert "Mostrando 1-20 de 21" in visitor.page
    assert "EXP-20" in visitor.page
    assert "EXP-00" not in visitor.page
    visitor.get("enviados", pagina="2")
    assert "Mostrando 21-21 de 21" in visitor.page
    assert "EXP-00" in visitor.page
    assert "Mostrando 1-1 de 1 " in visitor.get("enviados", q="exp-07")
    assert "0 presentaciones" in visitor.get("enviados", desde="01/01/2027")
    assert "Mostrando 1-20 de 21" in visitor.get("enviados", hasta="23/11/2026")
