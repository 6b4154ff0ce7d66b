"""Models that judge how debtors pay: rules from day one, logistic and boosting once there is history."""
