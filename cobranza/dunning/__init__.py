"""Staged contact: what a strategy would send to whom today, and why. A strategy proposes; the gate decides."""
