"""Shapes of advices one by one: how each kind of payer writes, and what it means."""

from __future__ import annotations

import io
from datetime import date
from textwrap import dedent

import openpyxl
import pytest

from cobranza.reconciliation.advice import reading
from cobranza.reconciliation.advice.records import RemittanceAdvice
from tests.unit.advice.builders import SPANISH, D, csv, text, xlsx
from tests.unit.advice.test_layouts import TOLD


def _one(body: str, name: str = "cuerpo.txt") -> RemittanceAdvice:
    [advice] = reading.read(dedent(body).encode(), name)
    return advice


def _paid(advice: RemittanceAdvice) -> list[tuple[str, str]]:
    return [(line.document, str(line.paid)) for line in advice.lines]


def test_headings_of_two_lines() -> None:
    advice = _one(
        """
        Nº           Fecha         Importe      Importe
        factura      factura       bruto        pagado
        F-1001       02/01/2026     100,00        98,00
        F-1002       03/01/2026      50,00        50,00
        TOTAL                                    148,00
        """
    )

    assert advice.objections == ()
    assert _paid(advice) == [("F-1001", "98.00"), ("F-1002", "50.00")]
    assert [line.gross for line in advice.lines] == [D("100.00"), D("50.00")]


def test_a_payer_s_own_ledger_shows_what_it_owes_with_a_minus() -> None:
    advice = _one(
        """
        Su referencia   Fecha doc.   Importe
        F-1001          02/01/2026   1.210,00-
        F-1002          03/01/2026     605,50-
        AB-7            04/01/2026     100,00
        Total                        1.715,50-
        """
    )

    assert advice.objections == ()
    assert advice.total == D("1715.50")
    assert _paid(advice) == [("F-1001", "1210.00"), ("F-1002", "605.50"), ("AB-7", "-100.00")]


def test_debit_and_credit_columns() -> None:
    advice = _one(
        """
        Documento;Debe;Haber
        F-1001;;1.210,00
        F-1002;;605,50
        AB-7;100,00;
        Total a pagar;;1.715,50
        """,
        "aviso.csv",
    )

    assert advice.objections == ()
    assert _paid(advice) == [("F-1001", "1210.00"), ("F-1002", "605.50"), ("AB-7", "-100.00")]


def test_marks_behind_the_amounts() -> None:
    advice = _one(
        """
        Factura        Importe
        F-1001      1.210,00 H
        F-1002        605,50 H
        AB-7          100,00 D
        TOTAL       1.715,50
        """
    )

    assert advice.objections == ()
    assert _paid(advice) == [("F-1001", "1210.00"), ("F-1002", "605.50"), ("AB-7", "-100.00")]


def test_a_list_in_a_message() -> None:
    advice = _one(
        """
        Buenos días:

        Con fecha 02/03/2026 les hemos transferido 1.865,55 € por las siguientes facturas:
        - F26/0101: 1.210,00 €
        - F26/0102: 605,50 €
        - F26/0110 (03/02/2026): 50,05 €

        Total: 1.865,55 €

        Un saludo,
        Tesorería. Tel. 912 345 678
        """
    )

    assert advice.objections == ()
    assert advice.paid_on == date(2026, 3, 2)
    assert advice.currency == "EUR"
    assert _paid(advice) == [("F26/0101", "1210.00"), ("F26/0102", "605.50"), ("F26/0110", "50.05")]


def test_a_list_without_a_total_is_not_used_alone() -> None:
    advice = _one("F26/0101 1.210,00\nF26/0102 605,50\n")

    assert advice.objections


def test_detraccion_and_withholding_in_columns_of_their_own() -> None:
    advice = _one(
        """
        Empresa pagadora: Minera Huaylas S.A.C.;RUC 20512345678
        Comprobante;Fecha emisión;Importe total comprobante;Detracción;Retención;Neto a pagar;Moneda
        F001-00007860;02/02/2026;1,180.00;118.00;0.00;1,062.00;PEN
        F001-00007861;03/02/2026;2,000.00;0.00;60.00;1,940.00;PEN
        TOTALES;;3,180.00;118.00;60.00;3,002.00;PEN
        """,
        "detalle.csv",
    )

    assert advice.objections == ()
    assert (advice.payer_tax_id, advice.currency, advice.total) == ("20512345678", "PEN", D("3002.00"))
    assert [(line.deposited, line.withheld) for line in advice.lines] == [(D("118.00"), D(0)), (D(0), D("60.00"))]


def test_several_withholdings_of_one_line_add_up() -> None:
    advice = _one(
        """
        No. Factura;Valor bruto;ReteFuente;ReteIVA;ReteICA;Valor neto
        FE-881;1.190.000,00;25.000,00;28.500,00;9.660,00;1.126.840,00
        FE-882;595.000,00;12.500,00;14.250,00;4.830,00;563.420,00
        Total pagado;;;;;1.690.260,00
        """,
        "pago.csv",
    )

    assert advice.objections == ()
    assert [line.withheld for line in advice.lines] == [D("63160.00"), D("31580.00")]


def test_a_column_total_that_is_wrong_is_an_objection() -> None:
    advice = _one(
        """
        Factura;Bruto;Retención;Neto
        F-1;100,00;15,00;85,00
        F-2;100,00;15,00;85,00
        TOTAL;200,00;35,00;170,00
        """,
        "pago.csv",
    )

    assert any("«Retención» suma 30,00 y el aviso declara 35,00" in each for each in advice.objections)


def test_a_row_whose_arithmetic_is_wrong_is_an_objection() -> None:
    advice = _one(
        """
        Factura;Bruto;Retención;Neto
        F-1;100,00;15,00;86,00
        F-2;100,00;15,00;84,00
        TOTAL;200,00;30,00;170,00
        """,
        "pago.csv",
    )

    assert any("fila 3: 100,00 menos sus deducciones no da 86,00" in each for each in advice.objections)


def test_a_part_payment_is_shown_as_one() -> None:
    advice = _one(
        """
        Factura      Importe factura    Importe pagado
        F-1001              1.000,00            400,00
        F-1002                500,00            500,00
        Total pagado                            900,00
        """
    )

    assert advice.objections == ()
    assert [line.short for line in advice.lines] == [D("600.00"), D("0.00")]


def test_payments_in_one_book_are_told_apart_by_their_number() -> None:
    advices = reading.read(
        dedent(
            """
            Nº de pago;Factura;Importe
            5001;F-1;100,00
            5001;F-2;50,00
            5002;F-3;70,00
            5002;F-4;30,00
            TOTAL;;250,00
            """
        ).encode(),
        "pagos.csv",
    )

    assert [(each.reference, each.total, len(each.lines)) for each in advices] == [
        ("5001", D("150.00"), 2),
        ("5002", D("100.00"), 2),
    ]
    assert all(each.total_stated for each in advices)


def test_a_total_without_a_word_is_known_by_its_sum() -> None:
    advice = _one("Factura;Importe\nF-1;100,00\nF-2;50,00\n;150,00\n", "aviso.csv")

    assert (advice.total_stated, advice.total, len(advice.lines)) == (True, D("150.00"), 2)


def test_sums_carried_over_are_no_lines() -> None:
    advice = _one(
        """
        Factura      Importe
        F-1001        100,00
        F-1002         50,00
        Suma y sigue  150,00
        F-1003         25,00
        TOTAL         175,00
        """
    )

    assert advice.objections == ()
    assert len(advice.lines) == 3


def test_american_days_and_figures() -> None:
    advice = _one(
        """
        Payer: Acme Paving Inc
        Payment date: 03/13/2026

        Invoice No      Invoice Date     Invoice Amount    Discount    Amount Paid
        INV-20881       01/25/2026            $1,500.00      $30.00      $1,470.00
        INV-20882       02/04/2026              $900.00       $0.00        $900.00
        Total paid                                                       $2,370.00
        """
    )

    assert advice.objections == ()
    assert advice.paid_on == date(2026, 3, 13)
    assert [line.issued_on for line in advice.lines] == [date(2026, 1, 25), date(2026, 2, 4)]
    assert [line.discount for line in advice.lines] == [D("30.00"), D("0.00")]


def test_a_quoted_message_reads_the_same() -> None:
    plain = text(TOLD, SPANISH).decode()
    quoted = "\n".join(f"> {line}" for line in plain.splitlines())

    [first], [second] = reading.read(plain.encode(), "cuerpo.txt"), reading.read(quoted.encode(), "cuerpo.txt")

    assert first.identity == second.identity
    assert second.objections == ()


def test_the_same_advice_in_two_files_has_one_identity() -> None:
    [first], [second] = reading.read(csv(TOLD, SPANISH), "aviso.csv"), reading.read(xlsx(TOLD, SPANISH), "aviso.xlsx")

    assert first.sha256 != second.sha256
    assert first.identity == second.identity


def test_a_summary_and_its_detail_are_one_advice() -> None:
    book = openpyxl.Workbook()
    summary = book.active
    summary.title = "Resumen"
    summary.append(["Fecha de pago", date(2026, 3, 2)])
    summary.append(["Importe total del pago", 150])
    detail = book.create_sheet("Detalle")
    detail.append(["Factura", "Importe"])
    detail.append(["F-1", 100])
    detail.append(["F-2", 50])
    target = io.BytesIO()
    book.save(target)

    [advice] = reading.read(target.getvalue(), "aviso.xlsx")

    assert (advice.objections, advice.total, advice.total_stated) == ((), D(150), True)
    assert advice.paid_on == date(2026, 3, 2)


def test_charges_of_the_payer_stay_as_lines_without_a_document() -> None:
    advice = _one(
        """
        Factura;Concepto;Importe
        F-1;;100,00
        ;Penalización por retraso;-10,00
        TOTAL;;90,00
        """,
        "aviso.csv",
    )

    assert advice.objections == ()
    assert [(line.document, line.text) for line in advice.lines] == [("F-1", ""), ("", "Penalización por retraso")]


@pytest.mark.parametrize("sign", [",", "."])
def test_whole_amounts_of_a_currency_without_cents(sign: str) -> None:
    group = "." if sign == "," else ","
    rows = ("Factura\tMonto pagado", "FE-1\t1.190.000", "FE-2\t595.000", "Total pagado\t1.785.000", "")

    advice = _one("\n".join(rows).replace(".", group))

    assert advice.objections == ()
    assert advice.total == D(1785000)


def test_the_payee_s_own_tax_id_is_among_the_others() -> None:
    advice = _one(
        """
        Ordenante: Obras Vallehondo S.A.
        NIF: A28017895
        Beneficiario: Talleres Aldonza S.L., NIF B12345674
        Factura   Importe
        F-1001    100,00
        TOTAL     100,00
        """
    )

    assert set(advice.tax_ids) == {"A28017895", "B12345674"}
