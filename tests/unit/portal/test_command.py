"""`cobranza portal`: links are given once, listed without their addresses, and taken back."""

from __future__ import annotations

import json
import re

from click.testing import CliRunner

from cobranza.cli.portal import portal
from cobranza.ledger import links
from cobranza.ledger.models import Debtor
from tests.unit.portal.conftest import Browser


def _run(*words: str) -> str:
    done = CliRunner().invoke(portal, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_link_is_given_listed_and_taken_back(browser: Browser) -> None:
    given = json.loads(_run("link", "c1", "--person", "ana", "--json"))
    found = re.fullmatch(r"http://127\.0\.0\.1:8010/d/([^/]+)/", given["url"])
    assert found is not None
    link = links.find(found[1])
    assert link is not None
    assert link.debtor == browser.debtor

    listed = _run("links", "c1", "--json")
    assert [each["link"] for each in json.loads(listed)] == [browser.link.pk, link.pk]
    assert found[1] not in listed

    _run("revoke", str(link.pk), "--why", "Se envió a otra persona", "--person", "ana")
    assert links.find(found[1]) is None
    assert "retirado: Se envió a otra persona" in _run("links", "c1")


def test_a_key_of_the_erp_comes_before_a_number_of_ours(browser: Browser) -> None:
    Debtor.objects.filter(pk=browser.other.pk).update(erp_key=str(browser.debtor.pk))
    given = json.loads(_run("link", str(browser.debtor.pk), "--person", "ana", "--json"))
    assert given["debtor"] == browser.other.pk
    assert json.loads(_run("link", str(browser.other.pk), "--person", "ana", "--json"))["debtor"] == browser.other.pk
