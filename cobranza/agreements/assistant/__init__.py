"""Negotiating by messages: rules understand, the approval matrix decides, templates speak. No model is asked."""
