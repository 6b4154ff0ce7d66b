"""What is owed: the account, its statement for printing, and paying."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.kernel.spanish import FormatError
from cobranza.payments.models import Charge
from cobranza.portal import account, formats, paying, said
from cobranza.portal.context import rules
from cobranza.portal.doors import entered
from cobranza.portal.visit import Visit


@require_GET
@entered
def show(request: HttpRequest) -> HttpResponse:
    """What is owed, what is disputed, agreed and being paid, and what can be done about it."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    accounts = account.read(visit.debtor, visit.today)
    return render(
        request,
        "portal/account.html",
        {
            "accounts": accounts,
            "past": account.past(visit.debtor),
            "cases": said.cases(visit.debtor),
            "charges": paying.recent(visit.debtor),
            "now": clock.now(),
        },
    )


@require_GET
@entered
def statement(request: HttpRequest) -> HttpResponse:
    """The statement of account, to read and to print."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    accounts = account.read(visit.debtor, visit.today)
    return render(request, "portal/statement.html", {"accounts": accounts, "now": clock.now()})


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def pay(request: HttpRequest) -> HttpResponse:
    """Choose what to pay; the next page leads to the gateway."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    accounts = [each for each in account.read(visit.debtor, visit.today) if each.free > 0 or each.plans]
    error = ""
    if request.method == "POST":
        try:
            wish = _wish(request, visit, accounts)
            back = (rules().direccion or request.build_absolute_uri("/").rstrip("/")) + reverse("portal:back")
            charge = paying.start(visit, request.POST.get("numero", ""), wish, back_url=back)
            return redirect("portal:charge", token=request.token, number=charge)  # type: ignore[attr-defined]
        except FormatError:
            error = _("Escriba el importe en cifras, por ejemplo 150,00.")
        except paying.NothingToPay as exc:
            error = exc.message
        except BusinessError:
            error = _("Ahora no se puede pagar eso en línea. Puede haber otro pago empezado, o el saldo ha cambiado.")
        except ApplicationError:
            error = _("La página de pago no contesta ahora. No se ha cobrado nada; inténtelo dentro de unos minutos.")
    context = {
        "accounts": [each for each in accounts if paying.online(visit, each.currency)],
        "offline": [each for each in accounts if not paying.online(visit, each.currency)],
        "error": error,
        "charges": paying.open_now(visit.debtor),
        "asked": request.POST,
    }
    return render(request, "portal/pay.html", context, status=422 if error else 200)


def _wish(request: HttpRequest, visit: Visit, accounts: list[account.Account]) -> paying.Wish:
    """What the form asks for, held against what is owed at this second."""
    currency = request.POST.get("moneda", "")
    found = next((each for each in accounts if each.currency == currency), None)
    if found is None:
        raise paying.NothingToPay(_("No hay nada pendiente de pagar en esa moneda."))
    what = request.POST.get("que", "")
    if what == "todo":
        return paying.whole(found)
    if what == "vencido":
        return paying.part(found, found.overdue)
    if what == "parte":
        return paying.part(found, formats.amount(request.POST.get("importe", ""), currency, visit.country))
    if what.startswith("factura:"):
        return paying.invoices(found, {what.removeprefix("factura:")})
    if what.startswith("plazo:"):
        return paying.instalment(found, what.removeprefix("plazo:"))
    raise paying.NothingToPay(_("Elija qué quiere pagar."))


@require_GET
@entered
def charge(request: HttpRequest, number: int) -> HttpResponse:
    """One payment: on to the gateway while it can be paid, and what became of it."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    row = Charge.objects.filter(pk=number, debtor=visit.debtor).first()
    if row is None:
        raise Http404
    parts = row.parts.select_related("invoice").order_by("invoice__due_on", "pk")
    context = {"charge": row, "parts": parts, "can_pay": paying.can_pay(row), "state": paying.words(row)}
    return render(request, "portal/charge.html", context)


@require_GET
@entered
def payments(request: HttpRequest) -> HttpResponse:
    """Payments made here and what became of them; looked up at the gateway when one is still open."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    paying.look_up(visit.debtor)
    rows = [(row, paying.words(row), paying.can_pay(row)) for row in paying.recent(visit.debtor)]
    return render(request, "portal/payments.html", {"rows": rows})
