"""Sovetnik: a self-hosted AI consultant for Telegram."""

from importlib.metadata import version

__version__ = version("sovetnik")
