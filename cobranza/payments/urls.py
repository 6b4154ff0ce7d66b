"""Addresses of this room, mounted by the console under /payments/."""

from django.urls import path

from cobranza.payments import webhook

urlpatterns = [path("avisos/<slug:slug>/", webhook.notice, name="notice")]
