"""Fills a new Tryton 8.0 database with a small Spanish company and its customers.

A program of its own, run by Tryton's interpreter while no server has the database open::

    <tools>/venv/bin/python seed.py --folder DIR --database erp --options '{"today": "2026-11-20", "seed": 1, ...}'

It leaves ``erp.sqlite`` and ``truth.json`` (what the ERP now holds) in DIR. The same options give the same company.
Masters are made as a user's client would, by proteus; the bulk goes through the server's own ORM in one process,
because one call per changed field makes that twenty times slower.
"""

# ruff: noqa: N806 - a variable that holds one of Tryton's models is named as a class
# ruff: noqa: S311 - the dice make invented data that repeats
from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

MODULES = ["party", "company", "bank", "account", "account_product", "account_invoice", "account_eu"]
ROBOT_PASSWORD = "robot-demo-1"  # noqa: S105 - guards invented data on this machine only
ADMIN_PASSWORD = "admin-demo-1"  # noqa: S105

FIRST = (
    "Aceites", "Talleres", "Suministros", "Logística", "Panadería", "Construcciones", "Hostelería", "Clínica",
    "Transportes", "Frutas", "Instalaciones", "Imprenta", "Muebles", "Viveros", "Conservas", "Distribuciones",
    "Ferretería", "Bodegas", "Textil", "Reformas",
)  # fmt: skip
LAST = (
    "Núñez", "del Ebro", "Peñalba", "Ibáñez e Hijos", "La Ría", "Sant Jordi", "Montesclaros", "Güell", "Aránzazu",
    "Costa Brava", "Cañada Real", "Valdés", "Sierra Nevada", "L'Horta", "Muñoz & Asociados", "Tres Cantos", "Alcázar",
    "Bidasoa", "O Porriño", "Guadalquivir",
)  # fmt: skip
FORMS = ("S.L.", "S.A.", "S.L.U.", "S.C.", "S. Coop.")
CITIES = (
    ("28013", "Madrid", "C/ Mayor"), ("08002", "Barcelona", "C/ Ample"), ("46001", "València", "C/ Cavallers"),
    ("41001", "Sevilla", "C/ Sierpes"), ("50001", "Zaragoza", "C/ Alfonso I"), ("48001", "Bilbao", "Gran Vía"),
    ("15001", "A Coruña", "Rúa Real"), ("35002", "Las Palmas", "C/ Triana"),
)  # fmt: skip
PRODUCTS = (
    ("Mantenimiento mensual", "180.00", "0.21"), ("Licencia anual de software", "1450.00", "0.21"),
    ("Consultoría (hora)", "72.50", "0.21"), ("Material de oficina", "34.90", "0.21"),
    ("Transporte nacional", "96.15", "0.10"), ("Alojamiento y dietas", "118.00", "0.10"),
    ("Manual impreso", "22.00", "0.04"), ("Servicio de soporte 24x7", "640.00", "0.21"),
)  # fmt: skip
TERMS: tuple[tuple[str, tuple[tuple[str | None, int], ...]], ...] = (
    ("Al contado", ((None, 0),)),
    ("30 días", ((None, 30),)),
    ("60 días", ((None, 60),)),
    ("90 días", ((None, 90),)),
    ("50% 30 días, 50% 60 días", (("0.5", 30), (None, 60))),
)


def nif(dice: random.Random) -> str:
    """A valid NIF of a company: the letter B, seven digits and their control digit."""
    digits = f"{dice.choice([8, 28, 41, 46, 48, 50]):02d}{dice.randrange(100000):05d}"
    even = sum(int(digit) for digit in digits[1::2])
    odd = sum(sum(divmod(int(digit) * 2, 10)) for digit in digits[0::2])
    return f"B{digits}{(10 - (even + odd) % 10) % 10}"


def iban(dice: random.Random, bank: str = "2100") -> str:
    """A valid Spanish IBAN, its national control digits included."""

    def control(text: str) -> int:
        weighed = sum(int(digit) * weight for digit, weight in zip(text, (1, 2, 4, 8, 5, 10, 9, 7, 3, 6), strict=True))
        rest = 11 - weighed % 11
        return {11: 0, 10: 1}.get(rest, rest)

    branch, account = f"{dice.randrange(1, 9999):04d}", f"{dice.randrange(10**10):010d}"
    national = f"{bank}{branch}{control('00' + bank + branch)}{control(account)}{account}"
    return f"ES{98 - int(national + '142800') % 97:02d}{national}"


def month_start(day: date, months: int) -> date:
    """First day of the month that is `months` after the one of `day`."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def activate(folder: Path, database: str) -> None:
    """Make the database and activate the modules in it."""
    (folder / f"{database}.sqlite").touch()  # Tryton wants the file to exist
    os.environ["TRYTOND_DATABASE__URI"] = "sqlite://"
    os.environ["TRYTOND_DATABASE__PATH"] = str(folder)
    os.environ["TRYTOND_DATABASE__LANGUAGE"] = "en"
    os.environ["TRYTOND_QUEUE__WORKER"] = "True"  # else each posted invoice is printed at once: the main cost
    from trytond import admin  # type: ignore[import-not-found]
    from trytond.commandline import get_parser_admin  # type: ignore[import-not-found]
    from trytond.config import set as configure  # type: ignore[import-not-found]

    configure("database", "uri", "sqlite://")
    configure("database", "path", str(folder))
    with tempfile.NamedTemporaryFile("w", suffix=".pass") as secret:
        secret.write(ADMIN_PASSWORD + "\n")
        secret.flush()
        os.environ["TRYTONPASSFILE"] = secret.name
        order = ["-d", database, "--activate-dependencies", "--email", "admin@example.com", "--language", "es", "-u"]
        admin.run(get_parser_admin().parse_args([*order, *MODULES]))


class Masters:
    """What the books need before the first invoice, made by proteus as a client would."""

    def __init__(self, database: str, options: dict[str, Any]) -> None:
        from proteus import Model, Wizard  # type: ignore[import-not-found]
        from proteus import config as client

        os.environ["DB_NAME"] = database
        self.client = client.set_trytond(f"sqlite:///{database}", user="admin")
        self.client.skip_warning = True
        self.get: Callable[[str], Any] = Model.get
        self.wizard: Callable[[str], Any] = Wizard
        self.options = options
        self.today = date.fromisoformat(options["today"])
        self.first = month_start(self.today, -int(options["months"]))
        self.dice = random.Random(int(options["seed"]))
        self.lang = self.get("ir.lang").find([("code", "=", "es")])[0]
        user = self.get("res.user")(self.client.user)
        user.language = self.lang
        user.save()

    def xml(self, name: str) -> int:
        """Id of the record that a module calls `name`."""
        return int(self.get("ir.model.data").get_id(name, self.client.context))

    def make(self) -> None:
        """Company, chart, years, taxes, products, terms, methods, banks and the robot's login, in this order."""
        self._company()
        self._chart()
        self._years()
        self._products()
        self._terms()
        self._methods()
        self._bank()
        self._robot()

    def _company(self) -> None:
        Currency = self.get("currency.currency")
        found = Currency.find([("code", "=", "EUR")])
        self.eur = found[0] if found else Currency(code="EUR")
        self.eur.name, self.eur.symbol, self.eur.numeric_code = "Euro", "€", "978"
        self.eur.rounding = Decimal("0.01")
        if not self.eur.rates:
            self.eur.rates.new(date=date(2000, 1, 1), rate=Decimal(1))
        self.eur.save()
        Country = self.get("country.country")
        found = Country.find([("code", "=", "ES")])
        self.spain = found[0] if found else Country(name="España", code="ES", code3="ESP", code_numeric="724")
        self.spain.save()

        self.nif = nif(self.dice)
        self.own = self.get("party.party")(name=self.options["company"], lang=self.lang)
        self.own.identifiers.new(type="es_vat", code=self.nif)
        address = self.own.addresses[0] if self.own.addresses else self.own.addresses.new()
        address.street, address.postal_code, address.city = "C/ de Alcalá 100", "28009", "Madrid"
        address.country = self.spain
        self.own.save()
        wizard = self.wizard("company.company.config")
        wizard.execute("company")
        wizard.form.party, wizard.form.currency, wizard.form.timezone = self.own, self.eur, "Europe/Madrid"
        wizard.execute("add")
        self.client._context = self.get("res.user").get_preferences(True, {})
        self.company = self.get("company.company").find()[0]

    def _account(self, clause: tuple[str, str, object]) -> Any:
        domain = [clause, ("company", "=", self.company.id), ("closed", "!=", True)]
        return self.get("account.account").find(domain, limit=1)[0]

    def _chart(self) -> None:
        chart = self.wizard("account.create_chart")
        chart.execute("account")
        template = self.xml("account.account_template_root_es")
        chart.form.account_template = self.get("account.account.template")(template)
        chart.form.company = self.company
        chart.execute("create_account")
        self.revenue, self.expense = (
            self._account(("type.revenue", "=", True)),
            self._account(("type.expense", "=", True)),
        )
        self.cash, self.vat = self._account(("code", "=", "1.1.1")), self._account(("code", "=", "6.3.6"))
        chart.form.account_receivable = self._account(("type.receivable", "=", True))
        chart.form.account_payable = self._account(("type.payable", "=", True))
        chart.form.category_account_expense = self.expense
        chart.form.category_account_revenue = self.revenue
        chart.execute("create_properties")

    def _years(self) -> None:
        Type, Strict = self.get("ir.sequence.type"), self.get("ir.sequence.strict")
        with self.client.set_context(language="en"):
            move_type, invoice_type = (Type.find([("name", "=", name)])[0] for name in ("Account Move", "Invoice"))
        for year in range(self.first.year, self.today.year + 2):
            books = self.get("account.fiscalyear")(name=str(year), company=self.company)
            books.start_date, books.end_date = date(year, 1, 1), date(year, 12, 31)
            made = {}
            for key, label, kind, prefix in (
                ("move", "Asientos", move_type, "A"),
                ("out", "Facturas", invoice_type, "F"),
                ("credit", "Rectificativas", invoice_type, "R"),
                ("in", "Recibidas", invoice_type, "P"),
            ):
                made[key] = Strict(name=f"{label} {year}", sequence_type=kind, company=self.company)
                made[key].prefix, made[key].padding = f"{prefix}{year}-", 5
                made[key].save()
            books.move_sequence = made["move"]
            (line,) = books.invoice_sequences
            line.out_invoice_sequence, line.out_credit_note_sequence = made["out"], made["credit"]
            line.in_invoice_sequence = line.in_credit_note_sequence = made["in"]
            books.save()
            books.click("create_period")

    def _products(self) -> None:
        Tax, Category, Template = (self.get(name) for name in ("account.tax", "product.category", "product.template"))
        categories = {}
        for rate in sorted({rate for _, _, rate in PRODUCTS}, reverse=True):
            label = f"IVA {int(Decimal(rate) * 100)}%"
            tax = Tax(name=label, description=label, type="percentage", rate=Decimal(rate))
            tax.invoice_account = tax.credit_note_account = self.vat
            tax.save()
            category = Category(name=label, accounting=True)
            category.account_revenue, category.account_expense = self.revenue, self.expense
            category.customer_taxes.append(Tax(tax.id))
            category.save()
            categories[rate] = category
        unit = self.get("product.uom")(self.xml("product.uom_unit"))
        self.products = []
        for label, price, rate in PRODUCTS:
            template = Template(name=label, default_uom=unit, type="service", list_price=Decimal(price))
            template.account_category = categories[rate]
            template.save()
            self.products.append((template.products[0].id, Decimal(price)))

    def _terms(self) -> None:
        self.terms = []
        for label, parts in TERMS:
            term = self.get("account.invoice.payment_term")(name=label)
            for ratio, days in parts:
                line = (
                    term.lines.new(type="percent", ratio=Decimal(ratio)) if ratio else term.lines.new(type="remainder")
                )
                if line.relativedeltas:
                    line.relativedeltas[0].days = days
                else:
                    line.relativedeltas.new(days=days)
            term.save()
            self.terms.append(term.id)

    def _methods(self) -> None:
        journal = self.get("account.journal").find([("type", "=", "cash")], limit=1)[0]
        self.methods = []
        for label in ("Transferencia bancaria", "Recibo domiciliado"):
            method = self.get("account.invoice.payment.method")(name=label, journal=journal)
            method.credit_account = method.debit_account = self.cash
            method.save()
            self.methods.append(method.id)

    def _bank(self) -> None:
        party = self.get("party.party")(name="Banco de Pruebas, S.A.", lang=self.lang)
        party.save()
        self.bank = self.get("bank")(party=party)
        self.bank.save()
        self.iban = iban(self.dice)
        account = self.get("bank.account")(bank=self.bank, currency=self.eur)
        account.owners.append(self.get("party.party")(self.own.id))
        account.numbers.new(type="iban", number=self.iban)
        account.save()

    def _robot(self) -> None:
        robot = self.get("res.user")(name="Robot de cobros", login="robot", language=self.lang)
        robot.password = ROBOT_PASSWORD
        robot.groups.append(self.get("res.group")(self.xml("account.group_account")))
        company = self.get("company.company")
        robot.companies.append(company(self.company.id))
        robot.company = company(self.company.id)
        robot.save()


class Bulk:
    """Customers, invoices and payments, through the server's own ORM."""

    def __init__(self, database: str, masters: Masters) -> None:
        from trytond.pool import Pool  # type: ignore[import-not-found]

        self.database, self.masters, self.dice = database, masters, masters.dice
        self.options, self.today = masters.options, masters.today
        self.pool = Pool(database)
        self.customers: list[dict[str, Any]] = []
        # the locks that posting asks for, taken at once: without them each is learnt by doing the work again
        self.locks: dict[str, Any] = {
            "_lock_tables": ["ir_configuration", "account_configuration", "account_journal_period"],
            "_lock_records": {"ir_sequence_strict": [one.id for one in masters.get("ir.sequence.strict").find([])]},
        }

    def atomically(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run `work` in a transaction; again, from the same dice, with the locks that it asked for."""
        from trytond.transaction import Transaction, TransactionError  # type: ignore[import-not-found]

        context = dict(self.masters.client.context, _skip_warnings=True)
        dice = self.dice.getstate()
        while True:
            started = Transaction().start(self.database, self.masters.client.user, context=context, **self.locks)
            with started as transaction:
                try:
                    return work(*arguments)
                except TransactionError as exc:
                    transaction.rollback()
                    exc.fix(self.locks)
                    self.dice.setstate(dice)

    def make(self) -> None:
        """Customers, then their documents oldest first, then what was paid."""
        self.atomically(self._customers)
        wanted = {name: int(self.options[name]) for name in ("invoices", "paid", "drafts", "credit_notes", "partial")}
        issued = wanted["invoices"] + wanted["paid"]
        ids = [customer["id"] for customer in self.customers]
        first, span = self.masters.first, (self.today - self.masters.first).days
        days = sorted(first + timedelta(self.dice.randrange(span)) for _ in range(issued + wanted["drafts"]))
        plan = [(day, self.dice.choice(ids), 1) for day in days]
        posted = self._issue(plan[:issued])
        self.atomically(self._documents, plan[issued:])
        late = [(day, self.dice.choice(ids), -1) for day in sorted(self.dice.sample(days, wanted["credit_notes"]))]
        self._issue(late)
        picked = self.dice.sample(posted, wanted["paid"] + wanted["partial"])
        self.atomically(self._payments, picked[: wanted["paid"]], picked[wanted["paid"] :])

    def _issue(self, plan: list[tuple[date, int, int]]) -> list[int]:
        posted: list[int] = []
        for start in range(0, len(plan), 100):
            batch = self.atomically(self._documents, plan[start : start + 100])
            self.atomically(self._post, batch)
            posted += batch
        return posted

    def _customers(self) -> None:
        masters, used = self.masters, set()
        values: list[dict[str, Any]] = []
        self.customers = []
        while len(values) < int(self.options["customers"]):
            name = f"{self.dice.choice(FIRST)} {self.dice.choice(LAST)}, {self.dice.choice(FORMS)}"
            if name in used:
                continue
            used.add(name)
            code, city, street = self.dice.choice(CITIES)
            one = {
                "name": name,
                "nif": nif(self.dice),
                "email": f"pagos@c{len(used):03d}.example",
                "phone": f"+34 91{self.dice.randrange(10**7):07d}",
                "iban": iban(self.dice),
            }
            self.customers.append(one)
            place = {"street": f"{street} {self.dice.randrange(1, 140)}", "postal_code": code, "city": city}
            values.append(
                {
                    "name": name,
                    "lang": masters.lang.id,
                    "identifiers": [("create", [{"type": "es_vat", "code": one["nif"]}])],
                    "addresses": [("create", [place | {"country": masters.spain.id}])],
                    "contact_mechanisms": [
                        ("create", [{"type": kind, "value": one[kind]} for kind in ("email", "phone")])
                    ],
                    "customer_payment_term": self.dice.choice(masters.terms),
                }
            )
        parties = self.pool.get("party.party").create(values)
        accounts = []
        for party, one in zip(parties, self.customers, strict=True):
            one["id"] = party.id
            number = ("create", [{"type": "iban", "number": one["iban"]}])
            accounts.append(
                {
                    "bank": masters.bank.id,
                    "currency": masters.eur.id,
                    "owners": [("add", [party.id])],
                    "numbers": [number],
                }
            )
        self.pool.get("bank.account").create(accounts)

    def _documents(self, plan: list[tuple[date, int, int]]) -> list[int]:
        """Drafts of one document for each (day, customer, sign); a credit note has the sign -1."""
        Invoice, Line = self.pool.get("account.invoice"), self.pool.get("account.invoice.line")
        company = self.pool.get("company.company")(self.masters.company.id)
        made = []
        for day, customer, sign in plan:
            invoice = Invoice(type="out", currency=self.masters.eur.id, invoice_date=day, company=company)
            invoice.set_journal()
            invoice.party = self.pool.get("party.party")(customer)
            invoice.on_change_party()
            invoice.reference = f"PED-{self.dice.randrange(10**5):05d}"
            lines = []
            for product, price in self.dice.sample(self.masters.products, self.dice.choice([1, 1, 2, 3])):
                line = Line(type="line", invoice_type="out", party=invoice.party, company=company)
                line.currency, line.product = invoice.currency, self.pool.get("product.product")(product)
                line.quantity = sign * self.dice.choice([1, 1, 2, 3, 5, 12])
                line.on_change_product()
                line.unit_price = (price * Decimal(self.dice.randrange(80, 121)) / 100).quantize(Decimal("0.01"))
                lines.append(line)
            invoice.lines = lines
            made.append(invoice)
        Invoice.save(made)
        Invoice.update_taxes(made)
        return [invoice.id for invoice in made]

    def _post(self, batch: list[int]) -> None:
        Invoice = self.pool.get("account.invoice")
        Invoice.post(Invoice.browse(batch))

    def _payments(self, paid: list[int], partial: list[int]) -> None:
        from trytond.transaction import Transaction

        Invoice, Method, MoveLine = (
            self.pool.get(name) for name in ("account.invoice", "account.invoice.payment.method", "account.move.line")
        )
        for invoice in Invoice.browse(paid + partial):
            amount = invoice.amount_to_pay
            if invoice.id in partial:
                amount = (amount * self.dice.choice([25, 40, 50]) / 100).quantize(Decimal("0.01"))
            day = min(self.today, invoice.invoice_date + timedelta(self.dice.randrange(5, 75)))
            lines = invoice.pay_invoice(amount, Method(self.dice.choice(self.masters.methods)), day)
            if invoice.id in paid:
                MoveLine.reconcile(list(invoice.lines_to_pay) + list(lines))
        Invoice.process(Invoice.browse(paid + partial))
        # what posting left to a worker (printing) is made when asked for
        Transaction().connection.cursor().execute(*self.pool.get("ir.queue").__table__().delete())

    def truth(self) -> dict[str, Any]:
        """What the ERP now holds, as its own models tell it."""
        documents = [
            {
                "id": invoice.id,
                "number": invoice.number,
                "customer": invoice.party.id,
                "kind": "credit_note" if invoice.total_amount < 0 else "invoice",
                "date": str(invoice.invoice_date or ""),
                "due": [str(line.maturity_date) for line in invoice.lines_to_pay],
                "net": str(invoice.untaxed_amount),
                "tax": str(invoice.tax_amount),
                "gross": str(invoice.total_amount),
                "open": str(invoice.amount_to_pay),
                "state": invoice.state,
                "customer_reference": invoice.reference,
                "payment_reference": invoice.customer_payment_reference or "",
            }
            for invoice in self.pool.get("account.invoice").search([("type", "=", "out")], order=[("id", "ASC")])
        ]
        company = {"name": self.options["company"], "nif": self.masters.nif, "iban": self.masters.iban}
        return {
            "company": company,
            "currency": "EUR",
            "options": self.options,
            "customers": self.customers,
            "documents": documents,
        }


def main() -> int:
    """Seed the database that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--options", type=json.loads, required=True, help="the fields of server.SeedOptions, as JSON")
    given = parser.parse_args()
    activate(given.folder, given.database)
    masters = Masters(given.database, given.options)
    masters.make()
    bulk = Bulk(given.database, masters)
    bulk.make()
    truth = json.dumps(bulk.atomically(bulk.truth), ensure_ascii=False, indent=1)
    (given.folder / "truth.json").write_text(truth, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
