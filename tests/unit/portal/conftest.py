"""A debtor with three invoices, and a browser at the debtors' pages: same code as served, without the server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches, set_urlconf
from pytest_django import Settings

from cobranza import suite
from cobranza.ledger import links
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Creditor, Debtor, Invoice, Link
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_creditor
from cobranza.portal import context, django_settings, sending

ROBOT = Actor.robot("prueba")
TODAY = date.today()
TAX_ID = "B12345674"
PROOF = "5674"
_OURS = (
    "ALLOWED_HOSTS", "MIDDLEWARE", "ROOT_URLCONF", "TEMPLATES", "LANGUAGES", "LANGUAGE_COOKIE_NAME",
    "STATIC_URL", "STATICFILES_DIRS", "STATICFILES_FINDERS", "STATIC_ROOT", "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_HTTPONLY", "CSRF_COOKIE_SAMESITE", "CSRF_FAILURE_VIEW", "SECURE_REFERRER_POLICY",
    "SECURE_CROSS_ORIGIN_OPENER_POLICY", "DATA_UPLOAD_MAX_MEMORY_SIZE", "FILE_UPLOAD_HANDLERS", "SECURE",
    "LANGUAGE_COOKIE_HTTPONLY",
)  # fmt: skip


def document(key: str, number: str, gross: str, due: date, customer: str = "c1") -> OpenDocument:
    total = Decimal(gross)
    return OpenDocument(
        key=key,
        number=number,
        customer=customer,
        kind="credit_note" if total < 0 else "invoice",
        issued_on=TODAY - timedelta(days=90),
        due_on=due,
        currency="EUR",
        net=total,
        tax=Decimal(0),
        gross=total,
        open=total,
    )


def stranger(**more: Any) -> Client:
    """Somebody's browser that has been nowhere yet."""
    return Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1", **more)


@dataclass
class Browser:
    """A debtor's browser, and the link that they got."""

    creditor: Creditor
    debtor: Debtor
    other: Debtor
    link: Link
    token: str
    client: Client = field(default_factory=stranger)

    def url(self, page: str = "", token: str = "") -> str:
        return f"/d/{token or self.token}/{page}"

    def get(self, page: str = "", token: str = "", **headers: Any) -> Any:
        return self.client.get(self.url(page, token), **headers)

    def post(self, page: str = "", data: dict[str, Any] | None = None, token: str = "", **more: Any) -> Any:
        """Send a form as a page gives it: with its CSRF token and, where it has one, its number."""
        form = {"csrfmiddlewaretoken": self.csrf(), **(data or {})}
        return self.client.post(self.url(page, token), form, **more)

    def csrf(self) -> str:
        """What a form of the last page holds; any page of ours has one."""
        if "portal_csrf" not in self.client.cookies:
            self.get("baja/")
        return str(self.client.cookies["portal_csrf"].value)

    def number(self, page: str) -> str:
        """The number of a form."""
        found = re.search(r'name="numero" value="([^"]+)"', self.get(page).content.decode())
        assert found is not None
        return found[1]

    def enter(self, proof: str = PROOF) -> Any:
        return self.post("", {"prueba": proof})

    def invoice(self, number: str) -> Invoice:
        return Invoice.objects.get(number=number)


@pytest.fixture
def pages(settings: Settings) -> Iterator[None]:
    """The portal's settings for the body."""
    for name in _OURS:
        setattr(settings, name, getattr(django_settings, name))
    clear_url_caches()
    set_urlconf(None)
    yield
    clear_url_caches()


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A suite of its own whose portal.toml says what a test wants."""
    root = tmp_path / "suite"
    (root / "config").mkdir(parents=True)
    shipped = suite.shipped_root()
    (root / "classifiers").symlink_to(shipped / "classifiers")
    (root / "config" / "cobranza.toml").write_text('[instancia]\nnombre = "Prueba"\n', encoding="utf-8")
    for name in ("classifiers", "agreements"):
        (root / "config" / f"{name}.toml").write_bytes((shipped / "config" / f"{name}.toml").read_bytes())
    (root / "config" / "disputes.toml").write_text(
        '[buzones.disputas]\nempresa = "prueba"\nmesa = "mesa"\n', encoding="utf-8"
    )
    monkeypatch.setenv("COBRANZA_HOME", str(root))

    def write(text: str) -> None:
        (root / "config" / "portal.toml").write_text(text, encoding="utf-8")
        context.rules.cache_clear()

    write("")
    return write


@pytest.fixture
def sent_now(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Debtors to whom something was to be sent at once; another thread would not see this test's transaction."""
    asked: list[int] = []
    monkeypatch.setattr(sending, "at_once", asked.append)
    return asked


@pytest.fixture
def browser(db: None, pages: None, configured: Callable[[str], None], sent_now: list[int]) -> Iterator[Browser]:
    creditor = register_creditor("prueba", "Aguas de Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    customers = (
        Customer(key="c1", name="Ferretería Pepa, S.L.", tax_id=TAX_ID, country="ES", email="pagos@pepa.example",
                 phone="+34600111222"),
        Customer(key="c2", name="Aceites del Ebro, S.A.", tax_id="A15900426", country="ES", email="a@ebro.example"),
    )  # fmt: skip
    documents = (
        document("1", "F-1", "1210.00", TODAY - timedelta(days=50)),
        document("2", "F-2", "605.50", TODAY - timedelta(days=20)),
        document("3", "F-3", "100.00", TODAY + timedelta(days=300)),
        document("4", "F-AJENA", "300.00", TODAY - timedelta(days=50), customer="c2"),
    )
    listed = OpenLedger(customers=customers, documents=documents, control_count=4, control_source="recuento", issues=())
    import_ledger(creditor, "tryton", listed, actor=ROBOT)
    debtor, other = Debtor.objects.get(erp_key="c1"), Debtor.objects.get(erp_key="c2")
    link, token = links.issue(debtor, days=10, actor=ROBOT)
    yield Browser(creditor, debtor, other, link, token)
    context.rules.cache_clear()
