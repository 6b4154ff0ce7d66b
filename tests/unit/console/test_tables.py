"""Tables: what the URL says is what the database is asked."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import RequestFactory

from cobranza.screens.tables import Column, Filter, Spec, Table

SPEC = Spec(
    columns=(Column(name="name", label="Nombre", order=("name",)), Column(name="other", label="Otro")),
    filters=(Filter(name="letter", label="Letra", choices=(("a", "A"), ("b", "B")), field="name__startswith"),),
    search=("name",),
    sort="name",
    size=3,
)


@pytest.fixture(autouse=True)
def _rows(db: None) -> None:
    Group.objects.all().delete()
    Group.objects.bulk_create(Group(name=name) for name in ("a1", "a2", "a3", "a4", "b1", "b2", "c1"))


def table(**asked: str) -> Table[Group]:
    return Table(SPEC, RequestFactory().get("/lista/", asked), Group.objects.all())


def names(found: Table[Group]) -> list[str]:
    return [row.name for row in found.page]


def test_the_first_page_is_sorted_and_links_to_the_next() -> None:
    found = table()

    assert names(found) == ["a1", "a2", "a3"]
    assert (found.previous, found.next) == ("", "/lista/?page=2")


def test_filter_search_sort_and_page_work_together_and_stay_in_the_links() -> None:
    found = table(letter="a", q="a", sort="-name", page="2")

    assert names(found) == ["a1"]
    assert found.previous == "/lista/?q=a&letter=a&sort=-name&page=1"
    assert found.filtered


def test_sorting_again_turns_the_order() -> None:
    header = table().headers[0]
    assert (header.direction, header.link) == ("ascending", "/lista/?sort=-name")
    header = table(sort="-name").headers[0]
    assert (header.direction, header.link) == ("descending", "/lista/?sort=name")
    assert table().headers[1].link == ""


@pytest.mark.parametrize(
    "asked",
    [
        {"letter": "z"},
        {"sort": "password"},
        {"sort": "-other"},
        {"page": "x"},
        {"page": "-4"},
        {"q": "\x00"},
    ],
    ids=str,
)
def test_nonsense_in_the_url_falls_back_instead_of_failing(asked: dict[str, str]) -> None:
    assert len(names(table(**asked))) >= 1


def test_a_page_past_the_end_shows_the_last() -> None:
    assert names(table(page="99")) == ["c1"]


def test_search_text_is_text_and_no_pattern() -> None:
    assert names(table(q="%")) == []
    assert names(table(q="_")) == []


def test_rows_that_tie_are_on_one_page_each() -> None:
    spec = Spec(columns=(Column(name="n", label="N", order=("name__length",)),), sort="n", size=2)
    from django.db.models import CharField
    from django.db.models.functions import Length

    CharField.register_lookup(Length)
    seen: list[str] = []
    for page in ("1", "2", "3", "4"):
        found = Table(spec, RequestFactory().get("/", {"page": page}), Group.objects.all())
        seen += [row.name for row in found.page]

    assert sorted(seen) == ["a1", "a2", "a3", "a4", "b1", "b2", "c1"]
