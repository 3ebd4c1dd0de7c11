"""The heart: turns, contacts, reports and texts. No I/O and no framework in here."""
