"""Caja Demo: server-rendered pages inside a frame, password and one-time code, Norma 43 and CSV.

Source: help pages and screens of the demo portal, designs v1 and v2, read on 21 November 2026.
"""

from connectors.banks.caja_demo.portal import CajaDemoPortal
from connectors.banks.opening import WebBank

ADAPTER = WebBank(CajaDemoPortal)
