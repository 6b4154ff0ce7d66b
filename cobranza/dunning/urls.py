"""Addresses of this room, mounted by the console under /dunning/."""

from django.urls import path

from cobranza.dunning import webhooks

urlpatterns = [
    path("avisos/<slug:slug>/", webhooks.notice, name="webhook"),
]
