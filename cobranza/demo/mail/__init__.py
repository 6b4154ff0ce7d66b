"""The demo company's mail: a mailbox that is a folder, and a server on this machine that takes what we answer."""
