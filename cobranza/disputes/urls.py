"""Addresses of this room, mounted by the console under /disputes/."""

from django.urls import path

from cobranza.disputes import history, views

urlpatterns = [
    path("", views.review, name="tray"),
    path("<int:case>/decide/", views.decide, name="decide"),
    path("<int:case>/merge/", views.merge, name="merge"),
    path("<int:case>/close/", views.close, name="close"),
    path("<int:case>/reopen/", views.reopen, name="reopen"),
    path("<int:case>/note/", views.note, name="note"),
    path("<int:case>/turn/", views.turn, name="turn"),
    path("<int:case>/take-over/", views.take_over, name="take_over"),
    path("history/", history.cases, name="history"),
    path("mails/", history.mails, name="mails"),
    path("mails/<int:pk>/", history.mail, name="mail"),
    path("mails/<int:pk>/retry/", history.retry, name="retry"),
    path("mails/<int:pk>/forget/", history.forget, name="forget"),
    path("silenced/", history.silenced, name="silenced"),
    path("silenced/<int:pk>/lift/", history.lift, name="lift"),
    path("figures/", history.statistics, name="figures"),
    path("desk/<slug:desk>/", views.webhook, name="webhook"),
]
