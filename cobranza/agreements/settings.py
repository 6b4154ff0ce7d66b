"""`config/agreements.toml`: how the house negotiates and who may approve what."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from cobranza import suite
from cobranza.agreements.following import Watch
from cobranza.agreements.matrix import UNATTENDED, Level
from cobranza.agreements.offers import Policy
from cobranza.agreements.terms import Risk
from cobranza.kernel.config import Strict, load
from cobranza.screens.roles import Role

_UNINVOICED = (
    "{} no puede ir en un acuerdo: no hay documento al que aplicar ese dinero y la última cuota no se cerraría nunca; "
    "emita en el ERP una nota de cargo, que se acuerda como cualquier factura"
)


def _exact(text: str) -> Decimal:
    """A figure in quotes."""
    try:
        value = Decimal(text)
    except InvalidOperation as exc:
        raise ValueError(f'«{text}» no es un número; se escribe entre comillas y con punto: "1500.00"') from exc
    if not value.is_finite() or value < 0:
        raise ValueError(f"«{text}» no es un número positivo")
    return value


def _exact_all(values: dict[str, str]) -> dict[str, str]:
    for currency, text in values.items():
        if len(currency) != 3 or not currency.isupper():
            raise ValueError(f"«{currency}» no es un código de moneda")
        _exact(text)
    return values


class LevelEntry(Strict):
    """One level of the approval matrix, lowest first; the first one is "automatico".

    Attributes:
        papel: Role that approves; "automatico" for nobody.
        deuda: Largest debt by currency, in quotes.
        quita: Most that may be waived, per cent of the debt.
        quita_principal: Most of the principal, per cent.
        dias: Most days until the last payment.
        pagos: Most payments.
        primer_pago: Least first payment of several, per cent.
        riesgos: Bands of risk that it may agree with.
        incumplidos: Most broken agreements.
        dos_personas_desde: Debt by currency above which two different people have to agree.
    """

    FILE: ClassVar[str] = "agreements.toml"
    TABLE: ClassVar[str] = "niveles"

    papel: str = Field(pattern="^[a-z_]+$")
    deuda: dict[str, str]
    quita: str = "0"
    quita_principal: str = "0"
    dias: int = Field(ge=1)
    pagos: int = Field(ge=1)
    primer_pago: str = "0"
    riesgos: tuple[Risk, ...] = ("bajo", "medio", "alto")
    incumplidos: int = Field(default=0, ge=0)
    dos_personas_desde: dict[str, str] = Field(default_factory=dict)

    _figures = field_validator("deuda", "dos_personas_desde")(_exact_all)

    @field_validator("quita", "quita_principal", "primer_pago")
    @classmethod
    def _percent(cls, value: str) -> str:
        if _exact(value) > 100:
            raise ValueError("un tanto por ciento no pasa de 100")
        return value

    def level(self) -> Level:
        """As the matrix reads it."""
        return Level(
            role=self.papel,
            amount={key: Decimal(text) for key, text in self.deuda.items()},
            discount=Decimal(self.quita),
            principal_discount=Decimal(self.quita_principal),
            days=self.dias,
            instalments=self.pagos,
            first=Decimal(self.primer_pago),
            risks=frozenset(self.riesgos),
            broken=self.incumplidos,
            second_over={key: Decimal(text) for key, text in self.dos_personas_desde.items()},
        )


class AgreementSettings(Strict):
    """The whole file.

    Attributes:
        coste_dinero: What money costs the creditor, per cent a year, in quotes.
        suelo: Least worth of an agreement today, per cent of the principal; nothing below is ever offered.
        dias_pago_total: Days for paying all at once.
        quita_pago_total: Of interest and costs for paying all at once, per cent.
        dias_promesa: Most days until a promised payment.
        parte_ahora: Least share paid now when paying in part, per cent.
        interes_plan: Interest of a plan, per cent a year, for "consumidor" and "empresa"; only "0", see `intereses`.
        cuota_minima: Least instalment by currency.
        plazos: Numbers of instalments that are offered.
        avisar_antes: Days before an instalment on which the debtor is reminded.
        gracia: Days after an instalment on which it is not yet missed.
        impagos: Missed instalments that break the agreement.
        memoria_dias: Days for which a broken agreement counts against the next one.
        intereses: Late-payment interest as part of what is agreed: refused, because money that no invoice asks for is
            applied to nothing and its instalment would never close. What the ERP invoices, debit notes too, is agreed.
        compensacion: So is the law's fixed compensation per invoice.
        papeles: Console roles that decide at each level of the matrix.
        enlace_dias: Days that a personal link in an answer opens.
        asistente_canales: Where the assistant answers what debtors write.
        niveles: The approval matrix.
    """

    FILE: ClassVar[str] = "agreements.toml"

    coste_dinero: str = "8"
    suelo: str = "90"
    dias_pago_total: int = Field(default=3, ge=0, le=60)
    quita_pago_total: str = "0"
    dias_promesa: int = Field(default=15, ge=1, le=120)
    parte_ahora: str = "30"
    interes_plan: dict[Literal["consumidor", "empresa"], str] = Field(default_factory=dict)
    cuota_minima: dict[str, str] = Field(default_factory=dict)
    plazos: tuple[int, ...] = (2, 3, 4, 6, 9, 12)
    avisar_antes: int = Field(default=2, ge=1, le=15)
    gracia: int = Field(default=2, ge=0, le=15)
    impagos: int = Field(default=2, ge=1)
    memoria_dias: int = Field(default=730, ge=0, le=3650)
    intereses: bool = False
    compensacion: bool = False
    papeles: dict[str, tuple[Role, ...]] = Field(default_factory=dict)
    enlace_dias: int = Field(default=7, ge=1, le=90)
    asistente_canales: tuple[Literal["whatsapp", "sms", "portal"], ...] = ("whatsapp", "sms", "portal")
    niveles: tuple[LevelEntry, ...] = ()

    _figures = field_validator("cuota_minima")(_exact_all)

    @field_validator("coste_dinero", "suelo", "quita_pago_total", "parte_ahora")
    @classmethod
    def _percent(cls, value: str) -> str:
        if _exact(value) > 100:
            raise ValueError("un tanto por ciento no pasa de 100")
        return value

    @field_validator("interes_plan")
    @classmethod
    def _rates(cls, value: dict[str, str]) -> dict[str, str]:
        if any(_exact(text) for text in value.values()):
            raise ValueError(_UNINVOICED.format("el interés del propio plan"))
        return value

    @field_validator("intereses", "compensacion")
    @classmethod
    def _invoiced(cls, value: bool) -> bool:
        if value:
            raise ValueError(_UNINVOICED.format("lo que ninguna factura pide"))
        return value

    @model_validator(mode="after")
    def _whole(self) -> AgreementSettings:
        roles = [each.papel for each in self.niveles]
        if roles and roles[0] != UNATTENDED:
            raise ValueError(f"el primer nivel de [[niveles]] tiene que ser «{UNATTENDED}», no «{roles[0]}»")
        if len(set(roles)) != len(roles):
            raise ValueError("hay dos niveles con el mismo papel")
        if strangers := sorted(set(self.papeles) - set(roles[1:])):
            raise ValueError(f"[papeles] nombra niveles que no hay en [[niveles]]: {', '.join(strangers)}")
        if any(count < 2 for count in self.plazos):
            raise ValueError("un plan tiene al menos dos pagos")
        return self

    def policy(self) -> Policy:
        """As the negotiation reads it."""
        return Policy(
            levels=tuple(each.level() for each in self.niveles),
            prompt_days=self.dias_pago_total,
            prompt_waiver=Decimal(self.quita_pago_total),
            promise_days=self.dias_promesa,
            part_now=Decimal(self.parte_ahora),
            discount_rate=Decimal(self.coste_dinero),
            deferral_rate={
                "consumer": Decimal(self.interes_plan.get("consumidor", "0")),
                "business": Decimal(self.interes_plan.get("empresa", "0")),
            },
            smallest={key: Decimal(text) for key, text in self.cuota_minima.items()},
            lengths=self.plazos,
            floor=Decimal(self.suelo),
        )

    def watch(self) -> Watch:
        """As the follow-up reads it."""
        return Watch(remind_days=self.avisar_antes, grace_days=self.gracia, misses=self.impagos)


def agreement_settings() -> AgreementSettings:
    """``config/agreements.toml``.

    Raises:
        ConfigError: the file is wrong.
    """
    return load(suite.root() / "config" / AgreementSettings.FILE, AgreementSettings)
