"""``python -m cobranza``: the command line without its script."""

from cobranza.cli import main

main()
