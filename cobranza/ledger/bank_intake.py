"""Brings bank statements into the ledger. The same statement in twice changes nothing; true twins are both kept.

An account has one source of movements (decisions/0003). A statement of another source never adds anything: its days
are compared with what is there, and it is either confirmed or refused with the differences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from cobranza.kernel.money import minor_units
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger import canonical
from cobranza.ledger.accounts import same_account
from cobranza.ledger.columns import ZERO
from cobranza.ledger.events import Actor, record
from cobranza.ledger.identity import continuation, identities_after
from cobranza.ledger.models import BankAccount, Movement
from cobranza.ledger.models import Statement as StoredStatement
from cobranza.ledger.rules import BadAmount, LedgerError, refusals
from cobranza.ledger.statements import BankMovement, Statement

_BATCH = 1000
_TOLD = 5


class WrongAccount(LedgerError):
    """The statement is of another account."""

    code = "COB-LIB-020"
    remedy = "Elija la cuenta a la que pertenece el extracto o corrija su número en config/."


class OtherSource(LedgerError):
    """A statement of a source that does not feed this account, and that does not agree with the one that does."""

    code = "COB-LIB-021"
    remedy = (
        "No se ha añadido nada. Compare las diferencias con el banco; si quiere cambiar de fuente, hágalo desde un día "
        "en la ficha de la cuenta."
    )


class EmptyStatement(LedgerError):
    """A statement without movements that says neither its period nor its balance."""

    code = "COB-LIB-022"
    remedy = "Descárguelo de nuevo para un periodo concreto."


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementImport:
    """What an import changed.

    Attributes:
        new: Ids of the movements that were not known.
        known: How many were.
        statements: Ids of the stored statements; empty when the file was in already or was only compared.
        unchanged: The very same file had been brought in before.
        confirmed: It came from another source than the account's and agrees with it; nothing was added.
        notes: What a person may want to know, one Spanish line each (a gap before it, other accounts in the file).
    """

    new: tuple[int, ...] = ()
    known: int = 0
    statements: tuple[int, ...] = ()
    unchanged: bool = False
    confirmed: bool = False
    notes: tuple[str, ...] = ()


def import_statement(
    account: BankAccount,
    statements: Sequence[Statement],
    *,
    source: str,
    sha256: str,
    actor: Actor,
    format: str = "",
    file_name: str = "",
    days: tuple[date, date] | None = None,
) -> StatementImport:
    """Take over the movements of one file or one reading of a portal.

    Args:
        account: The account they belong to. Statements of other accounts in the same file are left, with a note.
        statements: In the source's order. Complete days, or statements that begin where the one before ended.
        source: What words the movements: the format's slug ("n43"), or "portal:caja_demo" for a screen.
        sha256: Of the file (or of the canonical reading, `reading_sha256`).
        actor: Who brings them in.
        format: With its version, for the record; `source` by default.
        file_name: As downloaded, for the record.
        days: First and last day asked for, where the source was asked for a period.

    Raises:
        WrongAccount: no statement is of this account.
        OtherSource: another source feeds this account, and they disagree or the days are not there yet.
        EmptyStatement: no movements, no period and no balance.
        StatementError: a statement does not close.
    """
    mine, notes = _of_account(account, statements)
    for statement in mine:
        statement.prove(file_name)
        _check_amounts(statement)
    with refusals(), transaction.atomic():
        held = BankAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        lines = sum(len(statement.movements) for statement in mine)
        if StoredStatement.objects.filter(account=held, sha256=sha256).exists():
            return StatementImport(known=lines, unchanged=True, notes=notes)
        if not held.source:
            held.source = source
            held.save(update_fields=["source"])
            record("account.source_set", held, {"source": source}, actor, creditor=held.creditor_id, seals=[held])
        account.source, account.source_since = held.source, held.source_since
        if source != held.source:
            _compare_sources(held, mine, source, days)
            record(
                "statement.confirmed",
                held,
                {"source": source, "file": file_name, "sha256": sha256, "lines": lines},
                actor,
                creditor=held.creditor_id,
            )
            return StatementImport(known=lines, confirmed=True, notes=notes)
        return _take(held, mine, source, sha256, actor, format or source, file_name, days, notes)


def reading_sha256(account: str, statement: Statement) -> str:
    """A stable hash for what was read from a screen, where there is no file."""
    return canonical.digest([account, statement.opening, statement.closing, [asdict(m) for m in statement.movements]])


def _of_account(account: BankAccount, statements: Sequence[Statement]) -> tuple[list[Statement], tuple[str, ...]]:
    names = [name for name in (account.iban, account.number) if name]
    mine, others = [], set()
    for statement in statements:
        named = not statement.account or any(same_account(name, statement.account) for name in names)
        if named and statement.currency in ("", account.currency):
            mine.append(statement)
        else:
            others.add(f"{statement.account} {statement.currency}".strip())
    if not mine:
        raise WrongAccount(
            f"El extracto es de {', '.join(sorted(others)) or 'ninguna cuenta'} y la cuenta es {account.iban} "
            f"{account.currency}."
        )
    return mine, tuple(f"El fichero trae también {other}, que no se ha tocado." for other in sorted(others))


def _check_amounts(statement: Statement) -> None:
    step = Decimal(1).scaleb(-minor_units(statement.currency or "EUR"))
    for movement in statement.movements:
        if movement.currency != statement.currency and statement.currency:
            raise BadAmount(f"Un movimiento en {movement.currency} dentro de un extracto en {statement.currency}.")
        if movement.amount != movement.amount.quantize(step):
            raise BadAmount(f"{movement.amount} tiene más decimales que {statement.currency}.")


def _take(
    account: BankAccount,
    statements: list[Statement],
    source: str,
    sha256: str,
    actor: Actor,
    format: str,
    file_name: str,
    days: tuple[date, date] | None,
    notes: tuple[str, ...],
) -> StatementImport:
    fresh: list[Movement] = []
    stored: list[StoredStatement] = []
    known = 0
    said = list(notes)
    for index, statement in enumerate(statements):
        first, last = _period(statement, days)
        there = _movements_between(account, first, last)
        if index == 0:
            said += _gap(account, statement, first)
        since = account.source_since
        begun = continuation(statement, _balance_before(account, first), there)
        keyed = identities_after(account.iban, statement.movements, begun)
        have = {(row.fingerprint, row.occurrence) for row in there}
        added = [
            (movement, key)
            for movement, key in zip(statement.movements, keyed, strict=True)
            if key not in have and (since is None or movement.booked_on >= since)
        ]
        if since is not None:
            _confirm_earlier(account, statement, since)
        known += len(statement.movements) - len(added)
        row = StoredStatement.objects.create(
            account=account,
            source=source,
            sha256=sha256,
            file_name=file_name,
            index=index,
            format=format,
            first_day=first,
            last_day=last,
            opening=statement.opening,
            closing=statement.closing,
            lines=len(statement.movements),
            added=len(added),
        )
        stored.append(row)
        rows = [_row(account, row, movement, key) for movement, key in added]
        fresh += Movement.objects.bulk_create(rows, batch_size=_BATCH)
    record(
        "statement.read",
        account,
        {
            "source": source,
            "format": format,
            "file": file_name,
            "sha256": sha256,
            "statements": [row.pk for row in stored],
            "new": len(fresh),
            "known": known,
            "notes": said,
        },
        actor,
        creditor=account.creditor_id,
        seals=[*stored, *fresh],
    )
    return StatementImport(
        new=tuple(row.pk for row in fresh),
        known=known,
        statements=tuple(row.pk for row in stored),
        notes=tuple(said),
    )


def _row(account: BankAccount, statement: StoredStatement, movement: BankMovement, key: tuple[str, int]) -> Movement:
    return Movement(
        account=account,
        statement=statement,
        fingerprint=key[0],
        occurrence=key[1],
        booked_on=movement.booked_on,
        value_on=movement.value_on,
        amount=movement.amount,
        currency=account.currency,
        text=canonical.plain(movement.text),
        reference=canonical.plain(movement.reference),
        counterparty_name=canonical.plain(movement.counterparty_name),
        counterparty_account=canonical.plain(movement.counterparty_account),
        counterparty_tax_id=canonical.plain(movement.counterparty_tax_id),
        bank_code=canonical.plain(movement.bank_code),
        balance_after=movement.balance_after,
        details=canonical.plain([asdict(detail) for detail in movement.details]),
        position=movement.position[:120],
        assumed=",".join(movement.assumed),
    )


def _period(statement: Statement, days: tuple[date, date] | None) -> tuple[date | None, date | None]:
    booked = [movement.booked_on for movement in statement.movements]
    if days is not None:
        return min([days[0], *booked]), max([days[1], *booked])
    if booked:
        return min(booked), max(booked)
    if statement.opening is None and statement.closing is None:
        raise EmptyStatement("El extracto no trae movimientos, ni periodo, ni saldo.")
    return None, None


def _movements_between(account: BankAccount, first: date | None, last: date | None) -> list[Movement]:
    if first is None or last is None:
        return []
    return list(Movement.objects.filter(account=account, booked_on__gte=first, booked_on__lte=last).order_by("pk"))


def _balance_before(account: BankAccount, day: date | None) -> Decimal | None:
    """The account's balance at the end of the day before, from the latest statement that opens earlier or that day."""
    if day is None:
        return None
    anchor = (
        StoredStatement.objects.filter(account=account, opening__isnull=False, first_day__lte=day)
        .order_by("-first_day", "pk")
        .first()
    )
    opening: Decimal | None = anchor.opening if anchor is not None else None
    if anchor is None or opening is None:
        return None
    between = Movement.objects.filter(account=account, booked_on__gte=anchor.first_day, booked_on__lt=day)
    moved: Decimal = between.aggregate(total=Sum("amount"))["total"] or ZERO
    return opening + moved


def _gap(account: BankAccount, statement: Statement, first: date | None) -> list[str]:
    """Say when days are missing between what was there and what comes now."""
    before = (
        StoredStatement.objects.filter(account=account, closing__isnull=False, last_day__lt=first)
        .order_by("-last_day", "-pk")
        .first()
        if first is not None
        else None
    )
    if before is None or statement.opening is None or before.closing in (None, statement.opening):
        return []
    return [
        f"Faltan movimientos entre el {write_day(before.last_day) if before.last_day else '—'} (saldo "
        f"{write_amount(before.closing or ZERO)}) y este extracto (saldo inicial {write_amount(statement.opening)})."
    ]


def _compare_sources(
    account: BankAccount, statements: list[Statement], source: str, days: tuple[date, date] | None
) -> None:
    """Compare day by day and amount by amount, since wordings differ between sources."""
    theirs: Counter[tuple[date, Decimal]] = Counter()
    covered: list[date] = []
    for statement in statements:
        theirs.update((movement.booked_on, movement.amount) for movement in statement.movements)
        covered += [day for day in _period(statement, days) if day is not None]
    ours: Counter[tuple[date, Decimal]] = Counter()
    if covered:
        for row in _movements_between(account, min(covered), max(covered)):
            ours[row.booked_on, row.amount.normalize()] += 1
    theirs = Counter({(day, amount.normalize()): count for (day, amount), count in theirs.items()})
    _refuse_differences(account, source, theirs, ours)


def _confirm_earlier(account: BankAccount, statement: Statement, since: date) -> None:
    """Days before the account changed its source: compared, never added."""
    early = [movement for movement in statement.movements if movement.booked_on < since]
    if not early:
        return
    theirs = Counter((movement.booked_on, movement.amount.normalize()) for movement in early)
    ours: Counter[tuple[date, Decimal]] = Counter()
    first = min(movement.booked_on for movement in early)
    for row in Movement.objects.filter(account=account, booked_on__gte=first, booked_on__lt=since):
        ours[row.booked_on, row.amount.normalize()] += 1
    _refuse_differences(account, f"{account.source} antes del {write_day(since)}", theirs, ours)


def _refuse_differences(
    account: BankAccount,
    source: str,
    theirs: Counter[tuple[date, Decimal]],
    ours: Counter[tuple[date, Decimal]],
) -> None:
    extra, missing = theirs - ours, ours - theirs
    if not extra and not missing:
        return
    lines = [f"{write_day(day)} {write_amount(amount)} solo en {source}" for day, amount in sorted(extra.elements())]
    lines += [
        f"{write_day(day)} {write_amount(amount)} solo en {account.source}"
        for day, amount in sorted(missing.elements())
    ]
    rest = f" y {len(lines) - _TOLD} más" if len(lines) > _TOLD else ""
    raise OtherSource(
        f"La cuenta {account.iban} se alimenta de «{account.source}» y este extracto es de «{source}»; no coinciden: "
        f"{'; '.join(lines[:_TOLD])}{rest}."
    )
