"""Judges of how debtors pay: rules from the first day; logistic and boosting once the company's ledger can teach them.

Each judge is a folder with its `ADAPTER`: `rules` judges as it comes, `logistic` and `boosting` learn
(`cobranza.risk.learning.Learner`) and are read back from a folder of plain numbers.
"""
