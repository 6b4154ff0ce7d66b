"""`config/legal.toml`: thresholds, who is told, who claims, before which court, local holidays, who signs."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from cobranza import suite
from cobranza.kernel import spanish
from cobranza.kernel.config import ConfigError, Strict, load
from cobranza.kernel.money import Money
from cobranza.kernel.secrets import SecretRef
from cobranza.legal import deadlines
from cobranza.legal.case_file import RepresentativeEntry
from cobranza.legal.deadlines import Calendar

_ENV = "env:"
PersonText = Literal["", "fisica", "juridica"]


class Review(Strict):
    """`[revision]`: how cases are reviewed.

    Attributes:
        cuatro_ojos: From this claimed amount on, by currency, two people sign off; a currency that is not named needs
            two always.
        imputacion: What payments are set against: "principal" as the ERP does, or interest first.
        documento_maximo: Bytes of the largest document that is taken in.
    """

    TABLE: ClassVar[str] = "revision"

    cuatro_ojos: dict[str, Decimal] = Field(default_factory=dict)
    imputacion: Literal["principal", "intereses"] = "principal"
    documento_maximo: int = Field(default=52_428_800, ge=10_000)

    @field_validator("cuatro_ojos", mode="before")
    @classmethod
    def _exact(cls, value: object) -> object:
        if not isinstance(value, dict) or any(isinstance(each, float) for each in value.values()):
            raise ValueError("se esperan importes entre comillas, por moneda")
        return value

    def signatures(self, total: Money) -> int:
        """How many people have to sign off a claim of `total`."""
        limit = self.cuatro_ojos.get(total.currency)
        return 1 if limit is not None and total.amount < limit else 2


class Threshold(Strict):
    """`[umbrales.*]`: when a lawyer is told about a debtor. All of it has to hold at once, save the limitation.

    Attributes:
        pais: Country of the creditor, ISO alpha-2.
        acreedor: Only this creditor, "" for all.
        persona: Kind of debtor, "" for both.
        grupo: Only debtors of this group of companies, "" for all.
        importe: Least amount that is due and not held, in quotes.
        moneda: Of it; other currencies have a threshold of their own.
        dias: Least days since the oldest of those invoices fell due.
        gestiones: Least attempts of contact in the record.
        prescripcion_anos: Years after which a debt is time-barred, 0 when nobody has said.
        prescripcion_aviso: Days before that at which the lawyer is told whatever the rest says.
        fuente: Of the limitation.
    """

    TABLE: ClassVar[str] = "umbrales"

    pais: str = Field(pattern="^[A-Z]{2}$")
    acreedor: str = ""
    persona: PersonText = ""
    grupo: str = ""
    importe: str
    moneda: str = Field(pattern="^[A-Z]{3}$")
    dias: int = Field(ge=1)
    gestiones: int = Field(default=0, ge=0)
    prescripcion_anos: int = Field(default=0, ge=0)
    prescripcion_aviso: int = Field(default=0, ge=0)
    fuente: str = ""

    @field_validator("importe")
    @classmethod
    def _amount(cls, value: str) -> str:
        try:
            return str(spanish.amount(value))
        except spanish.FormatError as exc:
            raise ValueError("se espera un importe entre comillas, por ejemplo «600.00»") from exc

    @property
    def least(self) -> Money:
        """The least amount."""
        return Money(self.moneda, Decimal(self.importe))


class Assignment(Strict):
    """`[[asignaciones]]`: who takes the cases of a country or creditor; the first that fits counts.

    Attributes:
        abogado: Account of the console.
        pais: Only for creditors of this country, "" for all.
        acreedor: Only for this creditor, "" for all.
        correo: Where the alert goes by e-mail too, "" for nowhere.
    """

    TABLE: ClassVar[str] = "asignaciones"

    abogado: str = Field(min_length=1)
    correo: str = Field(default="", pattern=r"^([^\s@<>]+@[^\s@<>]+)?$")
    pais: str = ""
    acreedor: str = ""


class Letters(Strict):
    """`[correo]`: how lawyers are written to.

    Attributes:
        buzon: Mailbox of ``config/mail.toml`` whose way out and address are used; "" writes to nobody.
        consola: Address of the console, for the link: https://cobranza.empresa.example.
    """

    TABLE: ClassVar[str] = "correo"

    buzon: str = ""
    consola: str = Field(default="", pattern=r"^(https?://\S+)?$")


class Claimant(Strict):
    """`[acreedores.*]`: a creditor's data as a writ needs them; the name of the table is that of companies.toml.

    Attributes:
        nombre: In full, as registered.
        id: Tax id.
        pais: ISO alpha-2.
        persona: Natural or legal person.
        domicilio: Street and number.
        codigo_postal: Of it.
        localidad: Of it.
        provincia: Of it.
        correo: For the court.
        telefono: For the court.
        lugar: Where writs are signed.
        representantes: Lawyer, procurador, attorney.
        documentos_comunes: Documents of every case of this creditor: key → file under config/.
    """

    TABLE: ClassVar[str] = "acreedores"

    nombre: str = Field(min_length=1)
    id: str = ""
    pais: str = Field(default="ES", pattern="^[A-Z]{2}$")
    persona: Literal["fisica", "juridica"] = "juridica"
    domicilio: str = ""
    codigo_postal: str = ""
    localidad: str = ""
    provincia: str = ""
    correo: str = ""
    telefono: str = ""
    lugar: str = ""
    representantes: tuple[RepresentativeEntry, ...] = ()
    documentos_comunes: dict[str, str] = Field(default_factory=dict)

    @field_validator("documentos_comunes")
    @classmethod
    def _inside(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value.values():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"«{name}» sale de config/")
        return value


class InvoiceFiles(Strict):
    """`[facturas]`: where the ERP leaves the invoices' PDF and XML, each called like its invoice.

    Attributes:
        carpeta: Folder, from the root of the suite; "" for none: people upload them.
    """

    TABLE: ClassVar[str] = "facturas"

    carpeta: str = ""


class Signature(Strict):
    """`[firma]`: the house's own electronic signature on what is filed.

    Attributes:
        certificado: PKCS#12 file, from the root of the suite, or "env:NAME" where its path is; "" (or such a variable
            that is not set) leaves files unsigned, and the preparation says so.
        clave: Where its password is: "env:NAME", "keyring:…".
        nivel: PAdES level.
        sello_url: RFC 3161 time-stamping service, for B-T and B-LT.
        confianza: PEM file, from the root of the suite, with the roots of the signature and the time stamp for B-LT;
            "" when the PKCS#12 brings them.
    """

    TABLE: ClassVar[str] = "firma"

    certificado: str = ""
    clave: SecretRef | None = None
    nivel: Literal["B-B", "B-T", "B-LT"] = "B-B"
    sello_url: str = ""
    confianza: str = ""

    def file(self) -> Path | None:
        """Where the certificate lies; None when files are left unsigned."""
        named = self.certificado
        if named.startswith(_ENV):
            named = os.environ.get(named.removeprefix(_ENV), "")
        return suite.root() / named if named else None

    @model_validator(mode="after")
    def _whole(self) -> Signature:
        if self.certificado and self.clave is None:
            raise ValueError("el certificado necesita «clave», por ejemplo env:FIRMA_CLAVE")
        return self


class Organ(Strict):
    """`[[organos]]`: before whom a debtor is claimed; the first that fits counts.

    Attributes:
        pais: Of the creditor.
        juzgado: Folder in connectors/courts/.
        procedimiento: One of those that the court takes.
        nombre: How the writ addresses it; `{localidad}` and `{provincia}` of the debtor may stand in it.
        provincia: Only for debtors of this province, "" for all.
        localidad: Of the court, "" for the debtor's.
        codigo: Of the court, "" when it has none.
    """

    TABLE: ClassVar[str] = "organos"

    pais: str = Field(pattern="^[A-Z]{2}$")
    juzgado: str
    procedimiento: str
    nombre: str
    provincia: str = ""
    localidad: str = ""
    codigo: str = ""


class LocalDays(Strict):
    """`[calendarios.*]`: what a country's court calendar has beside the country's own days.

    Attributes:
        region: As the package `holidays` names it ("MD"), "" for none.
        festivos: Local holidays.
    """

    TABLE: ClassVar[str] = "calendarios"

    region: str = ""
    festivos: tuple[date, ...] = ()


class Legal(Strict):
    """The whole file."""

    FILE: ClassVar[str] = "legal.toml"

    revision: Review = Review()
    facturas: InvoiceFiles = InvoiceFiles()
    firma: Signature = Signature()
    umbrales: dict[str, Threshold] = Field(default_factory=dict)
    asignaciones: tuple[Assignment, ...] = ()
    correo: Letters = Letters()
    acreedores: dict[str, Claimant] = Field(default_factory=dict)
    organos: tuple[Organ, ...] = ()
    calendarios: dict[str, LocalDays] = Field(default_factory=dict)

    def assigned(self, creditor: str, country: str) -> Assignment | None:
        """Who takes a case."""
        fitting = (each for each in self.asignaciones if each.acreedor in ("", creditor) and each.pais in ("", country))
        return next(fitting, None)

    def claimant(self, creditor: str) -> Claimant:
        """A creditor's data; raises `ConfigError` when nobody has written them down."""
        found = self.acreedores.get(creditor)
        if found is None:
            raise ConfigError(f"config/{self.FILE}: faltan los datos de [acreedores.{creditor}].")
        return found

    def organ(self, country: str, province: str = "") -> Organ | None:
        """Before whom a debtor of that province is claimed."""
        fitting = (
            each
            for each in self.organos
            if each.pais == country and each.provincia.casefold() in ("", province.casefold())
        )
        return next(fitting, None)

    def calendar(self, country: str) -> Calendar:
        """The court calendar of a country with the house's own days; raises `UnknownCalendar`."""
        own = self.calendarios.get(country, LocalDays())
        return deadlines.calendar(country, own.region, own.festivos)


def read() -> Legal:
    """The settings; raises `ConfigError`."""
    return load(suite.root() / "config" / Legal.FILE, Legal)
