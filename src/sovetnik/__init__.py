"""Sovetnik: a self-hosted AI consultant for Telegram."""


def version() -> str:
    """The installed version."""
    from importlib.metadata import version  # reads mails and archives: 30 ms, for those who ask

    return version("sovetnik")
