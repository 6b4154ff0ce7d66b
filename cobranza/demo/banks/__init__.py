"""Two demo bank portals, strangers to the rest of the code: see PORTALS.md."""
