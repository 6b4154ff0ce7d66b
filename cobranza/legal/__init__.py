"""From the arrears threshold to the filed claim: interest and costs, the case, its bundle, its filing."""
