"""`config/disputes.toml`: which mailboxes are triaged, for whom, with which desk and within which limits."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cobranza import suite
from cobranza.kernel.config import ConfigError, Strict, load


class TriageMailbox(Strict):
    """`[buzones.*]`: one mailbox that debtors write to.

    Attributes:
        empresa: Entry of ``config/companies.toml`` whose debtors write to it.
        mesa: Entry of ``config/ticketing.toml`` where its tickets are opened.
        contesta: Acknowledge what arrives, through the mailbox's way out in ``config/mail.toml``.
    """

    TABLE: ClassVar[str] = "buzones"

    empresa: str
    mesa: str
    contesta: bool = True


class Retention(Strict):
    """`[conservacion]`: how long what debtors wrote is kept; 0 keeps it for ever.

    Attributes:
        con_caso: Days after the case of a mail was closed.
        sin_caso: Days after a mail that opened no case (machines, second deliveries, quarantine) ended.
    """

    TABLE: ClassVar[str] = "conservacion"

    con_caso: int = Field(default=2192, ge=0)
    sin_caso: int = Field(default=365, ge=0)


class Triage(Strict):
    """The whole file.

    Attributes:
        clasificador: Folder in classifiers/ that judges the texts.
        intentos: Times a mail is tried before a person is told.
        lecturas: Times reading one mail may fail (or kill its robot) before it goes to quarantine.
        tamano_maximo: Bytes of the largest mail that is read; larger ones go to quarantine unread.
        acuses_por_dia: Most acknowledgements to one address in 24 hours.
        acuses_por_dominio: Most acknowledgements to one domain in 24 hours.
        firma: Last line of what is answered, "" for the company's name.
        direcciones_propias: Addresses of ours, besides the mailboxes', that are never answered.
        avisos_de_pago: Categories whose attachments are also read as remittance advices.
        conservacion: How long what was written is kept.
        buzones: Mailboxes by their entry in ``config/mail.toml``.
    """

    FILE: ClassVar[str] = "disputes.toml"

    clasificador: str = "disputes"
    intentos: int = Field(default=20, ge=1, le=1000)
    lecturas: int = Field(default=5, ge=1, le=100)
    tamano_maximo: int = Field(default=26_214_400, ge=10_000)
    acuses_por_dia: int = Field(default=5, ge=0)
    acuses_por_dominio: int = Field(default=200, ge=0)
    firma: str = ""
    direcciones_propias: tuple[str, ...] = ()
    avisos_de_pago: tuple[str, ...] = ("pago_ya_realizado", "promesa_de_pago")
    conservacion: Retention = Retention()
    buzones: dict[str, TriageMailbox] = Field(default_factory=dict)

    def of(self, company: str) -> dict[str, TriageMailbox]:
        """The mailboxes of a company.

        Raises:
            ConfigError: it has none.
        """
        found = {name: entry for name, entry in self.buzones.items() if entry.empresa == company}
        if not found:
            raise ConfigError(f"config/{self.FILE}: la empresa «{company}» no tiene ningún buzón.")
        return found


def read() -> Triage:
    """The settings; raises `ConfigError`."""
    return load(suite.root() / "config" / Triage.FILE, Triage)
