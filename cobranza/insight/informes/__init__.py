"""The schema `informes`: documented read-only views, the contract with whoever reads figures from outside.

Each module holds some of the views as `VIEWS`; `columns.toml` is the frozen list of columns and types. A view never
loses a column and never changes one's meaning: what is new comes as a new column or a new view, in a new migration.
"""
