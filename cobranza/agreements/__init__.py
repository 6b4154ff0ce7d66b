"""Payment agreements: what a debtor may be offered, who has to approve it, and whether it is kept."""
