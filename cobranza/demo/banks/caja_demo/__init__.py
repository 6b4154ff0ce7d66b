"""Caja Demo: the classic portal, rendered on the server, with its content inside an iframe."""
