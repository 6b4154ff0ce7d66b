"""Splink 5 on DuckDB: Fellegi-Sunter linkage of payments with invoices, trained by EM, the best invoice per payment.

The set-up is meant to be fair: blocking on everything that can identify a document or its customer, comparisons with
the levels that receivables have (number in full or in short, equal amount, somewhat less, part of it), names without
legal form against legal and trade name, EM on blocks where a match is a document and not only a customer, and within a
payment its candidates compete, so that a tie is no link.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import pandas as pd

from tests.bench.peers import tables
from tests.bench.peers.tables import Tables

NAME = "Splink 5 + DuckDB"
_WINDOW = 130  # days between booking and due date within a customer's blocks
_SEED = 1
_LEAST = 0.02
_ALIKE = "greatest(jaro_winkler_similarity(name_l, name_r), jaro_winkler_similarity(trade_l, trade_r)) >= {}"


def link(world: Tables) -> pd.DataFrame:
    """Train on the world itself, without labels, and link."""
    import duckdb
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    connection = duckdb.connect(":memory:")
    connection.execute("SET threads TO 2")
    api = DuckDBAPI(connection=connection)
    left = api.register(_payments(world.payments), dataset_display_name="a_payments")
    right = api.register(_invoices(world.invoices), dataset_display_name="b_invoices")
    linker = Linker([left, right], _settings(), log_level=None)
    _train(linker)
    predicted: Any = linker.inference.predict(threshold_match_probability=_LEAST)
    return _best(predicted.as_pandas_dataframe())


def _payments(payments: pd.DataFrame) -> pd.DataFrame:
    texts = list(zip(payments["remittance"], payments["structured_ref"], payments["end_to_end_id"], strict=True))
    short = [tables.short_numbers(text[0]) for text in texts]
    names = [
        tables.payer(name, text) for name, text in zip(payments["payer_name"], payments["remittance"], strict=True)
    ]
    return pd.DataFrame(
        {
            "unique_id": payments["payment_id"],
            "country": payments["country"],
            "currency": payments["currency"],
            "cents": payments["cents"],
            "day": payments["day"],
            "name": _or_null(pd.Series(names, dtype="str")),
            "trade": _or_null(pd.Series(names, dtype="str")),
            "account": _or_null(payments["payer_account"]),
            "tax_id": _or_null(payments["payer_tax_id"]),
            "whole": [tables.whole_numbers(*text) for text in texts],
            "short": short,
            "number": [row[-1] if row else None for row in short],
        }
    )


def _invoices(invoices: pd.DataFrame) -> pd.DataFrame:
    numbers = invoices["number"].map(tables.joined)
    last = [tables.short_numbers(number)[-1] for number in invoices["number"]]
    references = list(zip(numbers, invoices["payment_ref"], invoices["po_number"], strict=True))
    return pd.DataFrame(
        {
            "unique_id": invoices["invoice_id"],
            "country": invoices["country"],
            "currency": invoices["currency"],
            "cents": invoices["cents"],
            "day": invoices["day"],
            "name": invoices["legal_name"].map(tables.company),
            "trade": invoices["trade_name"].map(tables.company),
            "account": _or_null(invoices["account"]),
            "tax_id": _or_null(invoices["tax_id"]),
            "whole": [[reference for reference in row if reference] for row in references],
            "short": [[number] for number in last],
            "number": last,
        }
    )


def _or_null(column: pd.Series) -> pd.Series:
    return column.where(column != "", None)


def _settings() -> Any:
    import splink.comparison_level_library as levels
    from splink import SettingsCreator, block_on
    from splink.blocking_rule_library import CustomRule
    from splink.comparison_library import CustomComparison, ExactMatch

    near = f"l.country = r.country and abs(l.day - r.day) <= {_WINDOW}"
    return SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("whole", arrays_to_explode=["whole"]),
            block_on("country", "short", arrays_to_explode=["short"]),
            CustomRule(f"l.account = r.account and {near}"),
            CustomRule(f"l.tax_id = r.tax_id and {near}"),
            CustomRule(f"l.name = r.name and {near}"),
            CustomRule(f"l.trade = r.trade and {near}"),
            block_on("country", "cents", "substr(name, 1, 4)"),
        ],
        comparisons=[
            CustomComparison(
                output_column_name="reference",
                comparison_levels=[
                    levels.CustomLevel("len(short_l) = 0 and len(whole_l) = 0", "names nothing").configure(
                        is_null_level=True
                    ),
                    levels.CustomLevel("list_has_any(whole_l, whole_r)", "number in full"),
                    levels.CustomLevel("list_has_any(short_l, short_r)", "number in short"),
                    levels.ElseLevel(),
                ],
            ),
            CustomComparison(
                output_column_name="money",
                comparison_levels=[
                    levels.CustomLevel("currency_l <> currency_r", "other currency").configure(is_null_level=True),
                    levels.CustomLevel("cents_l = cents_r", "equal"),
                    levels.CustomLevel("abs(cents_l - cents_r) <= 0.005 * cents_r", "nearly equal"),
                    levels.CustomLevel("cents_l between 0.78 * cents_r and cents_r", "less what is kept back"),
                    levels.CustomLevel("cents_l between 0 and cents_r", "part of it"),
                    levels.CustomLevel("cents_l > cents_r and cents_r > 0", "more"),
                    levels.ElseLevel(),
                ],
            ),
            CustomComparison(
                output_column_name="customer",
                comparison_levels=[
                    levels.CustomLevel("name_l is null", "no name").configure(is_null_level=True),
                    levels.CustomLevel("name_l = name_r or trade_l = trade_r", "same"),
                    levels.CustomLevel(
                        _ALIKE.format(0.92),
                        "alike",
                    ),
                    levels.CustomLevel(
                        _ALIKE.format(0.80),
                        "somewhat alike",
                    ),
                    levels.ElseLevel(),
                ],
            ),
            ExactMatch("account"),
            ExactMatch("tax_id"),
            CustomComparison(
                output_column_name="days",
                comparison_levels=[
                    levels.CustomLevel("day_l - day_r between -8 and 12", "on time"),
                    levels.CustomLevel("day_l - day_r between -20 and 40", "late"),
                    levels.CustomLevel("day_l - day_r between -40 and 100", "very late"),
                    levels.ElseLevel(),
                ],
            ),
        ],
        retain_matching_columns=False,
    )


def _train(linker: Any) -> None:
    from splink import block_on

    sure = [block_on("cents", "account"), block_on("cents", "name"), block_on("cents", "tax_id")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.35)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=_SEED)
    # Blocked on what singles out a document: on the customer alone, EM would learn "same customer" and call it a match.
    for rule in (block_on("country", "number"), block_on("country", "cents")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=2e6)


def _best(scored: pd.DataFrame) -> pd.DataFrame:
    """The likeliest invoice of each payment, its chance weighed against its rivals and against none."""
    chance = scored["match_probability"].clip(upper=1 - 1e-12)
    scored = scored.assign(odds=chance / (1 - chance))
    total = scored.groupby("unique_id_l")["odds"].transform("sum")
    scored = scored.assign(confidence=scored["odds"] / (1 + total))
    best = scored.sort_values(["unique_id_l", "confidence", "unique_id_r"], ascending=[True, False, True])
    best = best.drop_duplicates("unique_id_l")
    best = best[best["confidence"] >= 0.5]
    return best.rename(columns={"unique_id_l": "payment_id", "unique_id_r": "invoice_id"})[
        ["payment_id", "invoice_id", "confidence"]
    ]
