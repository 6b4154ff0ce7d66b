"""Everything that comes into the ledger from outside: an ERP's open documents and a bank's statements."""

from cobranza.ledger.bank_intake import StatementImport, import_statement, reading_sha256
from cobranza.ledger.erp_intake import LedgerImport, import_ledger

__all__ = ["LedgerImport", "StatementImport", "import_ledger", "import_statement", "reading_sha256"]
