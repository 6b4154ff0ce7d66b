"""`config/risk.toml`: from what is expected of a debtor to how they are treated. `[modelos]` is the training's part."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator, model_validator

from cobranza import suite
from cobranza.kernel.config import Strict, load
from cobranza.risk.treatment import Rules

Share = Annotated[float, Field(ge=0, le=1)]


def _amounts(values: dict[str, str]) -> dict[str, str]:
    for name, text in values.items():
        try:
            amount = Decimal(text)
        except InvalidOperation as exc:
            raise ValueError(f'«{text}» no es un importe; se escribe entre comillas y con punto: "1500.00"') from exc
        if not amount.is_finite() or amount < 0:
            raise ValueError(f"«{text}» de {name} no es un importe positivo")
    return values


class TreatmentEntry(Strict):
    """`[tratamiento]`.

    Attributes:
        riesgo_bajo: Probability of paying within 60 days from which risk is low.
        riesgo_alto: Below it risk is high.
        cobro_alto: Expected recovery below which risk is high.
        impago_medio: For who is up to date: probability of the first miss from which risk is medium.
        impago_alto: From which it is high.
        recordatorio: Probability within 60 days from which a reminder is enough.
        legal_pago: Probability within 90 days below which a case for the court is proposed,
        legal_cobro: where less than this is expected to be recovered.
        tareas_por_noche: Most reviews opened in one night.
        importe_alto: By currency, what a person leads whatever the score.
    """

    FILE: ClassVar[str] = "risk.toml"
    TABLE: ClassVar[str] = "tratamiento"

    riesgo_bajo: Share = 0.80
    riesgo_alto: Share = 0.45
    cobro_alto: Share = 0.35
    impago_medio: Share = 0.20
    impago_alto: Share = 0.50
    recordatorio: Share = 0.70
    legal_pago: Share = 0.12
    legal_cobro: Share = 0.25
    tareas_por_noche: int = Field(default=200, ge=0)
    importe_alto: dict[str, str] = Field(default_factory=dict)

    _figures = field_validator("importe_alto")(_amounts)

    @model_validator(mode="after")
    def _ordered(self) -> TreatmentEntry:
        if not self.riesgo_alto <= self.riesgo_bajo:
            raise ValueError("riesgo_alto no puede pasar de riesgo_bajo")
        if not self.impago_medio <= self.impago_alto:
            raise ValueError("impago_medio no puede pasar de impago_alto")
        if not self.legal_pago <= self.recordatorio:
            raise ValueError("legal_pago no puede pasar de recordatorio")
        return self

    def rules(self) -> Rules:
        """As the treatment reads it."""
        return Rules(
            low=self.riesgo_bajo,
            high=self.riesgo_alto,
            high_recovery=self.cobro_alto,
            medium_miss=self.impago_medio,
            high_miss=self.impago_alto,
            reminder=self.recordatorio,
            legal_pay=self.legal_pago,
            legal_recovery=self.legal_cobro,
        )

    def high_value(self) -> dict[str, Decimal]:
        """By currency, in major units."""
        return {currency: Decimal(text) for currency, text in self.importe_alto.items()}


class WorklistEntry(Strict):
    """`[lista]`.

    Attributes:
        memoria_dias: Days of answers that count.
        peso_previo: Contacts of one debtor that weigh as much as what is known of all.
        respuesta_dias: Days within which words or money count as an answer to a contact.
        horas: Hours of the debtor's clock to choose from.
        descanso_dias: Days of rest after a contact.
        coste: Of one contact by channel, in euros; it orders, nobody is charged.
    """

    FILE: ClassVar[str] = "risk.toml"
    TABLE: ClassVar[str] = "lista"

    memoria_dias: int = Field(default=400, ge=30, le=1500)
    peso_previo: float = Field(default=8.0, gt=0)
    respuesta_dias: int = Field(default=7, ge=1, le=60)
    horas: tuple[Annotated[int, Field(ge=0, le=23)], ...] = (9, 11, 13, 16, 18)
    descanso_dias: int = Field(default=2, ge=0, le=60)
    coste: dict[str, str] = Field(default_factory=dict)

    _figures = field_validator("coste")(_amounts)


class WarningEntry(Strict):
    """`[avisos]`.

    Attributes:
        probabilidad: Of the first miss, from which somebody is told.
        plazo_dias: Only what falls due within these days.
        por_noche: Most new ones in one night, the largest amounts first.
        responsable: Console account they go to; "" nobody yet.
        descuento: Per cent that may be offered for early payment.
    """

    FILE: ClassVar[str] = "risk.toml"
    TABLE: ClassVar[str] = "avisos"

    probabilidad: Share = 0.35
    plazo_dias: int = Field(default=30, ge=1, le=180)
    por_noche: int = Field(default=100, ge=0)
    responsable: str = ""
    descuento: str = "2"


class AfterEntry(Strict):
    """`[despues]`.

    Attributes:
        encuesta_dias: Days after a kept agreement on which the debtor is asked how it went.
        encuesta_caduca_dias: Days after which it is not asked any more.
        encuesta_plantilla: Template in config/templates/.
        domiciliacion: What is recommended to who recovered with low risk.
    """

    FILE: ClassVar[str] = "risk.toml"
    TABLE: ClassVar[str] = "despues"

    encuesta_dias: int = Field(default=1, ge=0, le=30)
    encuesta_caduca_dias: int = Field(default=14, ge=1, le=90)
    encuesta_plantilla: str = "encuesta"
    domiciliacion: str = "Ofrézcale domiciliar el pago."


class CreditEntry(Strict):
    """`[credito]`.

    Attributes:
        limite_maximo: By currency, the most that is proposed.
        meses_compras: Months of expected purchases that the limit of a spotless customer covers.
    """

    FILE: ClassVar[str] = "risk.toml"
    TABLE: ClassVar[str] = "credito"

    limite_maximo: dict[str, str] = Field(default_factory=dict)
    meses_compras: float = Field(default=2.0, gt=0, le=12)

    _figures = field_validator("limite_maximo")(_amounts)


class RiskSettings(Strict):
    """The whole file.

    Attributes:
        modelo: Folder in classifiers/payers/ that judges.
        cambio_minimo: A nightly score that moves less, with the same treatment, stays as it is.
        tratamiento: Bands and segments.
        lista: Worklist and next action.
        avisos: Early warnings.
        despues: After a kept agreement.
        credito: New customers.
        modelos: Training; read by `cobranza.risk.training`.
    """

    FILE: ClassVar[str] = "risk.toml"

    modelo: str = Field(default="reglas", pattern="^[a-z_]+$")
    cambio_minimo: Share = 0.005
    tratamiento: TreatmentEntry = Field(default_factory=TreatmentEntry)
    lista: WorklistEntry = Field(default_factory=WorklistEntry)
    avisos: WarningEntry = Field(default_factory=WarningEntry)
    despues: AfterEntry = Field(default_factory=AfterEntry)
    credito: CreditEntry = Field(default_factory=CreditEntry)
    modelos: dict[str, Any] = Field(default_factory=dict)


def risk_settings() -> RiskSettings:
    """``config/risk.toml``.

    Raises:
        ConfigError: the file is wrong.
    """
    return load(suite.root() / "config" / RiskSettings.FILE, RiskSettings)
