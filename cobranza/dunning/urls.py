"""Addresses of this room, mounted by the console under /dunning/."""

from django.urls import path

from cobranza.dunning import editing, talk, views, webhooks

urlpatterns = [
    path("", views.today, name="today"),
    path("encolar/", views.queue, name="queue"),
    path("bandeja/", views.outbox, name="outbox"),
    path("bandeja/<int:pk>/", views.message, name="message"),
    path("bandeja/<int:pk>/anular/", views.cancel, name="cancel"),
    path("tareas/", views.tasks, name="tasks"),
    path("tareas/<int:pk>/asignar/", views.task_assign, name="task_assign"),
    path("tareas/<int:pk>/hecha/", views.task_done, name="task_done"),
    path("deudor/<int:pk>/", talk.debtor, name="debtor"),
    path("deudor/<int:pk>/tomar/", talk.take, name="take"),
    path("deudor/<int:pk>/devolver/", talk.give, name="give"),
    path("deudor/<int:pk>/atendido/", talk.hear, name="hear"),
    path("deudor/<int:pk>/contestar/", talk.say, name="say"),
    path("estrategias/", editing.strategies, name="strategies"),
    path("estrategias/ensayo/", editing.trial, name="trial"),
    path("estrategias/<slug:name>/", editing.strategy, name="strategy"),
    path("estrategias/<slug:name>/formulario/", editing.form, name="form"),
    path("estrategias/<slug:name>/previa/", editing.preview, name="preview"),
    path("estrategias/<slug:name>/guardar/", editing.save, name="save"),
    path("estrategias/<slug:name>/volver/<int:pk>/", editing.go_back, name="go_back"),
    path("avisos/<slug:slug>/", webhooks.notice, name="webhook"),
]
