"""The consultant folder: the owner's instructions, contact form and documents."""

from sovetnik.knowledge.folder import ConsultantFolder

__all__ = ["ConsultantFolder"]
