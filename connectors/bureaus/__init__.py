"""Bureaus and other sources on who pays, one folder for each way of asking."""
