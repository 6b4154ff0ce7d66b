"""Addresses of this room, mounted by the console under /risk/."""

from django.urls import path

from cobranza.risk import acts, views

urlpatterns = [
    path("", views.listed, name="worklist"),
    path("avisos/", views.warnings, name="warnings"),
    path("avisos/<int:pk>/", acts.warning_act, name="warning_act"),
    path("credito/", views.credit, name="credit"),
    path("credito/consultar/", acts.credit_check, name="credit_check"),
    path("deudor/<int:pk>/", views.debtor, name="debtor"),
    path("deudor/<int:pk>/decidir/", acts.decide, name="decide"),
    path("deudor/<int:pk>/retirar/", acts.withdraw, name="withdraw"),
    path("deudor/<int:pk>/cuidado/", acts.care, name="care"),
    path("deudor/<int:pk>/revisar/", acts.contest, name="contest"),
    path("revision/<int:pk>/", acts.answer, name="answer"),
]
