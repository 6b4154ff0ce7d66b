"""The address book: the shell's own screens, and each room's under its name."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from cobranza.console import views
from cobranza.screens.access import public
from cobranza.screens.navigation import rooms_with

_shell = (
    [
        path("", views.home, name="home"),
        path("entrar/", views.login, name="login"),
        path("entrar/codigo/", views.code, name="code"),
        path("salir/", views.logout, name="logout"),
        path("cuenta/", views.account, name="account"),
        path("cuenta/clave/", views.password, name="password"),
        path("cuenta/codigo/", views.totp, name="totp"),
        path("idioma/", public(set_language), name="language"),
        path("componentes/", views.components, name="components"),
        path("salud/", views.health, name="health"),
    ],
    "console",
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(_shell)),
    *(
        path(f"{room}/", include((module.urlpatterns, room)))
        for room, module in rooms_with("urls")
        if room != "console"
    ),
]

handler403 = "cobranza.console.views.refused"
handler404 = "cobranza.console.views.not_found"
handler500 = "cobranza.console.views.failed"
