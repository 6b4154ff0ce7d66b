"""The pages, by what a debtor wants there."""
