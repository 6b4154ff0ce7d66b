"""Addresses of this room, mounted by the console under /reconciliation/."""

from django.urls import path

from cobranza.reconciliation import views
from cobranza.reconciliation.advice.urls import urlpatterns as advices
from cobranza.reconciliation.figures.urls import urlpatterns as figures
from cobranza.reconciliation.learning.urls import urlpatterns as learned
from cobranza.reconciliation.workbench.urls import urlpatterns as workbench

urlpatterns = [
    path("", views.results, name="results"),
    *workbench,
    *advices,
    *figures,
    *learned,
    path("runs/<str:run>/", views.run_results, name="run"),
    path("proposals/<int:pk>/", views.proposal, name="proposal"),
]
