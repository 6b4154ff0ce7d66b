"""The send gate: vectors of law, seconds at the edges, and what must never be sent."""
