"""Addresses of the desk, part of this room's under /reconciliation/."""

from django.urls import path

from cobranza.reconciliation.workbench import statements, views

urlpatterns = [
    path("review/", views.workbench, name="workbench"),
    path("review/group/", views.group, name="group"),
    path("review/group/accept/", views.accept_group, name="accept_group"),
    path("review/export.csv", views.export_csv, name="export_csv"),
    path("review/export.xlsx", views.export_xlsx, name="export_xlsx"),
    path("review/<int:movement>/sheet/", views.write, name="sheet"),
    path("review/<int:movement>/decide/", views.decide, name="decide"),
    path("review/<int:movement>/set-aside/", views.set_aside, name="set_aside"),
    path("review/<int:movement>/note/", views.note, name="note"),
    path("review/<int:movement>/undo/", views.take_back, name="undo"),
    path("review/<int:movement>/lease/", views.lease, name="lease"),
    path("review/<int:movement>/take-over/", views.take_over, name="take_over"),
    path("review/<int:movement>/search/", views.search, name="search"),
    path("review/on-account/<int:pk>/release/", views.release, name="release"),
    path("review/postings/<int:intent>/settle/", views.settle_unknown, name="settle_unknown"),
    path("review/reversals/<int:intent>/settle/", views.settle_reversal, name="settle_reversal"),
    path("review/statements/", statements.drop, name="statements"),
    path("review/statements/<int:pk>/", statements.shown, name="statement"),
    path("review/statements/<int:pk>/confirm/", statements.confirm, name="statement_confirm"),
    path("review/statements/<int:pk>/forget/", statements.forget, name="statement_forget"),
    path("review/match/<slug:creditor>/", statements.match_company, name="match_company"),
]
