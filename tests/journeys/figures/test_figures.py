"""The figures of a small company, from real proposals, postings and decisions, on the screen and as files."""

from __future__ import annotations

import csv
import inspect
import io
import json
from decimal import Decimal

import click
import openpyxl
import pytest
from click.testing import CliRunner
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from cobranza.cli import reconcile_figures as cli
from cobranza.ledger.models import Debtor, Movement
from cobranza.reconciliation.figures import query
from cobranza.reconciliation.models import Match
from cobranza.reconciliation.workbench import on_account
from cobranza.screens.access import Role
from tests.journeys.ledger.conftest import DAY

pytestmark = pytest.mark.django_db
D = Decimal


def test_the_figures_are_those_of_what_happened(company) -> None:
    found = query.as_dict(query.report(company, DAY.replace(day=1), DAY))

    total = found["straight_through"]["total"]
    assert (total["documents"], total["documents_automatic"], total["by_document"]) == (4, 1, "0.2500")
    assert (total["payments"], total["payments_automatic"]) == (4, 1)
    assert [row["key"] for row in found["straight_through"]["by_bank"]] == ["Operativa"]
    assert [row["key"] for row in found["straight_through"]["by_month"]] == ["2026-03"]
    assert (found["precision"]["payments"], found["precision"]["corrected"]) == (2, 1)
    assert found["precision_mature"]["payments"] == 0
    assert found["minutes_saved"]["minutes"] == "3"
    assert sum(D(bucket["amount"]) for bucket in found["unapplied"]) == D("33.21") + 122
    assert sum(reason["payments"] for reason in found["reasons"]) == 3
    assert all(not any(ch.isdigit() for ch in reason["reason"]) for reason in found["reasons"])


def test_another_period_and_another_company_are_empty(company) -> None:
    empty = query.report(company, DAY.replace(year=2020), DAY.replace(year=2020))

    assert (empty.total.documents, empty.by_bank, empty.reasons) == (0, [], [])
    assert empty.precision.payments == 0


@pytest.fixture
def client() -> Client:
    user = User.objects.create_user("ana")
    user.groups.set([Group.objects.get_or_create(name=Role.SUPERVISION.value)[0]])
    made = Client()
    made.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return made


PERIOD = {"since": "2026-03", "until": "2026-03"}


def test_the_screen_shows_tables_and_no_inline_style(company, client) -> None:
    page = client.get(reverse("reconciliation:figures"), PERIOD).content.decode()

    assert page.count("<table") == 6
    for text in ("Sin intervención, por banco", "25\xa0%", "Al menos", "Supuesto: 2,0 min", "EUR, 91 días o más"):
        assert text in page
    assert " style=" not in page
    assert "<script>" not in page
    assert page.count("<th scope=") > 20


def test_the_screen_speaks_english(company, client) -> None:
    client.post(reverse("console:language"), {"language": "en", "next": "/"})

    page = client.get(reverse("reconciliation:figures"), PERIOD).content.decode()

    assert "Straight through, by bank" in page
    assert "Sin intervención" not in page


@pytest.mark.parametrize(
    "asked", [{}, {"since": "x", "until": "2026-13"}, {"company": "nadie"}, {"since": "2026-05", "until": "2026-01"}]
)
def test_a_wrong_address_falls_back(company, client, asked: dict[str, str]) -> None:
    assert client.get(reverse("reconciliation:figures"), asked).status_code == 200


def test_only_who_may_look_looks(company) -> None:
    user = User.objects.create_user("bea")
    user.groups.set([Group.objects.get_or_create(name=Role.LEGAL.value)[0]])
    stranger = Client()
    stranger.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    for name in ("figures", "figures_csv", "figures_xlsx"):
        assert stranger.get(reverse(f"reconciliation:{name}")).status_code == 403


def test_the_files_say_the_same_as_the_screen(company, client) -> None:
    account_ = company.bank_accounts.get()
    account_.name = "=1+1"
    type(account_).objects.filter(pk=account_.pk).update(name="=1+1")

    text = client.get(reverse("reconciliation:figures_csv"), PERIOD).content.decode("utf-8-sig")
    book = openpyxl.load_workbook(io.BytesIO(client.get(reverse("reconciliation:figures_xlsx"), PERIOD).content))

    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert ["'=1+1", "4", "1", "25,00", "4", "25,00"] in rows
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[3]] == ["'=1+1", 4, 1, 0.25, 4, 0.25]
    assert len(book.worksheets) == 6


def test_the_command_prints_them(company) -> None:
    bare = click.Command("figures", params=cli.figures.params, callback=inspect.unwrap(cli.figures.callback))

    told = CliRunner().invoke(
        bare, ["--company", "talleres", "--since", "2026-03-01", "--until", "2026-03-31", "--json"]
    )
    drawn = CliRunner().invoke(bare, ["--since", "2026-03-01", "--until", "2026-03-31"])
    unknown = CliRunner().invoke(bare, ["--company", "nadie"])

    assert json.loads(told.stdout)["straight_through"]["total"]["documents"] == 4
    assert drawn.exit_code == 0
    assert "Acierto de lo automático" in drawn.stdout
    assert getattr(unknown.exception, "code", "") == "COB-CON-062"


def test_matches_of_a_person_are_no_reason_of_the_engine(company) -> None:
    assert Match.objects.filter(rule="persona").exists()
    assert "persona" not in str(query.as_dict(query.report(company, DAY, DAY))["reasons"])


def test_money_on_account_ages_too_also_when_its_movement_left_the_queue(company) -> None:
    debtor = Debtor.objects.get()
    aside = Movement.objects.get(text="TRASPASO PROPIO")
    waiting = Movement.objects.get(text="GRACIAS")
    whole = on_account.hold(aside.pk, debtor.pk, D("600.00"), person="ana")
    on_account.hold(waiting.pk, debtor.pk, D("3.21"), person="ana")

    found = query.as_dict(query.report(company, DAY, DAY))["unapplied"]

    assert {bucket["currency"] for bucket in found} == {"EUR"}
    assert sum(D(bucket["amount"]) for bucket in found) == D("33.21") + 122 + 600
    assert sum(D(bucket["on_account"]) for bucket in found) == D("603.21")
    on_account.release(whole, person="ana", reason="Era nuestro")
    after = query.as_dict(query.report(company, DAY, DAY))["unapplied"]
    assert sum(D(bucket["amount"]) for bucket in after) == D("33.21") + 122
    assert sum(D(bucket["on_account"]) for bucket in after) == D("3.21")
