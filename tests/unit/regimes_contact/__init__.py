"""The law on contact as data: what it holds, and how a change of date or policy acts."""
