"""A real ERP to run against: Tryton 8.0, installed, seeded and started apart from our own environment.

Tryton is free software under the GPL. It lives in an environment of its own, is started as a separate program and is
spoken to over HTTP only; `seed.py` is the one file here that imports it, and it runs with Tryton's interpreter.
"""
