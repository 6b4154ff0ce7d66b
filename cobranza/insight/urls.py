"""Addresses of this room, mounted by the console under /insight/."""

from django.urls import path

from cobranza.insight import alert_views, crm, forecast_views, quality_views, views

urlpatterns = [
    path("", views.first, name="dashboards"),
    path("tablero/<slug:slug>/", views.board, name="board"),
    path("tablero/<slug:slug>.pdf", views.board_pdf, name="board_pdf"),
    path("tablero/<slug:slug>.xlsx", views.board_xlsx, name="board_xlsx"),
    path("actualizar/", views.refresh, name="refresh"),
    path("cifras/", views.catalogue, name="catalogue"),
    path("cifras/<slug:slug>/", views.figure, name="figure"),
    path("cifras/<slug:slug>.csv", views.figure_csv, name="figure_csv"),
    path("cifras/<slug:slug>.xlsx", views.figure_xlsx, name="figure_xlsx"),
    path("crm/actividades/", crm.activities, name="crm_activities"),
    path("crm/promesas/", crm.promises, name="crm_promises"),
    path("alertas/", alert_views.alert_list, name="alerts"),
    path("alertas/<int:number>/", alert_views.alert, name="alert"),
    path("alertas/<int:number>/vista/", alert_views.alert_seen, name="alert_seen"),
    path("alertas/<int:number>/asignar/", alert_views.alert_assign, name="alert_assign"),
    path("alertas/<int:number>/comentar/", alert_views.alert_comment, name="alert_comment"),
    path("alertas/<int:number>/nivel/", alert_views.alert_level, name="alert_level"),
    path("prevision/", forecast_views.cash, name="cash"),
    path("simulador/", forecast_views.simulations, name="simulations"),
    path("simulador/nueva/", forecast_views.simulate, name="simulate"),
    path("simulador/<int:number>/", forecast_views.simulation, name="simulation"),
    path("calidad/", quality_views.results, name="quality"),
    path("calidad/revisar/", quality_views.queue, name="reviews"),
    path("calidad/revisar/sacar/", quality_views.draw, name="review_draw"),
    path("calidad/revisar/<int:number>/", quality_views.review, name="review"),
]
