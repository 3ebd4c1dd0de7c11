"""`sovetnik init`: asks, checks each answer for real, writes ``.env`` and the consultant folder.

Each answer is saved as soon as it has proved good, so Ctrl-C loses nothing but the question it interrupts.
"""
