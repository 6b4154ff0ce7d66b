"""Payments that debtors make through a gateway: asked for, told by a signed call, applied once, met by the bank."""
