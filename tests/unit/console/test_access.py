"""Who may enter: every address of the console against every role, and the ways in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from cobranza.console.middleware import Gate
from cobranza.screens.access import Role, access_of
from tests.unit.console.conftest import PASSWORD

A, L, S, O, U = Role.ADMINISTRATION, Role.LEGAL, Role.SUPERVISION, Role.OPERATION, Role.AUDIT  # noqa: E741
EVERYBODY = frozenset(Role)
LOOK = frozenset({A, S, O, U})
ACT = frozenset({A, O})
CASES = frozenset({A, L, S, U})
PAPERS = frozenset({A, L})

# Written by hand, on purpose: a change of who may do what has to be made twice.
MATRIX: dict[str, tuple[str, frozenset[Role]]] = {
    "console:home": ("get", EVERYBODY),
    "console:account": ("get", EVERYBODY),
    "console:password": ("get", EVERYBODY),
    "console:totp": ("get", EVERYBODY),
    "console:code": ("get", EVERYBODY),
    "console:logout": ("post", EVERYBODY),
    "console:components": ("get", EVERYBODY),
    "runs:list": ("get", LOOK),
    "runs:robots": ("get", LOOK),
    "runs:start": ("get", ACT),
    "runs:pending": ("get", LOOK),
    "runs:items": ("get", LOOK),
    "runs:item": ("get", LOOK),
    "runs:answer": ("post", ACT),
    "runs:reopen": ("post", ACT),
    "runs:alerts": ("get", LOOK),
    "runs:acknowledge": ("post", frozenset({S, O})),
    "runs:schedules": ("get", frozenset({S, O, U})),
    "runs:credentials": ("get", frozenset({S, O, U})),
    "runs:clear": ("post", frozenset({O})),
    "runs:run": ("get", LOOK),
    "runs:live": ("get", LOOK),
    "runs:stop": ("post", ACT),
    "runs:log": ("get", LOOK),
    "runs:evidence": ("get", LOOK),
    "runs:evidence_file": ("get", LOOK),
    "reconciliation:results": ("get", LOOK),
    "reconciliation:run": ("get", LOOK),
    "reconciliation:proposal": ("get", LOOK),
    "reconciliation:workbench": ("get", LOOK),
    "reconciliation:search": ("get", LOOK),
    "reconciliation:export_csv": ("get", LOOK),
    "reconciliation:export_xlsx": ("get", LOOK),
    "reconciliation:group": ("get", ACT),
    "reconciliation:accept_group": ("post", ACT),
    "reconciliation:sheet": ("post", ACT),
    "reconciliation:decide": ("post", ACT),
    "reconciliation:set_aside": ("post", ACT),
    "reconciliation:note": ("post", ACT),
    "reconciliation:undo": ("post", ACT),
    "reconciliation:lease": ("post", ACT),
    "reconciliation:take_over": ("post", frozenset({S})),
    "reconciliation:release": ("post", ACT),
    "reconciliation:settle_unknown": ("post", ACT),
    "reconciliation:settle_reversal": ("post", ACT),
    "reconciliation:statements": ("get", ACT),
    "reconciliation:statement": ("get", ACT),
    "reconciliation:statement_confirm": ("post", ACT),
    "reconciliation:statement_forget": ("post", ACT),
    "reconciliation:match_company": ("post", ACT),
    "reconciliation:advices": ("get", frozenset({A, S, U})),
    "reconciliation:advice": ("get", frozenset({A, S, U})),
    "reconciliation:advice_tie": ("post", frozenset({A})),
    "reconciliation:advice_untie": ("post", frozenset({A})),
    "reconciliation:advice_dismiss": ("post", frozenset({A})),
    "reconciliation:learned": ("get", LOOK),
    "reconciliation:learned_fact": ("get", LOOK),
    "reconciliation:learned_forget": ("post", ACT),
    "reconciliation:learned_forget_debtor": ("post", ACT),
    "reconciliation:learned_allow": ("post", ACT),
    "reconciliation:figures": ("get", frozenset({A, S, U})),
    "reconciliation:figures_csv": ("get", frozenset({A, S, U})),
    "reconciliation:figures_xlsx": ("get", frozenset({A, S, U})),
    "disputes:tray": ("get", EVERYBODY),
    "disputes:decide": ("post", ACT),
    "disputes:merge": ("post", ACT),
    "disputes:close": ("post", ACT),
    "disputes:reopen": ("post", ACT),
    "disputes:note": ("post", ACT),
    "disputes:turn": ("post", ACT),
    "disputes:take_over": ("post", frozenset({S})),
    "disputes:history": ("get", EVERYBODY),
    "disputes:mails": ("get", EVERYBODY),
    "disputes:mail": ("get", EVERYBODY),
    "disputes:retry": ("post", ACT),
    "disputes:silenced": ("get", EVERYBODY),
    "disputes:lift": ("post", ACT),
    "disputes:figures": ("get", LOOK),
    "disputes:forget": ("post", frozenset({S})),
    "agreements:list": ("get", CASES),
    "agreements:approvals": ("get", CASES),
    "agreements:agreement": ("get", CASES),
    "agreements:adviser": ("get", CASES),
    "agreements:approve": ("post", frozenset({A, S})),
    "agreements:refuse": ("post", frozenset({A, S})),
    "agreements:accept": ("post", frozenset({A, S})),
    "agreements:propose": ("post", frozenset({A, S})),
    "agreements:goes_on": ("post", frozenset({A, S})),
    "agreements:cancel": ("post", frozenset({A, S})),
    "risk:worklist": ("get", CASES),
    "risk:debtor": ("get", CASES),
    "risk:warnings": ("get", CASES),
    "risk:credit": ("get", CASES),
    "risk:warning_act": ("post", frozenset({A, S})),
    "risk:credit_check": ("post", frozenset({A, S})),
    "risk:contest": ("post", frozenset({A, S})),
    "risk:answer": ("post", frozenset({A, S})),
    "risk:decide": ("post", frozenset({A, S, L})),
    "risk:withdraw": ("post", frozenset({A, S, L})),
    "risk:care": ("post", frozenset({A, S, L})),
    "insight:alerts": ("get", frozenset({A, S, U})),
    "insight:alert": ("get", frozenset({A, S, U})),
    "insight:alert_seen": ("post", frozenset({A, S})),
    "insight:alert_assign": ("post", frozenset({A, S})),
    "insight:alert_comment": ("post", frozenset({A, S})),
    "insight:alert_level": ("post", frozenset({A, S})),
    "insight:cash": ("get", frozenset({A, S, U})),
    "insight:simulations": ("get", frozenset({A, S, U})),
    "insight:simulation": ("get", frozenset({A, S, U})),
    "insight:simulate": ("post", frozenset({S})),
    "insight:quality": ("get", frozenset({S, U})),
    "insight:reviews": ("get", frozenset({S})),
    "insight:review": ("get", frozenset({S})),
    "insight:review_draw": ("post", frozenset({S})),
    "legal:cases": ("get", CASES),
    "legal:case": ("get", CASES),
    "legal:document": ("get", CASES),
    "legal:bundle": ("get", CASES),
    "legal:writ": ("get", CASES),
    "legal:packaged": ("get", CASES),
    "legal:news": ("get", CASES),
    "legal:deadlines": ("get", CASES),
    "legal:renew_key": ("post", CASES),
    "legal:upload": ("post", PAPERS),
    "legal:prepare": ("post", PAPERS),
    "legal:add_prior": ("post", PAPERS),
    "legal:remove_prior": ("post", PAPERS),
    "legal:add_contact": ("post", PAPERS),
    "legal:accept": ("post", frozenset({L})),
    "legal:put_off": ("post", frozenset({L})),
    "legal:discard": ("post", frozenset({L})),
    "legal:assign": ("post", frozenset({L})),
    "legal:send_back": ("post", frozenset({L})),
    "legal:sign": ("post", frozenset({L})),
    "legal:revoke": ("post", frozenset({L})),
    "legal:review": ("post", frozenset({L})),
    "legal:accept_all": ("post", frozenset({L})),
    "legal:decide_claim": ("post", frozenset({L})),
    "legal:decide_claims": ("post", frozenset({L})),
    "legal:save_defendant": ("post", frozenset({L})),
    "legal:save_words": ("post", frozenset({L})),
    "legal:add_deadline": ("post", frozenset({L})),
    "legal:close_deadline": ("post", frozenset({L})),
    "insight:dashboards": ("get", EVERYBODY),
    "insight:board": ("get", EVERYBODY),
    "insight:board_pdf": ("get", EVERYBODY),
    "insight:board_xlsx": ("get", EVERYBODY),
    "insight:refresh": ("post", EVERYBODY),
    "insight:catalogue": ("get", EVERYBODY),
    "insight:figure": ("get", EVERYBODY),
    "insight:figure_csv": ("get", EVERYBODY),
    "insight:figure_xlsx": ("get", EVERYBODY),
    "dunning:today": ("get", LOOK),
    "dunning:queue": ("post", ACT),
    "dunning:outbox": ("get", LOOK),
    "dunning:message": ("get", LOOK),
    "dunning:cancel": ("post", ACT),
    "dunning:tasks": ("get", LOOK),
    "dunning:task_assign": ("post", ACT),
    "dunning:task_done": ("post", ACT),
    "dunning:debtor": ("get", EVERYBODY),
    "dunning:take": ("post", ACT),
    "dunning:give": ("post", ACT),
    "dunning:hear": ("post", ACT),
    "dunning:say": ("post", ACT),
    "dunning:strategies": ("get", LOOK),
    "dunning:strategy": ("get", LOOK),
    "dunning:form": ("post", frozenset({S})),
    "dunning:preview": ("post", frozenset({S})),
    "dunning:save": ("post", frozenset({S})),
    "dunning:go_back": ("post", frozenset({S})),
    "dunning:trial": ("post", frozenset({S})),
}
PUBLIC = frozenset(
    {
        "console:login",
        "console:language",
        "console:health",
        "runs:frame",
        "disputes:webhook",
        "insight:crm_activities",
        "insight:crm_promises",
        "dunning:webhook",
        "legal:feed",
        "payments:notice",
    }
)


def _addresses() -> Iterator[tuple[str, URLPattern]]:
    def walk(entries: list[URLPattern | URLResolver], space: str) -> Iterator[tuple[str, URLPattern]]:
        for entry in entries:
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, entry.namespace or space)
            else:
                yield f"{space}:{entry.name}", entry

    yield from walk(get_resolver().url_patterns, "")


def _url(name: str, pattern: URLPattern) -> str:
    sample = {"slug": "contar", "creditor": "duero", "run": "1", "token": "x", "path": "log.html"}
    kwargs = {key: sample.get(key, 987654) for key in pattern.pattern.converters}
    return reverse(name, kwargs=kwargs)


def test_every_address_is_in_the_matrix_or_public() -> None:
    assert {name for name, _ in _addresses()} == set(MATRIX) | PUBLIC


def test_every_view_declares_who_may_enter_and_only_these_are_public() -> None:
    declared = {name: access_of(pattern.callback) for name, pattern in _addresses()}

    assert [name for name, access in declared.items() if access is None] == []
    assert {name for name, access in declared.items() if access and access.public} == PUBLIC


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_each_role_enters_exactly_its_screens(role: Role, enter: Callable[..., Client]) -> None:
    client = enter(role)
    let_in = set()
    for name, pattern in _addresses():
        if name in PUBLIC or name == "console:logout":
            continue
        answer = getattr(client, MATRIX[name][0])(_url(name, pattern))
        if answer.status_code != 403:
            let_in.add(name)

    assert let_in == {name for name, (_, roles) in MATRIX.items() if role in roles} - {"console:logout"}


@pytest.mark.django_db
def test_nobody_enters_without_signing_in() -> None:
    client = Client()
    for name, pattern in _addresses():
        if name in PUBLIC:
            continue
        url = _url(name, pattern)
        answer = getattr(client, MATRIX[name][0])(url)
        assert answer.status_code == 302, name
        assert answer.headers["Location"].startswith(reverse("console:login")), name


def test_somebody_without_a_role_sees_only_the_shell(enter: Callable[..., Client]) -> None:
    client = enter()

    assert client.get(reverse("console:home")).status_code == 200
    assert client.get(reverse("runs:list")).status_code == 403
    assert "Su cuenta no tiene ningún perfil" in client.get(reverse("console:home")).content.decode()


def test_a_view_that_declares_nothing_is_closed(user_of: Callable[..., User]) -> None:
    def forgotten(request: HttpRequest) -> HttpResponse:
        return HttpResponse("secret")

    request = RequestFactory().get("/")
    request.user = user_of(*Role)
    request.user.is_verified = lambda: False  # type: ignore[attr-defined]

    answer = Gate(forgotten).process_view(request, forgotten, (), {})

    assert answer is not None
    assert answer.status_code == 403


def test_a_fragment_asks_for_the_whole_page_when_the_session_is_over(db: None) -> None:
    answer = Client().get(reverse("runs:live", args=[1]), headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")


def test_the_menu_shows_only_what_opens(enter: Callable[..., Client]) -> None:
    page = enter(Role.AUDIT).get(reverse("console:home")).content.decode()

    assert reverse("runs:credentials") in page
    assert 'href="/reconciliation/review/"' in page
    legal = enter(Role.LEGAL, name="luis").get(reverse("console:home")).content.decode()
    assert "/runs/" not in legal
    assert "/reconciliation/" not in legal


def test_the_roles_exist_as_groups(db: None) -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {role.value for role in Role}


def test_five_wrong_passwords_lock_the_name_even_for_the_right_one(user_of: Callable[..., User]) -> None:
    user_of(Role.AUDIT)
    client = Client()
    answers = [
        client.post(reverse("console:login"), {"username": "ana", "password": "mal"}).status_code for _ in range(5)
    ]

    locked = client.post(reverse("console:login"), {"username": "ana", "password": PASSWORD})

    assert answers == [200, 200, 200, 200, 429]
    assert locked.status_code == 429
    assert "demasiados intentos" in locked.content.decode()


def test_signing_in_goes_only_to_our_own_pages(user_of: Callable[..., User]) -> None:
    user_of(Role.AUDIT)
    inside = {"username": "ana", "password": PASSWORD, "next": "/runs/"}
    assert Client().post(reverse("console:login"), inside).headers["Location"] == "/runs/"

    outside = inside | {"next": "https://malo.example/"}
    assert Client().post(reverse("console:login"), outside).headers["Location"] == "/"


def test_the_second_step_is_owed_on_every_screen_and_a_code_works_once(user_of: Callable[..., User]) -> None:
    user = user_of(Role.AUDIT)
    device = TOTPDevice.objects.create(user=user, name="console", confirmed=True)
    client = Client()
    client.post(reverse("console:login"), {"username": "ana", "password": PASSWORD})

    assert client.get(reverse("runs:list")).headers["Location"] == reverse("console:code")
    wrong = client.post(reverse("console:code"), {"code": "000 000"})
    assert wrong.status_code == 422

    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    code = f"{totp(device.bin_key):06d}"
    assert client.post(reverse("console:code"), {"code": f"{code[:3]} {code[3:]}"}).status_code == 302
    assert client.get(reverse("runs:list")).status_code == 200

    second = Client()
    second.post(reverse("console:login"), {"username": "ana", "password": PASSWORD})
    assert second.post(reverse("console:code"), {"code": code}).status_code == 422


def test_an_authenticator_counts_only_after_a_right_code(enter: Callable[..., Client]) -> None:
    client = enter(Role.AUDIT)
    client.get(reverse("console:totp"))
    key = client.session["totp_key"]

    assert client.post(reverse("console:totp"), {"code": "12345"}).status_code == 422
    assert client.post(reverse("console:totp"), {"code": "000000"}).status_code == 422
    assert not TOTPDevice.objects.exists()

    right = f"{totp(bytes.fromhex(key)):06d}"
    assert client.post(reverse("console:totp"), {"code": right}).status_code == 302
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1
    assert client.get(reverse("runs:list")).status_code == 200


def test_forms_without_a_token_are_refused(user_of: Callable[..., User]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user_of(Role.OPERATION), backend="django.contrib.auth.backends.ModelBackend")

    assert client.post(reverse("runs:stop", args=[1])).status_code == 403
