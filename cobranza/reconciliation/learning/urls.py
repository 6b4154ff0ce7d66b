"""Addresses of what was learned; `cobranza.reconciliation.urls` takes them in."""

from django.urls import path

from cobranza.reconciliation.learning import views

urlpatterns = [
    path("learned/", views.learned, name="learned"),
    path("learned/<int:pk>/", views.fact, name="learned_fact"),
    path("learned/<int:pk>/forget/", views.forget, name="learned_forget"),
    path("learned/debtors/<int:pk>/forget/", views.forget_debtor, name="learned_forget_debtor"),
    path("learned/forgotten/<int:pk>/allow/", views.allow, name="learned_allow"),
]
