"""Addresses of the advices' screens; `cobranza.reconciliation.urls` takes them in."""

from django.urls import path

from cobranza.reconciliation.advice import views

urlpatterns = [
    path("advices/", views.listing, name="advices"),
    path("advices/<int:pk>/", views.detail, name="advice"),
    path("advices/<int:pk>/tie/<int:movement>/", views.tie, name="advice_tie"),
    path("advices/<int:pk>/untie/", views.untie, name="advice_untie"),
    path("advices/<int:pk>/dismiss/", views.dismiss, name="advice_dismiss"),
]
