"""The portal's address book. Not called ``urls``: the staff's console mounts those of every room, and never these."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from cobranza.portal.views import account, choices, entry, plans, saying, survey, talk

_own: list[URLPattern | URLResolver] = [
    path("", entry.door, name="door"),
    path("codigo/", entry.code, name="code"),
    path("baja/", entry.stop, name="stop"),
    path("salir/", entry.leave, name="leave"),
    path("cuenta/", account.show, name="account"),
    path("extracto/", account.statement, name="statement"),
    path("pagar/", account.pay, name="pay"),
    path("pagos/", account.payments, name="payments"),
    path("pagos/<int:number>/", account.charge, name="charge"),
    path("plan/", plans.choose, name="plans"),
    path("plan/<str:key>/", plans.accept, name="accept"),
    path("acuerdo/<int:number>/", plans.agreed, name="agreed"),
    path("reclamar/", saying.dispute, name="dispute"),
    path("pagado/", saying.paid, name="paid"),
    path("datos/", saying.data, name="data"),
    path("preguntar/", saying.ask, name="ask"),
    path("mensajes/", talk.show, name="talk"),
    path("enviado/<int:number>/", saying.sent, name="sent"),
    path("contacto/", choices.choose, name="choices"),
    path("encuesta/", survey.answer, name="survey"),
    path("revision/", survey.review, name="review"),
]

_portal: list[URLPattern | URLResolver] = [
    path("", entry.root, name="root"),
    path("salud/", entry.health, name="health"),
    path("robots.txt", entry.robots, name="robots"),
    path("idioma/", require_POST(set_language), name="language"),
    path("d/vuelta/", entry.back, name="back"),
    path("d/mia/", entry.mine, name="mine"),
    path("d/adios/", entry.left, name="left"),
    path("d/<str:token>/", include(_own)),
]

urlpatterns: list[URLPattern | URLResolver] = [path("", include((_portal, "portal")))]

handler400 = "cobranza.portal.views.entry.wrong"
handler403 = "cobranza.portal.views.entry.not_found"
handler404 = "cobranza.portal.views.entry.not_found"
handler500 = "cobranza.portal.views.entry.broken"
