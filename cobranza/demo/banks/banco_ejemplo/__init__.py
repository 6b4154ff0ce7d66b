"""Banco Ejemplo: one page that draws itself in the browser from a JSON API."""
