"""The engine's input as Arrow columns: money in hundredths (int64), days as ordinals (int32), texts stripped.

A table of plain text, as it comes from a CSV file, becomes columns without a Python object per cell. What is unusual
in any way is left to `frames`, which is slow and names the row and the column of what is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cobranza.reconciliation.rates import Rates
from cobranza.reconciliation.records import Customer, Document, Payment
from cobranza.reconciliation.references import letters_digits, split_number

_DAY_ZERO = 719_163  # the proleptic ordinal of 1970-01-01
_AMOUNT = r"^[+-]?[0-9]{1,15}(\.[0-9]{1,2}0*)?$"

_PAYMENT_TEXTS = {
    "country": "country", "currency": "currency", "name": "payer_name", "account": "payer_account",
    "tax_id": "payer_tax_id", "text": "remittance", "structured": "structured_ref", "end_to_end": "end_to_end_id",
    "bank_code": "bank_code", "channel": "channel",
}  # fmt: skip
_DOCUMENT_TEXTS = {
    "country": "country", "series": "series", "number": "number", "currency": "currency", "payment_ref": "payment_ref",
    "remesa": "remesa_id", "order": "po_number",
}  # fmt: skip

PAYMENTS = pa.schema(
    [
        ("id", pa.string()),
        ("booked", pa.int32()),
        ("cents", pa.int64()),
        *((name, pa.string()) for name in _PAYMENT_TEXTS),
    ]
)
DOCUMENTS = pa.schema(
    [
        ("id", pa.string()),
        ("customer", pa.int32()),  # position in the customers
        *((name, pa.string()) for name in ("country", "series", "number", "currency")),
        ("credit", pa.bool_()),
        *((name, pa.int32()) for name in ("issued", "due")),
        *((name, pa.int64()) for name in ("net", "tax", "gross", "open")),
        *((name, pa.string()) for name in ("payment_ref", "remesa", "order")),
    ]
)
CUSTOMERS = pa.schema(
    [(name, pa.string()) for name in ("id", "country", "legal_name", "trade_name", "tax_id", "account", "group_id")]
)
FIXED = pa.schema([("payment", pa.int32()), ("document", pa.int32()), ("cents", pa.int64())])  # positions, or null
FX = pa.schema([("day", pa.int32()), ("ccy", pa.string()), ("rate", pa.string())])


class UnusualError(Exception):
    """The table is not as plain as this module needs it; `frames` says whether anything is wrong with it."""


def payments_of(table: pa.Table) -> pa.Table:
    """Columns `PAYMENTS` of a table of text, in the order of their ids. Raises `UnusualError`."""
    columns = {"id": _identifiers(table, "payment_id")}
    columns |= {name: _text(table, source) for name, source in _PAYMENT_TEXTS.items()}
    _must("currency" in table.column_names)
    columns |= {"booked": _days(table, "booking_date"), "cents": _cents(table, "amount")}
    columns["country"] = pc.utf8_upper(columns["country"])
    columns["currency"] = pc.utf8_upper(columns["currency"])
    columns["end_to_end"] = pc.replace_with_mask(
        columns["end_to_end"], pc.equal(columns["end_to_end"], "NOTPROVIDED"), ""
    )
    return by_id(_table(columns, PAYMENTS))


def customers_of(table: pa.Table) -> pa.Table:
    """Columns `CUSTOMERS` of a table of text, in the order of their ids. Raises `UnusualError`."""
    _must("legal_name" in table.column_names)
    columns = {name: _text(table, name) for name in CUSTOMERS.names[1:]}
    columns |= {"id": _identifiers(table, "customer_id"), "country": pc.utf8_upper(columns["country"])}
    return by_id(_table(columns, CUSTOMERS))


def documents_of(table: pa.Table, customers: pa.Table) -> pa.Table:
    """Columns `DOCUMENTS` of a table of text, in the order of their ids. Raises `UnusualError`."""
    columns = {"id": _identifiers(table, "invoice_id")}
    columns |= {name: _text(table, source) for name, source in _DOCUMENT_TEXTS.items()}
    _must({"number", "currency", "type", "customer_id"} <= set(table.column_names))
    columns |= {"issued": _days(table, "issue_date"), "due": _days(table, "due_date")}
    columns |= {name: _cents(table, name) for name in ("net", "tax", "gross")}
    columns["open"] = _cents(table, "open_amount")
    owner = pc.index_in(_text(table, "customer_id"), value_set=customers["id"])
    _must(owner.null_count == 0)
    columns["customer"] = owner
    own = pc.take(customers["country"], owner)
    columns["country"] = pc.utf8_upper(pc.if_else(pc.equal(columns["country"], ""), own, columns["country"]))
    columns["currency"] = pc.utf8_upper(columns["currency"])
    kinds = _text(table, "type")
    columns["credit"] = pc.equal(kinds, "credit_note")
    _must(_all(pc.or_(columns["credit"], pc.equal(kinds, "invoice"))))
    opposite = pc.not_equal(pc.less(columns["open"], 0), columns["credit"])
    _must(not _any(pc.and_(opposite, pc.not_equal(columns["open"], 0))))
    return by_id(_table(columns, DOCUMENTS))


def rates_of(table: pa.Table) -> pa.Table:
    """Columns `FX` of a table of text. Raises `UnusualError`."""
    rate = _required(table, "rate")
    _must(_all(pc.match_substring_regex(rate, r"^[0-9]{1,12}(\.[0-9]{1,12})?$")))
    _must(not _any(pc.match_substring_regex(rate, r"^[0.]+$")))
    return _table({"day": _days(table, "date"), "ccy": _required(table, "ccy"), "rate": rate}, FX)


def by_id(table: pa.Table) -> pa.Table:
    """The rows in the order of their ids, so that the order of the input never matters."""
    ids = table["id"]
    if len(ids) < 2 or _all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1))):
        return table
    return table.take(pc.sort_indices(ids))


def _table(columns: dict[str, pa.Array], schema: pa.Schema) -> pa.Table:
    return pa.table({field.name: pc.cast(columns[field.name], field.type) for field in schema}, schema=schema)


def _text(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        return pa.chunked_array([pa.repeat("", table.num_rows)], type=pa.string())
    column = table[name].combine_chunks()
    _must(column.null_count == 0)
    return pc.utf8_trim_whitespace(column)


def _required(table: pa.Table, name: str) -> pa.ChunkedArray:
    _must(name in table.column_names)
    return _text(table, name)


def _identifiers(table: pa.Table, name: str) -> pa.ChunkedArray:
    keys = _required(table, name)
    _must(not _any(pc.equal(keys, "")) and pc.count_distinct(keys).as_py() == len(keys))
    return keys


def _cents(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name in ("net", "tax") and name not in table.column_names:
        return pa.chunked_array([pa.repeat(pa.scalar(0, pa.int64()), table.num_rows)])
    text = _required(table, name)
    _must(_all(pc.match_substring_regex(text, _AMOUNT)))
    exact = pc.cast(text, pa.decimal128(20, 2))
    chunks = exact.chunks if isinstance(exact, pa.ChunkedArray) else [exact]
    return pa.chunked_array([_unscaled(chunk) for chunk in chunks], type=pa.int64())


def _unscaled(exact: pa.Array) -> pa.Array:
    """The whole numbers inside a decimal128 array: hundredths when it has two places (they fit 64 bits)."""
    low = np.frombuffer(exact.buffers()[1], dtype="<i8")[::2] if len(exact) else np.zeros(0, dtype="<i8")
    return arrow(low[exact.offset : exact.offset + len(exact)])


def arrow(values: NDArray[np.signedinteger[Any]]) -> pa.Array:
    """Whole numbers as an Arrow array; `pyarrow.array` would load numpy's masked arrays for it."""
    kind = pa.int32() if values.dtype == np.int32 else pa.int64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values).tobytes())])


def scaled(cents: pa.Array) -> pa.Array:
    """Hundredths as text, "1234.56"; the inverse of `_unscaled`."""
    values = cents.to_numpy(zero_copy_only=False).astype("<i8")
    words = np.empty((len(values), 2), dtype="<i8")
    words[:, 0] = values
    words[:, 1] = values >> 63
    decimals = pa.Array.from_buffers(pa.decimal128(20, 2), len(values), [None, pa.py_buffer(words.tobytes())])
    return pc.cast(decimals, pa.string())


def _days(table: pa.Table, name: str) -> pa.ChunkedArray:
    text = _required(table, name)
    _must(_all(pc.match_substring_regex(text, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")))
    try:
        days = pc.cast(text, pa.date32())
    except pa.ArrowInvalid as exc:
        raise UnusualError from exc
    return pc.add(pc.cast(days, pa.int32()), pa.scalar(_DAY_ZERO, pa.int32()))


def _must(condition: bool) -> None:
    if not condition:
        raise UnusualError


def _all(mask: pa.ChunkedArray) -> bool:
    return bool(pc.all(mask, min_count=0).as_py())


def _any(mask: pa.ChunkedArray) -> bool:
    return bool(pc.any(mask, min_count=0).as_py())


# From columns to records


def payments(table: pa.Table) -> list[Payment]:
    """Records of columns `PAYMENTS`."""
    shared = {"country", "booked", "currency", "bank_code", "channel"}
    id_, booked, cents, country, currency, *texts = (
        _values(table[name], shared=name in shared) for name in PAYMENTS.names
    )
    return list(map(Payment, range(len(id_)), id_, country, booked, cents, currency, *texts))


def documents(table: pa.Table) -> list[Document]:
    """Records of columns `DOCUMENTS`; every one has its number split into series and serial."""
    shared = {"customer", "country", "currency", "issued", "due"}
    names = [name for name in DOCUMENTS.names if name not in {"series", "number", "open"}]
    id_, customer, country, currency, credit, issued, due, net, tax, gross, reference, remesa, order = (
        _values(table[name], shared=name in shared) for name in names
    )
    whole = pc.all(pc.equal(table["gross"], table["open"]), min_count=0).as_py()
    open_ = gross if whole else _values(table["open"])
    numbers, prefix, serial, serial_int, digits = _numbers(table)
    return list(
        map(
            Document,
            range(len(id_)), id_, customer, country, numbers, credit, issued, due, currency, net, tax, gross, open_,
            reference, remesa, order, prefix, serial, serial_int, digits,
        )
    )  # fmt: skip


def customers(table: pa.Table) -> list[Customer]:
    """Records of columns `CUSTOMERS`."""
    lists = [_values(table[name]) for name in CUSTOMERS.names]
    return [
        Customer(
            index=index, id=key, country=country, legal_name=legal, trade_name=trade, tax_id=tax,
            accounts=tuple(account.split()), group=group,
        )
        for index, (key, country, legal, trade, tax, account, group) in enumerate(zip(*lists, strict=True))
    ]  # fmt: skip


def rates(table: pa.Table) -> Rates:
    """The rates of columns `FX`."""
    rows = zip(*(_values(table[name]) for name in FX.names), strict=True)
    return Rates(rows)


def _values(column: pa.ChunkedArray, *, shared: bool = False) -> list:  # type: ignore[type-arg]
    """The column as Python values; `shared` makes equal values one object."""
    if shared:
        coded = column.combine_chunks().dictionary_encode()
        values = coded.dictionary.to_pylist()
        return [values[code] for code in coded.indices.to_numpy().tolist()]
    if pa.types.is_integer(column.type):
        return list(column.to_numpy().tolist())
    return list(column.to_pylist())


def _numbers(table: pa.Table) -> tuple[list[str], list[str], list[str], list[int], list[str]]:
    """Document numbers, and each one's prefix, serial, serial as a number and digits; see `references.split_number`."""
    number, series = table["number"].combine_chunks(), table["series"].combine_chunks()
    written = _values(number)
    plain = _all(pc.match_substring_regex(number, r"^[\x21-\x7e]+( [\x21-\x7e]+)*$"))
    endings = pc.match_substring_regex(series, r"[0-9]$")
    parts = None
    if plain and not _any(endings) and len(number):
        parts = pc.extract_regex(pc.ascii_upper(number), r"^(?P<head>.*?)(?P<tail>[0-9]{1,17})[^0-9]*$")
    if parts is None or parts.null_count:
        split = [split_number(text, head) for text, head in zip(written, _values(series), strict=True)]
        serials = [int(serial) if serial else 0 for _, serial in split]
        digits = ["".join(filter(str.isdigit, text)) for text in written]
        return written, [prefix for prefix, _ in split], [serial for _, serial in split], serials, digits
    heads = pc.struct_field(parts, "head").dictionary_encode()
    prefixes = [letters_digits(head) for head in heads.dictionary.to_pylist()]
    tails = pc.struct_field(parts, "tail")
    digits = pc.replace_substring_regex(number, r"[^0-9]+", "").to_pylist()
    serials = pc.cast(tails, pa.int64()).to_numpy().tolist()
    return written, [prefixes[code] for code in heads.indices.to_numpy().tolist()], tails.to_pylist(), serials, digits
