"""Each rule of the checklist on a claim that has it and on one that has not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cobranza.kernel.config import ConfigError
from cobranza.kernel.money import Money
from cobranza.legal import checklist, requirements, settings
from cobranza.legal.case import (
    Case,
    Contact,
    Court,
    Document,
    DocumentKind,
    Party,
    Person,
    PriorClaim,
    PriorOutcome,
    Representative,
    Role,
)
from cobranza.legal.checklist import State
from cobranza.legal.checklist_rules import RULES, Situation
from cobranza.legal.requirements import Requirement, Requirements
from cobranza.legal.sheet import Invoice, prepare

DAY = date(2026, 3, 20)
US = Party(
    role=Role.CLAIMANT,
    person=Person.LEGAL,
    name="Prueba, S.L.",
    tax_id="A58818501",
    address="Mayor, 1",
    postal_code="28001",
    locality="Madrid",
    province="Madrid",
    representatives=(
        Representative(quality="abogado", name="Laura"),
        Representative(quality="procurador", name="Pablo", power="poder"),
    ),
)
THEM = replace(US, role=Role.DEFENDANT, name="Pepa, S.L.", tax_id="B12345674", representatives=(), email="p@x.example")
SHEET = prepare(
    settings.rate_book(),
    [Invoice(reference="F-1", principal=Money("EUR", Decimal(1000)), due=date(2025, 12, 15))],
    country="ES",
    until=DAY,
)
MASC = PriorClaim(
    kind="masc", sent_on=date(2026, 1, 20), reached_on=date(2026, 1, 22), offers_masc=True, document="burofax"
)
PAPERS = (
    Document(key="f1", file="f1.pdf", title="Factura", kind=DocumentKind.INVOICE, proves=("F-1",), original=True),
    Document(key="poder", file="p.pdf", title="Poder", kind=DocumentKind.POWER),
    Document(key="burofax", file="b.pdf", title="Burofax", kind=DocumentKind.PRIOR_CLAIM),
)
WHOLE = Case(
    id="EXP-1",
    country="ES",
    proceeding="monitorio",
    court=Court(name="Al tribunal", province="Madrid", locality="Madrid"),
    parties=(US, THEM),
    title="Facturas",
    sheet=SHEET,
    prepared_on=DAY,
    facts=("Uno.",),
    grounds=("Dos.",),
    petition=("Tres.",),
    documents=PAPERS,
    prior_claims=(MASC,),
    contacts=(Contact(at="2026-01-10T10:00:00+01:00", channel="teléfono", text="Llamada"),),
)
HOUSE = Situation(on=DAY)


def check(rule: str, case: Case = WHOLE, house: Situation = HOUSE, **more: Any) -> checklist.Check:
    plain = {"id": "x", "regla": rule, "texto": "Algo", "remedio": "Hágalo.", "fuente": "De prueba"}
    asked = Requirement.model_validate(plain | more)
    one = Requirements.model_validate(
        {
            "nombre": "x",
            "pais": "ES",
            "procedimientos": {},
            "limites": {"fuente": "De prueba"},
            "presentacion": {"fuente": "De prueba"},
            "catalogo": {"otro": {"codigo": "D", "nombre": "D"}},
            "requisitos": [asked],
        }
    )
    (found,) = checklist.evaluate(case, one, house)
    return found


def them(**more: Any) -> Case:
    return replace(WHOLE, parties=(US, replace(THEM, **more)))


def masc(**more: Any) -> Case:
    return replace(WHOLE, prior_claims=(replace(MASC, **more),))


def paper(key: str, **more: Any) -> Case:
    return replace(WHOLE, documents=tuple(replace(each, **more) if each.key == key else each for each in PAPERS))


def without(key: str) -> Case:
    return replace(WHOLE, documents=tuple(each for each in PAPERS if each.key != key))


EUR: dict[str, Any] = {"importe": "2000", "moneda": "EUR"}
CASES: list[tuple[str, dict[str, Any], Case, Situation]] = [
    ("documento", {"clases": ["factura"]}, without("f1"), HOUSE),
    ("documento", {"clases": ["factura"]}, paper("f1", confidential=True), HOUSE),
    ("documento_original", {"clases": ["factura"]}, paper("f1", original=False), HOUSE),
    ("documento_por_partida", {"clases": ["factura"]}, paper("f1", proves=()), HOUSE),
    ("poder", {}, without("poder"), HOUSE),
    ("poder", {}, replace(WHOLE, parties=(replace(US, representatives=()), THEM)), HOUSE),
    ("documentos_revisados", {}, WHOLE, Situation(on=DAY, unreviewed=("Factura",))),
    ("confidenciales_fuera", {}, masc(confidential_offer=True), HOUSE),
    (
        "confidenciales_fuera",
        {},
        paper("burofax", confidential=True),
        Situation(on=DAY, packaged=frozenset({"burofax"})),
    ),
    ("tasa", {}, WHOLE, HOUSE),
    ("identidad_fiscal", {}, them(tax_id="B12345675"), HOUSE),
    ("identidad_fiscal", {}, them(tax_id=""), HOUSE),
    ("domicilio_completo", {}, them(postal_code=""), HOUSE),
    ("domicilio", {}, them(locality="Getafe"), HOUSE),
    ("domicilio", {}, them(province="Ávila"), HOUSE),
    ("domicilio", {}, replace(WHOLE, court=Court(name="x")), HOUSE),
    ("correo_demandado", {}, them(email=""), HOUSE),
    ("abogado", {}, replace(WHOLE, parties=(replace(US, representatives=US.representatives[1:]), THEM)), HOUSE),
    ("procurador", {}, replace(WHOLE, parties=(replace(US, representatives=US.representatives[:1]), THEM)), HOUSE),
    ("representacion", {}, replace(WHOLE, parties=(replace(US, representatives=()), THEM)), HOUSE),
    ("consumidor", {}, them(consumer=True), HOUSE),
    ("sin_concurso", {}, WHOLE, Situation(on=DAY, insolvent=True)),
    ("sin_disputa", {}, WHOLE, Situation(on=DAY, held=("F-1",))),
    ("no_repetido", {}, WHOLE, Situation(on=DAY, filed=("EXP-0",))),
    ("importe_maximo", {"importe": "1000", "moneda": "EUR"}, WHOLE, HOUSE),
    ("importe_maximo", {"importe": "9000", "moneda": "COP"}, WHOLE, HOUSE),
    ("importe_minimo", EUR, WHOLE, HOUSE),
    ("moneda", {"moneda": "COP"}, WHOLE, HOUSE),
    ("deuda_vencida", {}, WHOLE, Situation(on=date(2025, 12, 15))),
    ("prescripcion", {"dias": 90}, WHOLE, HOUSE),
    ("escrito_completo", {}, replace(WHOLE, facts=()), HOUSE),
    ("gestiones", {}, replace(WHOLE, contacts=()), HOUSE),
    ("requerimiento_previo", {}, replace(WHOLE, prior_claims=()), HOUSE),
    ("requerimiento_previo", {"dias": 60}, WHOLE, HOUSE),
    ("masc_enviado", {}, masc(kind="requerimiento"), HOUSE),
    ("masc_recibido", {}, masc(reached_on=None), HOUSE),
    ("masc_ofrecido", {}, masc(offers_masc=False), HOUSE),
    ("masc_acreditado", {}, without("burofax"), HOUSE),
    ("masc_acreditado", {}, paper("burofax", confidential=True), HOUSE),
    ("masc_plazo", {"dias": 30}, WHOLE, Situation(on=date(2026, 2, 20))),
    ("masc_plazo", {"dias": 30}, masc(outcome=PriorOutcome.AGREED), HOUSE),
    ("masc_plazo", {"dias": 30}, masc(outcome=PriorOutcome.OPEN), HOUSE),
    ("masc_caducidad", {"dias": 365}, WHOLE, Situation(on=date(2027, 1, 23))),
]


@pytest.mark.parametrize(("rule", "more", "case", "house"), CASES, ids=lambda value: str(value)[:24])
def test_what_is_missing_blocks_and_says_why(rule: str, more: dict[str, Any], case: Case, house: Situation) -> None:
    found = check(rule, case, house, **more)
    assert found.state is State.MISSING
    assert found.blocks == "presentar"
    assert found.detail.endswith(".")


def test_every_rule_can_miss() -> None:
    assert {rule for rule, *_rest in CASES} | {"tipos_verificados"} == set(RULES)


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("documento", {"clases": ["albaran", "factura"]}),
        ("documento_original", {"clases": ["factura"]}),
        ("documento_por_partida", {"clases": ["factura"]}),
        ("importe_maximo", EUR),
        ("importe_minimo", {"importe": "100", "moneda": "EUR"}),
        ("moneda", {"moneda": "EUR"}),
        ("prescripcion", {"dias": 1826}),
        ("masc_plazo", {"dias": 30}),
        ("masc_caducidad", {"dias": 365}),
        ("requerimiento_previo", {"dias": 30}),
        *((name, {}) for name, rule in RULES.items() if not rule.needs and name not in {"tasa", "tipos_verificados"}),
    ],
)
def test_a_whole_claim_has_everything(rule: str, more: dict[str, Any]) -> None:
    assert check(rule, **more).state is State.MET


def test_days_are_counted_to_the_day() -> None:
    assert check("masc_plazo", house=Situation(on=date(2026, 2, 20)), dias=30).detail == "Espere hasta el 21/02/2026."
    assert check("masc_plazo", house=Situation(on=date(2026, 2, 21)), dias=30).state is State.MET
    assert check("masc_caducidad", house=Situation(on=date(2027, 1, 22)), dias=365).state is State.MET


def test_refused_in_writing_needs_no_waiting() -> None:
    soon = Situation(on=date(2026, 1, 25))
    assert check("masc_plazo", masc(outcome=PriorOutcome.REFUSED), soon, dias=30).state is State.MET


def test_a_requirement_that_only_warns_stops_nothing() -> None:
    found = check("masc_enviado", replace(WHOLE, prior_claims=()), bloquea="avisa")
    assert found.state is State.WARNING
    assert checklist.stopping([found], "presentar") == ()


def test_signing_is_stopped_by_less_than_filing() -> None:
    bare = replace(WHOLE, prior_claims=())
    files, signs = check("masc_enviado", bare), check("masc_enviado", bare, bloquea="firmar")
    assert checklist.stopping([files, signs], "firmar") == (signs,)
    assert checklist.stopping([files, signs], "presentar") == (files, signs)


def test_what_is_not_asked_of_this_case_is_off() -> None:
    assert check("masc_enviado", procedimientos=["ordinario"]).state is State.OFF
    assert check("masc_enviado", persona="fisica").state is State.OFF
    assert check("masc_enviado", consumidor=True).state is State.OFF
    assert check("tasa", **EUR).state is State.OFF


def test_a_rule_that_is_not_there_stops_by_name() -> None:
    with pytest.raises(ConfigError, match="«inventada»"):
        check("inventada")
    with pytest.raises(ConfigError, match="necesita «importe»"):
        check("importe_maximo", moneda="EUR")


@pytest.mark.parametrize("slug", requirements.slugs())
def test_the_shipped_courts_use_rules_that_are_there(slug: str) -> None:
    checklist.check_rules(requirements.requirements(slug))
