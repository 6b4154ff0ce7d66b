"""The writ: one set of paragraphs per case, from a template per proceeding, for the PDF and the editable DOCX alike.

What the case says itself (`facts`, `grounds`, `petition`) replaces the template's. Templates are TOML files: those in
``config/escritos/`` go before the ones here, ``<country>_<proceeding>.toml`` before ``generico.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from pydantic import Field

from cobranza import suite
from cobranza.kernel.config import Strict, load
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day
from cobranza.legal.bundle.wording import QUALITIES, Wording, address, listed, long_day
from cobranza.legal.bundle.words import in_words, ordinal
from cobranza.legal.case import Case, DocumentKind, Party, PriorClaim, PriorOutcome

FOLDER = Path(__file__).parent / "templates"
_OUTCOMES = {
    PriorOutcome.NO_ANSWER: "No ha habido respuesta.",
    PriorOutcome.REFUSED: "La propuesta fue rechazada.",
    PriorOutcome.ANSWERED: "La contestación no llevó a un acuerdo.",
    PriorOutcome.AGREED: "Se alcanzó un acuerdo.",
    PriorOutcome.OPEN: "La negociación sigue abierta.",
}


class WritTemplateError(BusinessError):
    """A template of a writ that cannot be filled in."""

    code = "COB-LEG-030"
    remedy = "Corrija la plantilla del escrito en config/escritos o en el programa y vuelva a preparar el expediente."


class WritTemplate(Strict):
    """A template file; every text is Jinja, `**so**` is bold, an empty paragraph is left out.

    Attributes:
        nombre: Of the writ, as the court's index shows it.
        fuente: The norms that it follows.
        revisada: Day on which a lawyer read it, None for never.
        documento: How one annex is called, with {n}.
        documentos: How several are.
        destinatario: Whom it is addressed to.
        comparece: Who claims what of whom; paragraphs are parted by an empty line.
        hechos_titulo: Heading of the facts.
        numeracion: "ordinal" (PRIMERO) or "numero" (1).
        tabla_tras: After which fact the table of amounts stands, 0 for none.
        hechos: Facts.
        fundamentos_titulo: Heading of the grounds.
        fundamentos: Grounds.
        suplica_titulo: Heading of the petition.
        suplico: Petition.
        tras_suplico: Paragraphs after it.
        cierre: Place and day.
        adjunta: Heading of the list of annexes.
    """

    nombre: str
    fuente: str = Field(min_length=4)
    revisada: date | None = None
    documento: str = "documento n.º {n}"
    documentos: str = "documentos n.º {n}"
    destinatario: str
    comparece: str
    hechos_titulo: str = "HECHOS"
    numeracion: Literal["ordinal", "numero"] = "ordinal"
    tabla_tras: int = 0
    hechos: tuple[str, ...]
    fundamentos_titulo: str = "FUNDAMENTOS DE DERECHO"
    fundamentos: tuple[str, ...]
    suplica_titulo: str = "SUPLICO"
    suplico: tuple[str, ...]
    tras_suplico: tuple[str, ...] = ()
    cierre: str
    adjunta: str = "DOCUMENTOS"


class Numbered(Protocol):
    """What the writ needs to know of an annex."""

    @property
    def key(self) -> str:
        """`Document.key`, "" for what we made."""

    @property
    def number(self) -> int:
        """From 1, as the writ quotes it."""

    @property
    def kind(self) -> DocumentKind:
        """What it is."""

    @property
    def title(self) -> str:
        """As the index shows it."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the writ; `rows` for a table of amounts: concept and amount, the last one the total."""

    kind: Literal["address", "heading", "paragraph", "item", "table", "closing", "signature", "annex"]
    text: str = ""
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Writ:
    """A writ ready to be laid out.

    Attributes:
        name: What kind of writ it is.
        blocks: In order.
        source: Norms of its template.
        reviewed: Day on which a lawyer read the template, None for never.
    """

    name: str
    blocks: tuple[Block, ...]
    source: str
    reviewed: date | None


def template_of(country: str, proceeding: str) -> WritTemplate:
    """The template of a proceeding.

    Raises:
        ConfigError: the file is wrong.
    """
    names = (f"{country.lower()}_{proceeding}.toml", f"{country.lower()}_generico.toml", "generico.toml")
    for folder in (suite.root() / "config" / "escritos", FOLDER):
        for name in names[:2]:
            if (folder / name).is_file():
                return load(folder / name, WritTemplate)
    return load(FOLDER / names[2], WritTemplate)


def compose(case: Case, annexes: Sequence[Numbered], template: WritTemplate | None = None) -> Writ:
    """The writ of `case`.

    Args:
        case: What is claimed.
        annexes: In the order of their numbers.
        template: None takes the one of the case's proceeding.

    Raises:
        WritTemplateError: the template names something that is not there.
    """
    chosen = template or template_of(case.country, case.proceeding)
    fill = partial(_fill, context=_context(case, annexes, chosen), template=chosen)
    blocks = [Block("address", fill(chosen.destinatario))]
    blocks += [Block("paragraph", each) for each in _paragraphs(fill(chosen.comparece))]
    blocks.append(Block("heading", chosen.hechos_titulo))
    facts = case.facts or chosen.hechos
    shown = 0
    for place, fact in enumerate(facts, start=1):
        told = fact if case.facts else fill(fact)
        if told:
            shown += 1
            blocks.append(Block("item", _numbered(shown, told, chosen)))
        if not case.facts and place == chosen.tabla_tras:
            blocks.append(Block("table", rows=_amounts(case)))
    if case.facts:
        blocks.append(Block("table", rows=_amounts(case)))
    blocks.append(Block("heading", chosen.fundamentos_titulo))
    blocks += _items(case.grounds or tuple(fill(each) for each in chosen.fundamentos), chosen)
    blocks.append(Block("heading", chosen.suplica_titulo))
    blocks += _items(case.petition or tuple(fill(each) for each in chosen.suplico), chosen)
    blocks += [Block("paragraph", told) for each in chosen.tras_suplico if (told := fill(each))]
    blocks.append(Block("closing", fill(chosen.cierre)))
    blocks += [Block("signature", each) for each in _signatures(case)]
    if annexes:
        blocks.append(Block("heading", chosen.adjunta))
        for each in annexes:
            label = chosen.documento.format(n=each.number)
            blocks.append(Block("annex", f"**{label[0].upper()}{label[1:]}.** {each.title}."))
    return Writ(name=chosen.nombre, blocks=tuple(blocks), source=chosen.fuente, reviewed=chosen.revisada)


def _fill(source: str, *, context: dict[str, Any], template: WritTemplate) -> str:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=False)
    try:
        return environment.from_string(source).render(context).strip()
    except (TemplateError, IndexError, TypeError) as exc:
        raise WritTemplateError(f"La plantilla «{template.nombre}» no se puede rellenar: {exc}.") from exc


def _paragraphs(told: str) -> list[str]:
    return [_one_line(part) for part in told.split("\n\n") if part.strip()]


def _one_line(told: str) -> str:
    """Line ends of a template as spaces; what may not be parted (an amount and its sign) stays together."""
    return re.sub(r"[ \t\r\n]+", " ", told).strip()


def _items(texts: Iterable[str], template: WritTemplate) -> list[Block]:
    told = [each for each in texts if each]
    return [Block("item", _numbered(place, each, template)) for place, each in enumerate(told, start=1)]


def _numbered(place: int, told: str, template: WritTemplate) -> str:
    head = f"{ordinal(place)}.-" if template.numeracion == "ordinal" else f"{place}."
    return f"**{head}** {_one_line(told)}"


def _amounts(case: Case) -> tuple[tuple[str, str], ...]:
    say = Wording(case.country)
    rows = [("Principal", case.sheet.principal)]
    rows.append((f"Intereses hasta el {write_day(case.sheet.until)}", case.sheet.interest))
    if case.sheet.recovery:
        rows.append(("Indemnización por costes de cobro", case.sheet.recovery))
    rows += [(cost.text, cost.money) for cost in case.costs]
    rows.append(("Total reclamado", case.total))
    return tuple((text, say.money(money)) for text, money in rows)


def _signatures(case: Case) -> list[str]:
    signing = [who for party in case.claimants for who in party.representatives if who.quality != "apoderado"]
    told = [f"{who.name}\n{QUALITIES[who.quality].capitalize()}" for who in signing]
    return told or [party.name for party in case.claimants]


def _context(case: Case, annexes: Sequence[Numbered], template: WritTemplate) -> dict[str, Any]:
    say = Wording(case.country)

    def docs(*kinds: str) -> str:
        numbers = [str(each.number) for each in annexes if each.kind.value in kinds]
        form = template.documento if len(numbers) == 1 else template.documentos
        return _unbroken(form.format(n=listed(numbers))) if numbers else ""

    claimants = [_party(party, say) for party in case.claimants]
    debtors = [_party(party, say) for party in case.defendants]
    lawyers = [who for party in case.claimants for who in party.representatives if who.quality != "procurador"]
    invoices = [
        {
            "frase": f"la factura {each.invoice.reference}, de {say.money(each.invoice.principal)}, "
            f"vencida el {write_day(each.invoice.due)}"
        }
        for each in case.sheet.invoices
    ]
    paid = [
        f"{say.money(payment.money)} el {write_day(payment.on)} (factura {each.invoice.reference})"
        for each in case.sheet.invoices
        for payment in each.invoice.payments
    ]
    spent = Money.total(case.sheet.currency, (cost.money for cost in case.costs))
    return {
        "organo": addressed(case.court.name),
        "titulo": case.title,
        "lugar": case.place or case.court.locality,
        "fecha": long_day(case.prepared_on),
        "hasta": write_day(case.sheet.until),
        "demandante": claimants[0],
        "demandantes": claimants,
        "demandados": debtors,
        "deudores": listed([each["completo"] for each in debtors]),
        "abogado": {
            "nombre": lawyers[0].name,
            "calidad": QUALITIES[lawyers[0].quality],
            "colegiado": lawyers[0].licence,
        }
        if lawyers
        else None,
        "facturas": invoices,
        "pagos": paid,
        "previas": [_prior(each, annexes, template) for each in case.prior_claims],
        "gestiones": len(case.contacts),
        "consumidor": case.consumer,
        "principal": say.money(case.sheet.principal),
        "intereses": say.money(case.sheet.interest),
        "indemnizacion": say.money(case.sheet.recovery) if case.sheet.recovery else "",
        "costas": say.money(spent) if spent else "",
        "costas_frase": listed(
            [f"{cost.text[0].lower()}{cost.text[1:]} ({say.money(cost.money)})" for cost in case.costs]
        ),
        "total": say.money(case.total),
        "total_letras": in_words(case.total.rounded()),
        "normas": "; ".join(dict.fromkeys(each.regime.norm for each in case.sheet.invoices)),
        "docs": docs,
    }


def _unbroken(told: str) -> str:
    """ "n.º" and its number stay on one line."""
    return told.replace("n.º ", "n.º\u00a0")


def _lowered(told: str) -> str:
    return told[:1].lower() + told[1:]


def _party(party: Party, say: Wording) -> dict[str, str]:
    where, tax_id = address(party), say.tax_id(party)
    whole = f"**{party.name.upper()}**"
    whole += f", con {tax_id}" if tax_id else ""
    whole += f", con domicilio en {where}" if where else ""
    whole += f", correo electrónico {party.email}" if party.email else ""
    reach = [where, party.email, f"teléfono {party.phone}" if party.phone else ""]
    return {
        "nombre": party.name,
        "id": tax_id or "identificación fiscal desconocida",
        "domicilio": where,
        "correo": party.email,
        "telefono": party.phone,
        "completo": whole,
        "notificaciones": ", ".join(each for each in reach if each) or "domicilio que se averiguará",
    }


def _prior(claim: PriorClaim, annexes: Sequence[Numbered], template: WritTemplate) -> str:
    what = {
        "masc": "propuso a la parte demandada negociar el pago de la deuda",
        "requerimiento": "requirió de pago a la parte demandada",
        "preaviso": "avisó a la parte demandada de esta reclamación",
    }[claim.kind]
    by = f" por {claim.channel.replace('_', ' ')}" if claim.channel else ""
    reached = f", recibido el {write_day(claim.reached_on)}" if claim.reached_on else ", que no llegó a recibirse"
    number = next((each.number for each in annexes if each.key and each.key == claim.document), None)
    proof = f" ({_unbroken(template.documento.format(n=number))})" if number else ""
    return f"El {write_day(claim.sent_on)} la demandante {what}{by}{reached}{proof}. {_OUTCOMES[claim.outcome]}"


def addressed(court: str) -> str:
    """The court's name as it follows "AL": settings may hold it with the preposition or without.

    >>> addressed("Al Juzgado de Paz de Ojén"), addressed("Tribunal de Instancia de Madrid")
    ('Juzgado de Paz de Ojén', 'Tribunal de Instancia de Madrid')
    """
    first, _, rest = court.partition(" ")
    return rest if first.lower() == "al" and rest else court
