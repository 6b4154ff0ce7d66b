"""Banco Ejemplo: one page that draws itself, virtual keypad or codes, list with «Ver más» or virtualised.

Source: screens of the demo portal, designs v1 and v2, read on 21 November 2026.
"""

from connectors.banks.banco_ejemplo.portal import BancoEjemploPortal
from connectors.banks.opening import WebBank

ADAPTER = WebBank(BancoEjemploPortal)
