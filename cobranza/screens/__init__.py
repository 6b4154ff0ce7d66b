"""What every screen shares, below the rooms that have screens: who may enter, navigation, tables, formats.

The shell and its templates are `cobranza.console`; rooms reach those by template name, and this package by import.
"""
