"""Takes one case of the demo to court: alert, papers, bundle, recorded sign-off, filing, receipt; checked at the court.

The robots are the real ones. What a person decides in real life (to claim, who the papers are from, the sign-off) is
decided here by the demo's lawyer, a named account, and recorded as hers.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, User

from cobranza.demo import papers
from cobranza.demo.court.server import RunningCourt
from cobranza.demo.keys import COURT
from cobranza.demo.nightly import COMPANY, short
from cobranza.kernel.errors import ApplicationError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_money
from cobranza.ledger.events import Actor
from cobranza.legal import agenda, building, contacts, dossier, handing, house, signing, stages, workflow
from cobranza.legal.case import DocumentKind, PriorOutcome
from cobranza.legal.dossier import NewPaper
from cobranza.legal.filing.models import CourtFiling
from cobranza.legal.house import Legal
from cobranza.legal.models import ClaimDecision, LegalCase, Prior
from cobranza.legal.package import read_package
from cobranza.runs import engine, runner
from cobranza.runs.models import Run
from cobranza.screens.access import Role

LAWYER = "legal"
_TITLES = {
    "poder": "Poder",
    "burofax": "Burofax",
    "albaran": "Albarán de entrega",
    "tasa": "Tasa judicial (modelo 696)",
}
STAFF = Actor.person("administracion")
_WAITED = 35  # days between the prior claim and today: more than the thirty that the law asks for


class DemoClaimError(ApplicationError):
    """The demo company has no debtor to take to court."""

    code = "COB-DEM-040"
    remedy = "Empiece de nuevo con «cobranza demo reset» y «cobranza demo run»."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReport:
    """What became of the demo's claim.

    Attributes:
        case: Number of the case.
        debtor: Who is claimed against.
        total: Claimed.
        currency: Of it.
        alerts: Cases that the lawyer was told of, all together.
        pages: Folios of the bundle.
        files: Files of the filing package.
        package: Its hash.
        registry: Registry number of the verified receipt, "" while there is none.
        filings: Filings with exactly these files, counted at the court.
        new: This run filed it; an earlier one otherwise.
        bundle: The PDF for reviewing.
        runs: Numbers of the runs.
        faults: What is not as it has to be.
    """

    case: str
    debtor: str
    total: Decimal
    currency: str
    alerts: int
    pages: int
    files: int
    package: str
    registry: str
    filings: int
    new: bool
    bundle: str
    runs: tuple[int, ...]
    faults: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """It is filed once, with a receipt whose index is the package's."""
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``; amounts as strings."""
        return asdict(self) | {"sound": self.sound, "total": str(self.total), "faults": list(self.faults)}

    def lines(self) -> Iterator[str]:
        """The summary in Spanish."""
        yield from (f"✗ expediente: {fault}" for fault in self.faults)
        claimed = f"{write_amount(self.total)} {self.currency}"
        yield f"✓ {self.alerts} avisos al abogado; {self.case} contra {self.debtor}: {claimed}, {self.pages} folios."
        if self.registry:
            when = "presentado ahora" if self.new else "ya estaba presentado; nada se presenta dos veces"
            yield (
                f"✓ {self.files} ficheros firmados con el visto bueno de «{LAWYER}», {when}: registro {self.registry}, "
                f"acuse comprobado; el juzgado, leído de nuevo, tiene {self.filings}."
            )
        yield f"  expediente: {self.bundle}"


def run(court: RunningCourt, *, tell: Callable[[str], None]) -> ClaimReport:
    """Alert, prepare, sign off and file one case; an earlier run's is only looked at."""
    settings = house.read()
    _lawyer()
    runs = [_robot("alertas_legales", {"ACREEDOR": COMPANY}, tell, "El robot avisa al abogado")]
    row = _case()
    new = row.stage in LegalCase.OURS
    if row.stage in (LegalCase.Stages.ALERT, LegalCase.Stages.LATER):
        tell(f"La abogada decide demandar ({row.number}) y administración trae los papeles")
        row = _decide(row, settings)
    if row.stage == LegalCase.Stages.PREPARING:
        runs.append(_robot("preparar_expedientes", {"ACREEDOR": COMPANY}, tell, "El robot monta el expediente"))
        row = stages.find(row.number)
        if row.stage == LegalCase.Stages.REVIEW:
            _accept_papers(row)
    if row.stage == LegalCase.Stages.REVIEW:
        _sign(row, settings)
        row = stages.find(row.number)
    if row.stage == LegalCase.Stages.SIGNED:
        values = {"JUZGADO": COURT, "MINUTOS": "5"}
        runs.append(_robot("presentar_expedientes", values, tell, "El robot lo presenta en el juzgado de pruebas"))
        row = stages.find(row.number)
    return _report(row, court, runs, new)


def _robot(name: str, variables: dict[str, str], tell: Callable[[str], None], what: str) -> Run:
    created = engine.create(name, variables, started_by=f"demo:{getpass.getuser()}", foreground=True)
    tell(f"{what} (ejecución {created.pk})")
    return runner.execute(created.pk)


def _lawyer() -> None:
    """The account whose decisions are recorded; without a password nobody can sign in with it."""
    user, new = User.objects.get_or_create(username=LAWYER)
    if new:
        user.set_unusable_password()
        user.save()
    group, _ = Group.objects.get_or_create(name=Role.LEGAL.value)
    user.groups.add(group)


def _case() -> LegalCase:
    """The case that the demo goes on with: one that it began, else the largest that takes a single signature."""
    rows = LegalCase.objects.filter(creditor__key=COMPANY).select_related("creditor", "debtor")
    begun = rows.exclude(stage__in=(LegalCase.Stages.ALERT, LegalCase.Stages.LATER, LegalCase.Stages.DISCARDED))
    found = (
        begun.order_by("pk").first() or rows.filter(stage=LegalCase.Stages.ALERT).order_by("-claimable", "pk").first()
    )
    if found is None:
        raise DemoClaimError("Ningún deudor de la empresa de demostración pasa el umbral de config/legal.toml.")
    return found


def _decide(row: LegalCase, settings: Legal) -> LegalCase:
    today = handing.today(settings, row.country)
    workflow.accept(row, person=LAWYER)
    row = stages.find(row.number)
    debtor, creditor = row.debtor.name, settings.claimant(COMPANY).nombre
    claimed = list(building.items(row))
    numbers = [item.reference for item in claimed]
    _domicile(row, settings)
    for item in claimed:
        content = papers.invoice(item.invoice, creditor, debtor)
        _bring(
            row,
            settings,
            f"factura-{item.reference}",
            DocumentKind.INVOICE,
            content,
            item.invoice.issued_on,
            item.reference,
        )
    _bring(row, settings, "albaran", DocumentKind.DELIVERY_NOTE, papers.delivery_note(numbers, debtor), None)
    _bring(row, settings, "poder", DocumentKind.POWER, papers.power(creditor), None)
    sent = today - timedelta(days=_WAITED + 2)
    reached = sent + timedelta(days=2)
    total = write_money(Money(row.currency, sum((item.invoice.open for item in claimed), Decimal(0))))
    _bring(row, settings, "tasa", DocumentKind.FEE, papers.fee(total, today), today)
    proof = papers.burofax(creditor, debtor, numbers, total, sent, reached)
    _bring(row, settings, "burofax", DocumentKind.PRIOR_CLAIM, proof, reached)
    prior = Prior(
        kind="masc",
        sent_on=sent,
        reached_on=reached,
        channel="burofax",
        offers_masc=True,
        outcome=PriorOutcome.NO_ANSWER.value,
    )
    dossier.add_prior(row, prior, document="burofax", today=today, person=LAWYER)
    agenda.set_masc(row, prior, settings, actor=Actor.person(LAWYER))
    contacts.note(row.debtor, channel="teléfono", text="Se recuerda la deuda", outcome="no contesta", actor=STAFF)
    _interest(row, settings, today)
    return stages.find(row.number)


def _domicile(row: LegalCase, settings: Legal) -> None:
    """What the ERP's list does not bring: the debtor's registered address."""
    for defendant in row.defendants.all():
        if not defendant.address:
            defendant.address, defendant.postal_code = "Calle de la Prueba, 3", "28013"
            defendant.locality = defendant.province = "Madrid"
            dossier.save_defendant(row, defendant, settings, person=LAWYER)


def _bring(
    row: LegalCase, settings: Legal, key: str, kind: DocumentKind, content: bytes, dated: date | None, *proves: str
) -> None:
    title = f"Factura {proves[0]}" if proves else _TITLES[key]
    new = NewPaper(name=f"{key}.pdf", content=content, kind=kind, title=title, dated=dated, proves=proves, key=key)
    dossier.add_paper(row, new, settings, actor=STAFF)


def _interest(row: LegalCase, settings: Legal, today: date) -> None:
    """Interest is claimed where its rate is known; where it is not, the lawyer gives it up by name and says why."""
    from cobranza.legal.settings import rate_book
    from cobranza.regimes.interest_errors import MissingRateError

    try:
        building.case_of(row, settings, rate_book(), until=today)
    except MissingRateError as exc:
        for item in building.items(row):
            dossier.decide_claim(
                row,
                item.pk,
                ClaimDecision.Concepts.INTEREST.value,
                waive=True,
                why=f"En la demostración, por falta de tipo: {exc.message}"[:300],
                person=LAWYER,
            )


def _accept_papers(row: LegalCase) -> None:
    dossier.accept_all(row, person=LAWYER)


def _sign(row: LegalCase, settings: Legal) -> None:
    made = building.last_preparation(row)
    if made is not None:
        workflow.sign(row, made.package_hash, person=LAWYER)


def _report(row: LegalCase, court: RunningCourt, runs: list[Run], new: bool) -> ClaimReport:
    faults = [f"{each.robot}: {each.error_message} → {each.error_remedy}" for each in runs if each.error_code]
    made = building.last_preparation(row)
    if made is None:
        reason = row.problem.get("message", "") if row.problem else ""
        raise DemoClaimError(f"{row.number} no se ha podido montar. {reason}")
    package = read_package(signing.folder(row, made), expected=made.package_hash)
    filed = CourtFiling.objects.filter(case=row.number, state=CourtFiling.States.FILED).first()
    hashes = [file.sha256 for file in package.files]
    there = [each for each in court.admin.truth()["filings"] if [one["sha256"] for one in each["documents"]] == hashes]
    if filed is None:
        last = CourtFiling.objects.filter(case=row.number).order_by("-pk").first()
        faults.append(f"{row.number} no está presentado: {last.problem if last else row.get_stage_display()}")
    if len(there) != 1:
        faults.append(f"el juzgado tiene {len(there)} presentaciones de {row.number}")
    return ClaimReport(
        case=row.number,
        debtor=row.debtor.name,
        total=made.total,
        currency=made.currency,
        alerts=LegalCase.objects.filter(creditor=row.creditor).count(),
        pages=made.pages,
        files=len(package.files),
        package=package.hash,
        registry=filed.registry if filed else "",
        filings=len(there),
        new=new,
        bundle=short(signing.folder(row, made).parent / made.bundle) if made.bundle else "",
        runs=tuple(each.pk for each in runs),
        faults=tuple(faults),
    )
