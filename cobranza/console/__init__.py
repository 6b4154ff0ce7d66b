"""The web console: shell, login, roles, home, components."""
