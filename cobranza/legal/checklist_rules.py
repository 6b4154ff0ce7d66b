"""The rules that a court's requirements may name in `regla`, one function each; the docstring says what it decides.

A rule answers with a `Verdict`: met, missing, or None when it does not apply to this case. Its first docstring line is
what `cobranza legal rules` prints. The keys of a requirement that a rule reads (`clases`, `importe`, `moneda`, `dias`)
are named in the docstring; those that it cannot do without, in `needs`.

`persona`, `consumidor` and `procedimientos` narrow a requirement before its rule is asked: `persona` speaks of the
claimant, `consumidor` of the defendant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.legal import tax_ids
from cobranza.legal.case import Case, Document, DocumentKind, Party, Person, PriorClaim, PriorOutcome
from cobranza.legal.requirements import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the house knows beside the case.

    Attributes:
        on: Day that it is judged on, in the court's calendar.
        unreviewed: Titles of documents that nobody has accepted or rejected yet; rejected ones are no part of the case.
        packaged: Keys of the documents that are in the filing package, when there is one.
        held: Invoice numbers whose collection is stopped (a dispute, a plan).
        insolvent: The debtor is known to be in insolvency proceedings.
        filed: Sides' claims that were filed before and are still alive, as references (a repeated claim).
    """

    on: date
    unreviewed: tuple[str, ...] = ()
    packaged: frozenset[str] = field(default_factory=frozenset)
    held: tuple[str, ...] = ()
    insolvent: bool = False
    filed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says: True met, False missing, None when it does not apply; why, and about what."""

    met: bool | None
    detail: str = ""
    subjects: tuple[str, ...] = ()


Decide = Callable[[Case, Requirement, Situation], Verdict]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its name, what it does in a line, and the keys that a requirement must give it."""

    name: str
    decide: Decide
    needs: tuple[str, ...]

    @property
    def text(self) -> str:
        """What it decides, one line."""
        return (self.decide.__doc__ or "").strip().splitlines()[0]


RULES: dict[str, Rule] = {}


def rule(name: str, *needs: str) -> Callable[[Decide], Decide]:
    """Register a function as the rule `name`."""

    def register(function: Decide) -> Decide:
        RULES[name] = Rule(name, function, needs)
        return function

    return register


def _missing(detail: str, *subjects: str) -> Verdict:
    return Verdict(False, detail, subjects)


def _met(detail: str = "", *subjects: str) -> Verdict:
    return Verdict(True, detail, subjects)


def _off(detail: str = "") -> Verdict:
    return Verdict(None, detail)


# Documents


@rule("documento", "clases")
def document(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Hay al menos un documento de una de las `clases` que se pueda presentar."""
    found = _of(case, asked.clases)
    return _met(found[0].title, *(each.key for each in found)) if found else _missing(f"No hay {_kinds(asked.clases)}.")


@rule("documento_original", "clases")
def original(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Hay un original electrónico (no una copia ni un escaneado) de una de las `clases`."""
    found = [each for each in _of(case, asked.clases) if each.original]
    return _met(found[0].title) if found else _missing(f"No hay un original de {_kinds(asked.clases)}.")


@rule("documento_por_partida", "clases")
def document_for_each(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Cada factura reclamada tiene su propio documento de una de las `clases` que la prueba."""
    proved = {item for each in _of(case, asked.clases) for item in each.proves}
    bare = [each.invoice.reference for each in case.sheet.invoices if each.invoice.reference not in proved]
    return _missing(f"Sin documento: {', '.join(bare)}.", *bare) if bare else _met()


@rule("poder")
def power(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Quien actúa por el demandante (salvo su abogado) tiene su poder entre los documentos."""
    acting = [each for party in case.claimants for each in party.representatives if each.quality not in {"abogado"}]
    if not acting:
        legal = [party.name for party in case.claimants if party.person is Person.LEGAL]
        return _missing(f"No consta quién representa a {', '.join(legal)}.", *legal) if legal else _off()
    bare = [each.name for each in acting if not each.power or case.document(each.power) is None]
    return _missing(f"Sin poder entre los documentos: {', '.join(bare)}.", *bare) if bare else _met()


@rule("documentos_revisados")
def reviewed(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Una persona ha aceptado o rechazado cada documento."""
    if situation.unreviewed:
        return _missing(f"Sin revisar: {', '.join(situation.unreviewed)}.", *situation.unreviewed)
    return _met()


@rule("confidenciales_fuera")
def no_confidential(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Ningún documento confidencial de la negociación entra en lo que se presenta (LO 1/2025, art. 9)."""
    leaked = [each.title for each in case.documents if each.confidential and each.key in situation.packaged]
    quoted = {each.document for each in case.prior_claims if each.confidential_offer and each.document}
    open_ = [each.title for each in case.documents if each.key in quoted and not each.confidential]
    bad = [*leaked, *open_]
    return _missing(f"Oferta confidencial que se presentaría: {', '.join(bad)}.", *bad) if bad else _met()


@rule("tasa")
def fee(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Hay justificante de la tasa; con `importe`, solo si lo reclamado pasa de ahí. `persona` dice a quién alcanza."""
    if asked.importe is not None and case.total.amount <= asked.importe:
        return _off(f"No pasa de {write_amount(asked.importe)}.")
    found = _of(case, (DocumentKind.FEE,))
    return _met(found[0].title) if found else _missing("No hay justificante de la tasa.")


# Parties


@rule("identidad_fiscal")
def tax_identity(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """El número fiscal de cada parte consta y cuadra su dígito de control."""
    wrong = []
    for party in case.parties:
        if not party.tax_id:
            wrong.append(f"{party.name}: no consta")
        elif not tax_ids.valid(party.tax_id, party.country):
            wrong.append(f"{party.name}: {party.tax_id} no cuadra")
    return _missing("; ".join(wrong) + ".", *wrong) if wrong else _met()


@rule("domicilio_completo")
def whole_address(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Cada parte tiene calle, código postal y localidad."""
    bare = [each.name for each in case.parties if not (each.address and each.postal_code and each.locality)]
    return _missing(f"Domicilio incompleto: {', '.join(bare)}.", *bare) if bare else _met()


@rule("domicilio")
def court_of_domicile(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """El órgano es el del domicilio de cada demandado: misma provincia, y misma localidad si el órgano la dice."""
    court = case.court
    if not (court.province or court.locality):
        return _missing("El órgano no dice su provincia ni su localidad.")
    away = []
    for party in case.defendants:
        if not party.province and not party.locality:
            away.append(f"{party.name}: sin domicilio")
        elif court.province and party.province and _flat(court.province) != _flat(party.province):
            away.append(f"{party.name}: {party.province}")
        elif court.locality and party.locality and _flat(court.locality) != _flat(party.locality):
            away.append(f"{party.name}: {party.locality}")
    place = court.locality or court.province
    return _missing(f"El órgano es de {place}; {'; '.join(away)}.", *away) if away else _met(place)


@rule("correo_demandado")
def defendant_email(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Consta el correo electrónico de cada demandado (Colombia: copia al presentar, Ley 2213 de 2022)."""
    bare = [each.name for each in case.defendants if not each.email]
    return _missing(f"Sin correo: {', '.join(bare)}.", *bare) if bare else _met()


@rule("abogado")
def lawyer(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """El demandante tiene abogado; con `importe`, solo si lo reclamado pasa de ahí."""
    return _represented(case, asked, ("abogado",))


@rule("procurador")
def procurador(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """El demandante tiene procurador; con `importe`, solo si lo reclamado pasa de ahí."""
    return _represented(case, asked, ("procurador",))


@rule("representacion")
def representation(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """El demandante tiene abogado y procurador; con `importe`, solo si lo reclamado pasa de ahí."""
    return _represented(case, asked, ("abogado", "procurador"))


@rule("consumidor")
def consumer(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """La cuenta trata al demandado como lo que es: a un consumidor, sin interés comercial ni indemnización."""
    if case.consumer == (case.sheet.debtor == "consumer"):
        return _met("consumidor" if case.consumer else "empresa")
    what = "empresa" if case.consumer else "consumidor"
    return _missing(f"La cuenta está hecha como si el demandado fuera {what}.")


@rule("sin_concurso")
def not_insolvent(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """No consta que el demandado esté en concurso."""
    return _missing("Consta que está en concurso.") if situation.insolvent else _met()


@rule("sin_disputa")
def not_disputed(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Ninguna factura reclamada está retenida por una disputa o un plan."""
    if situation.held:
        return _missing(f"Retenidas: {', '.join(situation.held)}.", *situation.held)
    return _met()


# The debt


@rule("importe_maximo", "importe", "moneda")
def at_most(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Lo reclamado no pasa de `importe` en `moneda`; en otra moneda no se puede decir y falta."""
    limit = _limit(asked)
    if case.total.currency != limit.currency:
        return _missing(f"El límite está en {limit.currency} y se reclama en {case.total.currency}.")
    if limit < case.total:
        return _missing(f"Se reclaman {_shown(case.total)} y el límite es {_shown(limit)}.")
    return _met(_shown(case.total))


@rule("importe_minimo", "importe", "moneda")
def at_least(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Lo reclamado llega a `importe` en `moneda`; en otra moneda no se puede decir y falta."""
    limit = _limit(asked)
    if case.total.currency != limit.currency:
        return _missing(f"El límite está en {limit.currency} y se reclama en {case.total.currency}.")
    if case.total < limit:
        return _missing(f"Se reclaman {_shown(case.total)} y el mínimo es {_shown(limit)}.")
    return _met(_shown(case.total))


@rule("moneda", "moneda")
def currency(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Se reclama en `moneda`."""
    return _met() if case.sheet.currency == asked.moneda else _missing(f"Se reclama en {case.sheet.currency}.")


@rule("deuda_vencida")
def due(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Todas las facturas han vencido y queda algo por pagar de cada una."""
    early = [each.invoice.reference for each in case.sheet.invoices if each.invoice.due >= situation.on]
    paid = [each.invoice.reference for each in case.sheet.invoices if each.principal.amount <= 0]
    if early:
        return _missing(f"Sin vencer: {', '.join(early)}.", *early)
    return _missing(f"Ya pagadas: {', '.join(paid)}.", *paid) if paid else _met()


@rule("prescripcion", "dias")
def limitation(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Ninguna factura venció hace más de `dias` días (salvo interrupción, que mira el abogado)."""
    last = situation.on - timedelta(days=asked.dias)
    old = [each.invoice.reference for each in case.sheet.invoices if each.invoice.due < last]
    return _missing(f"Puede haber prescrito: {', '.join(old)}.", *old) if old else _met()


@rule("tipos_verificados")
def verified_rates(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Todos los tipos de interés de la cuenta los ha leído una persona en su fuente."""
    bare = case.sheet.unverified
    if bare:
        return _missing(f"Con tipos sin verificar: {', '.join(bare)}. Mire «cobranza legal rates».", *bare)
    return _met()


@rule("escrito_completo")
def whole_writ(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """El escrito tiene título de la deuda, hechos, fundamentos y petición."""
    parts = {
        "título de la deuda": case.title,
        "hechos": case.facts,
        "fundamentos": case.grounds,
        "petición": case.petition,
    }
    bare = [name for name, content in parts.items() if not content]
    return _missing(f"Falta: {', '.join(bare)}.", *bare) if bare else _met()


@rule("gestiones")
def contacts(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Consta al menos una gestión de cobro en el acta."""
    return _met(f"{len(case.contacts)}") if case.contacts else _missing("El acta no tiene ninguna gestión.")


@rule("no_repetido")
def not_filed_before(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """No hay otra demanda viva por las mismas facturas."""
    if situation.filed:
        return _missing(f"Ya se reclaman en {', '.join(situation.filed)}.", *situation.filed)
    return _met()


# Before court


@rule("requerimiento_previo")
def demanded(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Se requirió el pago antes de demandar; con `dias`, hace al menos esos días."""
    if not case.prior_claims:
        return _missing("No consta ningún requerimiento.")
    first = min(each.reached_on or each.sent_on for each in case.prior_claims)
    if asked.dias and situation.on < first + timedelta(days=asked.dias):
        return _missing(f"Requerido el {write_day(first)}: espere hasta el {_plus(first, asked.dias)}.")
    return _met(write_day(first))


@rule("masc_enviado")
def masc_sent(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Se envió un MASC antes de demandar (LO 1/2025, art. 5)."""
    masc = _masc(case)
    return _met(write_day(masc.sent_on)) if masc else _missing("No consta ningún MASC.")


@rule("masc_recibido")
def masc_reached(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """El MASC llegó al deudor o quedó a su disposición en un domicilio que consta."""
    masc = _masc(case)
    if masc is None:
        return _missing("No consta ningún MASC.")
    return _met(write_day(masc.reached_on)) if masc.reached_on else _missing("No consta que llegara.")


@rule("masc_ofrecido")
def masc_offered(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """La comunicación nombra la deuda y ofrece negociar: un requerimiento a secas es discutido."""
    masc = _masc(case)
    if masc is None:
        return _missing("No consta ningún MASC.")
    return _met() if masc.offers_masc else _missing("Pide el pago y no ofrece negociar.")


@rule("masc_acreditado")
def masc_proved(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """El justificante del MASC está entre los documentos que se presentan."""
    masc = _masc(case)
    if masc is None:
        return _missing("No consta ningún MASC.")
    proof = case.document(masc.document) if masc.document else None
    if proof is None:
        return _missing("Falta su justificante.")
    if proof.confidential:
        return _missing("Su justificante es confidencial: presente la certificación del envío sin la oferta.")
    return _met(proof.title)


@rule("masc_plazo", "dias")
def masc_waited(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Pasaron `dias` días desde que llegó sin respuesta o sin acuerdo; rechazado por escrito, ya terminó (art. 10)."""
    masc = _masc(case)
    if masc is None:
        return _missing("No consta ningún MASC.")
    if masc.outcome is PriorOutcome.AGREED:
        return _missing("Terminó en acuerdo: no hay nada que demandar mientras se cumpla.")
    if masc.outcome is PriorOutcome.REFUSED:
        return _met("rechazado por escrito")
    start = masc.reached_on or masc.sent_on
    over = start + timedelta(days=asked.dias)
    if situation.on < over:
        return _missing(f"Espere hasta el {write_day(over)}.")
    if masc.outcome is PriorOutcome.OPEN:
        return _missing("La negociación sigue en curso.")
    return _met(f"terminó el {write_day(over)}")


@rule("masc_caducidad", "dias")
def masc_fresh(case: Case, asked: Requirement, situation: Situation) -> Verdict:
    """Se demanda antes de `dias` días desde que el MASC llegó (LO 1/2025, art. 7: un año)."""
    masc = _masc(case)
    if masc is None:
        return _missing("No consta ningún MASC.")
    last = (masc.reached_on or masc.sent_on) + timedelta(days=asked.dias)
    if situation.on > last:
        return _missing(f"Caducó el {write_day(last)}.")
    return _met(f"hasta el {write_day(last)}")


def _masc(case: Case) -> PriorClaim | None:
    """The attempt that counts: the latest that offers to negotiate, else the latest."""
    found = [each for each in case.prior_claims if each.kind == "masc"]
    return max(found, key=lambda each: (each.offers_masc, each.reached_on is not None, each.sent_on), default=None)


def _of(case: Case, kinds: Iterable[DocumentKind]) -> list[Document]:
    wanted = set(kinds)
    return [each for each in case.documents if each.kind in wanted and not each.confidential]


def _represented(case: Case, asked: Requirement, qualities: tuple[str, ...]) -> Verdict:
    if asked.importe is not None and case.total.amount <= asked.importe:
        return _off(f"No pasa de {write_amount(asked.importe)}.")
    bare = [f"{party.name}: {quality}" for party in case.claimants for quality in qualities if not _has(party, quality)]
    return _missing(f"Falta {'; '.join(bare)}.", *bare) if bare else _met()


def _has(party: Party, quality: str) -> bool:
    return any(each.quality == quality for each in party.representatives)


def _limit(asked: Requirement) -> Money:
    if asked.importe is None:
        raise ValueError(f"{asked.id}: no amount")  # `needs` has asked for it
    return Money(asked.moneda, asked.importe)


def _shown(money: Money) -> str:
    return f"{write_amount(money.amount)} {money.currency}"


def _plus(day: date, days: int) -> str:
    return write_day(day + timedelta(days=days))


def _kinds(kinds: Iterable[DocumentKind]) -> str:
    return " ni ".join(each.value.replace("_", " ") for each in kinds)


def _flat(text: str) -> str:
    return " ".join(text.casefold().translate(str.maketrans("áéíóúüà", "aeiouua")).replace("-", " ").split())
