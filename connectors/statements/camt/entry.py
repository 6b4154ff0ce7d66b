"""From the records of `Ntry` and `TxDtls` to a movement and its details."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from cobranza.ledger.statements import BankMovement, MovementDetail, StatementError
from connectors.statements.camt.stream import Record, every, first
from connectors.statements.source import number, one_line

_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF"})
_ANNOUNCED = frozenset({"PDNG", "FUTR", "INFO"})
_TAX_SCHEMES = frozenset({"TXID", "NIDN"})


def day(record: Record, name: str) -> date | None:
    """The day at `name`, as the bank writes it: the date part of ``Dt`` or ``DtTm``, never moved to another zone."""
    written = record.get(f"{name}/Dt") or record.get(f"{name}/DtTm")
    return _day(written[:10], name) if written else None


@lru_cache(maxsize=4096)
def _day(written: str, name: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as exc:
        raise StatementError(f"{name}: «{written}» no es una fecha.") from exc


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a transaction."""

    name: str
    account: str
    tax_id: str


@dataclass(frozen=True, slots=True)
class Detail:
    """A `TxDtls` before its entry is known: its record stays, because the entry says which side is the other."""

    record: Record
    amounts: tuple[tuple[str, Decimal], ...]


def detail(record: Record, where: str) -> Detail:
    """Read one `TxDtls`; its amounts are checked here."""
    amounts = tuple(
        (record.get(f"{path}@Ccy", ""), number(record[path], f"{where}TxDtls"))
        for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
        if path in record
    )
    return Detail(record, amounts)


def _other_side(each: Detail, direction: str) -> Party:
    """The party that is not us: who pays when we are credited, who is paid when we are debited."""
    return _party(each.record, "Dbtr" if direction == "CRDT" else "Cdtr")


def _party(record: Record, role: str) -> Party:
    names, accounts, roots = _PATHS[role]
    name = first(record, *names)
    return Party(
        name=one_line(name) if name else "",
        account=first(record, *accounts).replace(" ", ""),
        tax_id=_tax_id(record, roots),
    )


def _paths(role: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Where name, account and tax id stand; from version 08 on the party stands one level deeper, in ``Pty``."""
    side, ultimate = f"RltdPties/{role}", f"RltdPties/Ultmt{role}"
    return (
        (f"{side}/Pty/Nm", f"{side}/Nm", f"{ultimate}/Pty/Nm", f"{ultimate}/Nm"),
        (f"{side}Acct/Id/IBAN", f"{side}Acct/Id/Othr/Id", f"{side}Acct/Id/PrtryAcct/Id"),
        tuple(f"{root}/Id/{kind}/Othr" for root in (f"{side}/Pty", side) for kind in ("OrgId", "PrvtId")),
    )


_PATHS = {"Dbtr": _paths("Dbtr"), "Cdtr": _paths("Cdtr")}


def _tax_id(record: Record, roots: tuple[str, ...]) -> str:
    for root in roots:
        if f"{root}/SchmeNm/Cd" not in record:
            continue
        identifiers, schemes = every(record, f"{root}/Id"), every(record, f"{root}/SchmeNm/Cd")
        if len(identifiers) == len(schemes):  # else it is unknown which scheme goes with which
            for identifier, scheme in zip(identifiers, schemes, strict=True):
                if scheme in _TAX_SCHEMES:
                    return identifier
    return ""


def _unstructured(record: Record) -> tuple[str, ...]:
    return tuple(one_line(each) for each in every(record, "RmtInf/Ustrd"))


def _references(record: Record) -> tuple[str, ...]:
    found = every(record, "RmtInf/Strd/CdtrRefInf/Ref")
    return tuple(found or every(record, "RmtInf/Strd/CdtrRefInf/CdtrRef"))


def movement(record: Record, details: list[Detail], position: str, where: str) -> BankMovement:
    """The movement of one `Ntry`.

    A movement without any date comes out on `date.min`; the statement, read to its end, gives it one.
    """
    currency = record.get("Amt@Ccy", "")
    value = number(record.get("Amt", ""), f"{where}{position}")
    if value < 0:
        raise StatementError(f"{where}{position}: el importe {value} es negativo; CAMT pone el signo en CdtDbtInd.")
    direction = record.get("CdtDbtInd", "")
    if direction not in {"CRDT", "DBIT"}:
        raise StatementError(f"{where}{position}: CdtDbtInd es «{direction[:20]}» y debe ser CRDT o DBIT.")
    booked, valued = day(record, "BookgDt"), day(record, "ValDt")
    finals = tuple(_final(each, direction, currency) for each in details)
    note, reference, party = record.get("AddtlNtryInf", ""), "", Party("", "", "")
    if len(finals) == 1:
        single = finals[0]
        note = one_line(*single.unstructured, *single.creditor_reference, details[0].record.get("AddtlTxInf", ""), note)
        reference = single.end_to_end or (single.creditor_reference[0] if single.creditor_reference else "")
        party = _other_side(details[0], direction)
    return BankMovement(
        booked_on=booked or valued or date.min,
        value_on=valued or booked or date.min,
        amount=value if direction == "CRDT" else -value,
        currency=currency,
        text=note,
        reference=reference,
        counterparty_name=party.name,
        counterparty_account=party.account,
        counterparty_tax_id=party.tax_id,
        bank_code=_bank_code(record),
        details=finals,
        position=position,
        assumed=() if booked and valued else _assumed(booked, valued),
        booked=first(record, "Sts", "Sts/Cd") not in _ANNOUNCED,
    )


def _assumed(booked: date | None, valued: date | None) -> tuple[str, ...]:
    return (() if booked else ("booked_on",)) + (() if valued else ("value_on",))


def _final(each: Detail, entry_direction: str, currency: str) -> MovementDetail:
    record = each.record
    direction = record.get("CdtDbtInd") or entry_direction
    amount = next((value for written, value in each.amounts if written == currency), None)
    party = _other_side(each, direction)
    end_to_end = record.get("Refs/EndToEndId", "")
    return MovementDetail(
        amount=None if amount is None else (-amount if direction == "DBIT" else amount),
        end_to_end=None if end_to_end.upper() in _NO_REFERENCE else end_to_end,
        party=party.name or None,
        account=party.account or None,
        unstructured=_unstructured(record),
        creditor_reference=_references(record),
        return_reason=first(record, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry", "RtrInf/RtrRsn/Cd") or None,
    )


def _bank_code(record: Record) -> str:
    if "BkTxCd/Domn/Cd" not in record:
        return record.get("BkTxCd/Prtry/Cd", "")
    family, sub = record.get("BkTxCd/Domn/Fmly/Cd"), record.get("BkTxCd/Domn/Fmly/SubFmlyCd")
    return "/".join(filter(None, (record["BkTxCd/Domn/Cd"], family, sub)))
