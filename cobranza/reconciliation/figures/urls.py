"""Addresses of the figures, part of this room's under /reconciliation/."""

from django.urls import path

from cobranza.reconciliation.figures import views

urlpatterns = [
    path("figures/", views.figures, name="figures"),
    path("figures.csv", views.figures_csv, name="figures_csv"),
    path("figures.xlsx", views.figures_xlsx, name="figures_xlsx"),
]
