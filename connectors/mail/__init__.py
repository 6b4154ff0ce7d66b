"""Mail: mailboxes that are read (`imap`, `folder`) and the way out of answers (`smtp`), set in `config/mail.toml`."""
