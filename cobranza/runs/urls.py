"""Addresses of this room, mounted by the console under /runs/."""

from django.urls import path

from cobranza.runs import views

urlpatterns = [
    path("", views.runs, name="list"),
    path("robots/", views.robots, name="robots"),
    path("robots/<str:slug>/", views.start, name="start"),
    path("pending/", views.pending, name="pending"),
    path("items/", views.items, name="items"),
    path("items/<int:pk>/", views.item, name="item"),
    path("items/<int:pk>/answer/", views.answer, name="answer"),
    path("items/<int:pk>/reopen/", views.reopen, name="reopen"),
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("schedules/", views.schedules, name="schedules"),
    path("credentials/", views.credentials, name="credentials"),
    path("credentials/<int:pk>/clear/", views.clear, name="clear"),
    path("frame/<str:token>/<path:path>", views.frame, name="frame"),
    path("<int:pk>/", views.run, name="run"),
    path("<int:pk>/live/", views.live, name="live"),
    path("<int:pk>/stop/", views.stop, name="stop"),
    path("<int:pk>/log/", views.log, name="log"),
    path("<int:pk>/evidence/<int:evidence_pk>/", views.evidence, name="evidence"),
    path("<int:pk>/evidence/<int:evidence_pk>/file/", views.evidence_file, name="evidence_file"),
]
