"""Reading messages: bytes in, plain data out."""
