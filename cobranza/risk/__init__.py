"""What is expected of each debtor: features known that day, scores with reasons, segments, worklist, early warning."""
