"""The debtor's own pages: reached by a personal link and a second proof, served by a process of their own.

Nothing of the staff's console is loaded here: no sessions, no accounts, no administration. What a debtor does goes
through `workflow`, into the ledger and to the process that it concerns; a page only shows and asks.
"""
