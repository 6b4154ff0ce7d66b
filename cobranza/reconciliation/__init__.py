"""From the bank's movement to the payment posted in the ERP."""
