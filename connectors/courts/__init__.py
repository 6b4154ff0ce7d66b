"""Courts' portals, one folder each: what they take (`requirements.toml`) and how they are driven."""
