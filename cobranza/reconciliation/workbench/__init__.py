"""The desk where people clear what the engine left: one movement at a time, by keyboard, nobody in another's way."""
