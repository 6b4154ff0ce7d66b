"""What a debtor does on their own page: says how it went, and asks for a person to look at a score."""

from __future__ import annotations

import pytest

from cobranza.ledger import ratings
from cobranza.ledger.models import Event, Survey, Task
from cobranza.risk.models import Contest
from tests.unit.portal.conftest import ROBOT, Browser, browser, configured, pages, sent_now

__all__ = ["browser", "configured", "pages", "sent_now"]


def test_the_survey_is_answered_once_and_by_link_alone(browser: Browser) -> None:
    assert "nada que contestar" in browser.get("encuesta/").content.decode()
    asked = ratings.ask_survey(browser.debtor, "k1", actor=ROBOT)
    page = browser.get("encuesta/").content.decode()
    assert "Aguas de Prueba" in page
    assert "Pepa" not in page, "the link alone shows nothing of who it is"
    assert "1.210" not in page

    for wrong in ("", "11", "-1", "2.5", "٣"):
        assert browser.post("encuesta/", {"nota": wrong}).status_code == 422
    assert browser.post("encuesta/", {"nota": "9", "texto": "Bien"}).status_code == 302
    assert "Gracias" in browser.get("encuesta/").content.decode()
    browser.post("encuesta/", {"nota": "1"})
    asked.refresh_from_db()
    assert (asked.score, asked.comment) == (9, "Bien")
    assert Event.objects.filter(kind="survey.answered").count() == 1
    assert Survey.objects.count() == 1


def test_a_review_is_asked_for_after_the_second_proof_and_lands_with_a_person(browser: Browser) -> None:
    assert browser.post("revision/", {"texto": "x"}).status_code == 302
    assert not Contest.objects.exists()
    browser.enter()
    page = browser.get("revision/").content.decode()
    assert "cálculo automático" in page
    assert "riesgo" not in page, "nothing of the score is shown"
    browser.post("revision/", {"texto": "Pagué en mano"})
    browser.post("revision/", {"texto": "otra vez"})

    row = Contest.objects.get()
    assert (row.debtor_id, row.via, row.said) == (browser.debtor.pk, "portal", "Pagué en mano")
    assert "Pagué en mano" in Task.objects.get(source=f"revision:{row.pk}").why
    assert "Recibido" in browser.get("revision/?hecho").content.decode()


@pytest.mark.parametrize("page", ["encuesta/", "revision/"])
def test_a_forged_link_learns_nothing(browser: Browser, page: str) -> None:
    assert browser.get(page, token="1-AAAAAAAAAAAAAAAAAAAAAA").status_code == 404
