"""Addresses of this room, mounted by the console under /agreements/."""

from django.urls import path

from cobranza.agreements import acts, views

urlpatterns = [
    path("", views.agreements, name="list"),
    path("por-aprobar/", views.approvals, name="approvals"),
    path("por-aprobar/<int:pk>/aprobar/", acts.approve, name="approve"),
    path("por-aprobar/<int:pk>/rechazar/", acts.refuse, name="refuse"),
    path("deudor/<int:pk>/<str:currency>/", views.adviser, name="adviser"),
    path("deudor/<int:pk>/<str:currency>/acordar/", acts.accept, name="accept"),
    path("deudor/<int:pk>/<str:currency>/proponer/", acts.propose, name="propose"),
    path("<int:pk>/", views.agreement, name="agreement"),
    path("<int:pk>/sigue/", acts.goes_on, name="goes_on"),
    path("<int:pk>/anular/", acts.cancel, name="cancel"),
]
