"""From the raw bytes of a message to what it says. Pure: no database, no network, no Django.

`reader.read` is the door. The rest, one module per concept: `mime` opens the message, `html_text` turns HTML into text,
`zones` tells own words from quotes, forwards and signatures, `machine` tells people from programs, `bounces` reads
delivery reports, `repair`, `language` and `country` speak for themselves, `entities` finds what the message names, and
`threads` says which conversation it belongs to.
"""
