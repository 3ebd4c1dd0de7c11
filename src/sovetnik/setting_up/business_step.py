"""The business: its documents, and the drafts of its texts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from sovetnik.core.errors import ConfigError
from sovetnik.doctor.finding import Trouble, same
from sovetnik.knowledge.index.folders import listing
from sovetnik.setting_up import drafts, words
from sovetnik.setting_up.crawl import Crawler, site_of
from sovetnik.setting_up.drafts import Business
from sovetnik.setting_up.given import Tone
from sovetnik.setting_up.setup import Setup
from sovetnik.setting_up.talk import Question

NAMED = 3


def documents_step(setup: Setup, start: Path) -> None:
    """Ask for documents and bring them into ``knowledge/``.

    Args:
        setup: This run.
        start: The folder that relative paths are meant from.
    """
    folder = setup.settings.consultant_dir / "knowledge"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot make {folder.absolute()}: {error.strerror}") from error
    there = len(listing(folder).files)
    if there:
        setup.talk.good(words.DOCUMENTS_THERE, path=folder, count=there)
    question = Question(words.DOCUMENTS, "--documents", setup.given.documents, optional=True)
    setup.talk.checked(question, lambda text: _bring(setup, text, start, folder))
    if not listing(folder).files:
        setup.talk.warn(words.DOCUMENTS_NONE, path=folder)


def _bring(setup: Setup, text: str, start: Path, folder: Path) -> None:
    site = site_of(text)
    if site:
        _crawl(setup, site, folder)
    else:
        _copy(setup, start / Path(text).expanduser(), folder)


def _copy(setup: Setup, source: Path, folder: Path) -> None:
    """Copy what can be read; nothing that is there is overwritten."""
    if not source.is_dir():
        raise Trouble(words.FOLDER_NONE.format(path=source), None)
    try:
        found = listing(source).files
        if source.resolve() == folder.resolve():
            setup.talk.good(words.DOCUMENTS_THERE, path=folder, count=len(found))
            return
        if not found:
            raise Trouble(words.FOLDER_EMPTY.format(path=source), words.FOLDER_KINDS)
        copied, differing = 0, list[str]()
        for name, path in found.items():
            target = folder / name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                copied += 1
            elif target.read_bytes() != path.read_bytes():
                differing.append(name)
    except (OSError, ConfigError) as error:
        raise Trouble(same(str(error)), None) from None
    setup.talk.good(words.COPIED, count=copied, same=len(found) - copied - len(differing))
    if differing:
        more = " …" if len(differing) > NAMED else ""
        setup.talk.warn(words.COPY_DIFFERS, names=", ".join(differing[:NAMED]) + more)


def _crawl(setup: Setup, site: str, folder: Path) -> None:
    host = urlsplit(site).netloc
    into = folder / host.replace(":", "-")
    with setup.talk.busy(words.CRAWLING, site=host) as show:
        crawler = Crawler(site, into, lambda number, address: show(f"{number}  {address}"))
        found = setup.wait(crawler.run())
    if not found.written:
        raise Trouble(words.CRAWL_EMPTY, words.CRAWL_EMPTY_OUT)
    setup.talk.good(words.CRAWLED, site=host, count=len(found.written), path=into)
    if found.left:
        address, why = next(iter(found.left.items()))
        example = same("{address}: {why}").format(address=address, why=why)
        setup.talk.note(words.CRAWL_LEFT, count=len(found.left), example=example)
    if found.stopped:
        setup.talk.warn(words.CRAWL_STOPPED, why=found.stopped)


def texts_step(setup: Setup, bot: str) -> None:
    """Ask how the consultant talks and what it collects, and draft the texts.

    Args:
        setup: This run.
        bot: The bot's name: perhaps the business's as well.
    """
    folder, talk, given = setup.settings.consultant_dir, setup.talk, setup.given
    there = drafts.existing(folder)
    anew = given.redraft
    if there and not anew:
        anew = talk.yes(words.REDRAFT, default=False)
    if len(there) == len(drafts.NAMES) and not anew:
        talk.good(words.TEXTS_KEPT, names=", ".join(there))
        return
    business = _business(setup, bot)
    try:
        written, kept = drafts.write(folder, drafts.draft(business, talk.language), anew=anew)
    except OSError as error:
        raise ConfigError(f"cannot write into {folder.absolute()}: {error.strerror}") from error
    talk.good(words.DRAFTED, names=", ".join(written))
    if kept:
        talk.good(words.TEXTS_KEPT, names=", ".join(kept))


def _business(setup: Setup, bot: str) -> Business:
    talk, given = setup.talk, setup.given
    name = talk.checked(Question(words.NAME, "--business", given.business, bot), str.strip)
    about = talk.checked(Question(words.ABOUT, "--about", given.about, optional=True), str.strip)
    tone = talk.choose(words.TONE, "--tone", given.tone, list(drafts.TONES.items()), "friendly")
    default = words.COLLECT_DEFAULT.in_language(talk.language)
    collect = talk.checked(Question(words.COLLECT, "--collect", given.collect, default, optional=True), str)
    labels = tuple(part.strip() for part in (collect or "").split(",") if part.strip())
    return Business(name or "", about or "", cast("Tone", tone), labels)
