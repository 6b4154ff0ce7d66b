"""Statement files that people bring in by hand: read and proved, shown with what they would change, then imported.

No file is trusted: it is bounded in size, read under a name of our own, proved by its own balances, and what it would
add is worked out by the very import that will be done, inside a transaction that is undone.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError, CobranzaError
from cobranza.ledger.accounts import same_account
from cobranza.ledger.events import Actor, record
from cobranza.ledger.intake import StatementImport, import_statement
from cobranza.ledger.models import BankAccount, Creditor
from cobranza.ledger.statements import Statement
from cobranza.reconciliation import statement_files, workflow
from cobranza.reconciliation.ports import StatementFile
from cobranza.reconciliation.proposals import Stored
from cobranza.reconciliation.workbench.models import Upload

MOST_BYTES = 25 * 1024 * 1024
KEPT = timedelta(days=1)
_NAME = re.compile(r"[^\w.\- ()áéíóúüñÁÉÍÓÚÜÑ]+")
ZERO = Decimal(0)


class UploadError(BusinessError):
    """A file that cannot be taken as it comes."""

    code = "COB-MES-007"
    remedy = "Descargue el extracto del banco en Norma 43, CAMT, MT940, OFX, Excel o CSV y vuelva a subirlo."


@dataclass(frozen=True, slots=True)
class Part:
    """One account of the file, as the preview shows it.

    Attributes:
        account: Where it would go; None until a person says.
        said: The account as the file names it.
        moved_in: Sum of what came in.
        moved_out: Sum of what went out, negative.
        result: What the import would do; None when it would be refused.
        problem: Why it would be refused.
        choices: Accounts that a person may choose, when the file does not say.
    """

    account: BankAccount | None
    said: str
    currency: str
    first: date | None
    last: date | None
    opening: Decimal | None
    closing: Decimal | None
    lines: int
    moved_in: Decimal
    moved_out: Decimal
    result: StatementImport | None
    problem: CobranzaError | None
    choices: tuple[BankAccount, ...] = ()

    @property
    def adds(self) -> bool:
        """Whether confirming would bring something new."""
        return self.result is not None and bool(self.result.new)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file says and would change."""

    format: str
    version: str
    parts: tuple[Part, ...]

    @property
    def new(self) -> int:
        """Movements that would be new."""
        return sum(len(part.result.new) for part in self.parts if part.result is not None)

    @property
    def ready(self) -> bool:
        """Whether there is anything to confirm."""
        return any(part.result is not None and not part.result.unchanged for part in self.parts)


def receive(name: str, chunks: Iterable[bytes], *, person: str) -> Upload:
    """Keep a file that somebody uploaded, read and proved; a bad one is kept as refused, with the reason.

    Args:
        name: As their computer calls it; cleaned before use.
        chunks: Its content, read only as far as the limit.
        person: Who brings it.

    Raises:
        UploadError: it is empty or too large; nothing is kept.
    """
    forget_old()
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MOST_BYTES:
            raise UploadError(
                _("El fichero pasa de %(most)s MB.") % {"most": MOST_BYTES // (1024 * 1024)},
                remedy=_("Pida al banco un periodo más corto y súbalo por partes."),
            )
    if not content:
        raise UploadError(_("El fichero está vacío."))
    data = bytes(content)
    kept = Upload(
        name=clean_name(name),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        content=data,
        person=person,
        at=clock.now(),
    )
    try:
        read(kept)
    except CobranzaError as exc:
        kept.state, kept.problem, kept.content = Upload.States.REFUSED, exc.as_dict(), b""
        _set_aside(kept.name, data, exc)
    kept.save()
    return kept


def clean_name(name: str) -> str:
    """A file's name without path, control characters and what a file system or a page could trip over.

    >>> clean_name("../../etc/<x>extracto.n43")
    'x_extracto.n43'
    """
    last = re.split(r"[\\/]", name)[-1]
    return _NAME.sub("_", last).strip("._ ")[-120:] or "extracto"


def read(upload: Upload) -> StatementFile:
    """Read and prove what is kept; raises `StatementError`."""
    with tempfile.TemporaryDirectory(prefix="cobranza-extracto-") as folder:
        file = Path(folder) / upload.name
        file.write_bytes(bytes(upload.content))
        return statement_files.read(file)


def preview(upload: Upload, chosen: dict[int, int] | None = None) -> Preview:
    """What confirming would change, worked out by doing it and undoing it.

    Args:
        upload: Kept and not yet imported.
        chosen: Bank account by the place of the part, where a person had to say.
    """
    file = read(upload)
    accounts = list(BankAccount.objects.select_related("creditor").order_by("name", "pk"))
    parts = []
    for place, (said, currency, statements) in enumerate(_by_account(file.statements)):
        fits = candidates(accounts, said, currency)
        account = next((row for row in fits if chosen and row.pk == chosen.get(place)), None)
        if account is None and len(fits) == 1 and said:
            account = fits[0]
        parts.append(_part(upload, file, said, currency, statements, account, tuple(fits)))
    return Preview(file.format, file.version, tuple(parts))


def candidates(accounts: Sequence[BankAccount], said: str, currency: str) -> list[BankAccount]:
    """The accounts that a statement may be of: those of that number, all of its currency when it names none."""
    same = [row for row in accounts if currency in ("", row.currency)]
    return [row for row in same if any(same_account(n, said) for n in (row.iban, row.number) if n)] if said else same


def confirm(upload: int, chosen: dict[int, int] | None, *, person: str) -> list[tuple[BankAccount, StatementImport]]:
    """Import what was shown, every account or none.

    Raises:
        UploadError: it is gone, imported already, or an account is missing.
        StatementError, LedgerError: the file or the ledger refuses.
    """
    with transaction.atomic():
        kept = Upload.objects.select_for_update().filter(pk=upload).first()
        if kept is None or kept.state != Upload.States.SHOWN:
            raise UploadError(_("Ese fichero ya no está por confirmar."), remedy=_("Súbalo otra vez."))
        shown = preview(kept, chosen)
        file = read(kept)
        done = []
        for part, (_said, _currency, statements) in zip(shown.parts, _by_account(file.statements), strict=True):
            if part.account is None:
                if part.choices:
                    raise UploadError(_("Falta decir de qué cuenta es el extracto."), remedy=_("Elija la cuenta."))
                continue
            done.append((part.account, _import(kept, file, part.account, statements, person)))
        if not done:
            raise UploadError(_("Ninguna cuenta del fichero es de la casa."))
        kept.state, kept.content = Upload.States.IMPORTED, b""
        kept.save(update_fields=["state", "content"])
        for creditor in {account.creditor_id for account, _result in done}:
            record(
                "reconciliation.uploaded",
                f"workbench.upload:{kept.pk}",
                {"file": kept.name, "sha256": kept.sha256, "size": kept.size},
                Actor.person(person),
                creditor=creditor,
            )
    return done


def forget(upload: int) -> None:
    """Drop a file that nobody confirmed."""
    Upload.objects.filter(pk=upload, state=Upload.States.SHOWN).delete()


def forget_old() -> None:
    """Drop files that nobody confirmed in a day."""
    Upload.objects.filter(state=Upload.States.SHOWN, at__lt=clock.now() - KEPT).delete()


def match_company(creditor: Creditor, *, person: str) -> Stored:
    """Match what is unmatched of a company and keep the proposals. Nothing is posted: the nightly run does that."""
    return workflow.match_ledger(creditor, run="", actor=Actor.person(person))


def _by_account(statements: Sequence[Statement]) -> list[tuple[str, str, list[Statement]]]:
    found: dict[tuple[str, str], list[Statement]] = {}
    for statement in statements:
        found.setdefault((statement.account, statement.currency), []).append(statement)
    return [(account, currency, members) for (account, currency), members in found.items()]


def _part(
    upload: Upload,
    file: StatementFile,
    said: str,
    currency: str,
    statements: list[Statement],
    account: BankAccount | None,
    choices: tuple[BankAccount, ...],
) -> Part:
    amounts = [movement.amount for statement in statements for movement in statement.movements]
    days = [movement.booked_on for statement in statements for movement in statement.movements]
    result: StatementImport | None = None
    problem: CobranzaError | None = None
    if account is not None:
        try:
            with transaction.atomic():
                result = _import(upload, file, account, statements, upload.person)
                transaction.set_rollback(True)
        except CobranzaError as exc:
            problem = exc
    elif not choices:
        problem = UploadError(
            _("La cuenta %(account)s no es de ninguna empresa de la casa.") % {"account": f"{said} {currency}".strip()},
            remedy=_("Compruebe que el extracto es suyo; una cuenta nueva entra con la conciliación de su banco."),
        )
    return Part(
        account=account,
        said=said,
        currency=currency or (account.currency if account is not None else ""),
        first=min(days, default=None),
        last=max(days, default=None),
        opening=statements[0].opening,
        closing=statements[-1].closing,
        lines=len(amounts),
        moved_in=sum((amount for amount in amounts if amount > 0), ZERO),
        moved_out=sum((amount for amount in amounts if amount < 0), ZERO),
        result=result,
        problem=problem,
        choices=choices if account is None or not said else (),
    )


def _import(
    upload: Upload, file: StatementFile, account: BankAccount, statements: list[Statement], person: str
) -> StatementImport:
    return import_statement(
        account,
        statements,
        source=file.format,
        sha256=upload.sha256,
        actor=Actor.person(person),
        format=f"{file.format} {file.version}".strip(),
        file_name=upload.name,
    )


def _set_aside(name: str, data: bytes, error: CobranzaError) -> None:
    """A bad file is kept for whoever has to ask the bank, where the robots keep theirs."""
    with tempfile.TemporaryDirectory(prefix="cobranza-extracto-") as folder:
        file = Path(folder) / name
        file.write_bytes(data)
        statement_files.quarantine(file, suite.output_folder() / "cuarentena", error)
