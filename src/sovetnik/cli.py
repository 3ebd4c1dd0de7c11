"""The command line. Commands import what they need when they run: `--help` must answer at once."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from sovetnik import version
from sovetnik.core.errors import ConfigError, SovetnikError
from sovetnik.setting_up.given import NOTHING as NOTHING_GIVEN
from sovetnik.setting_up.given import Folder, Given
from sovetnik.words import language, words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sovetnik.settings import Settings

W = words()
Format = Annotated[Literal["jsonl", "csv"], Parameter(help=W.format)]
Json = Annotated[bool, Parameter(name="--json", help=W.as_json)]

app = App(
    name="sovetnik",
    help=W.about,
    version=version,
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
)


def main() -> None:
    """The ``sovetnik`` command."""
    try:
        app()
    except SovetnikError as error:
        for line in str(error).splitlines():
            print(f"sovetnik: {line}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # `sovetnik export | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@app.command(help=W.run)
def run() -> None:
    """Run the bot."""
    run_bot = _app()
    settings = _settings()
    _ = settings.token  # before anything else: it is what a new owner forgets
    _go(run_bot(settings))


@app.command(help=W.init)
def init(folder: Folder = Path(), /, *, given: Annotated[Given, Parameter(name="*")] = NOTHING_GIVEN) -> None:
    """Set the bot up."""
    from sovetnik.ops.logs import set_up_logs
    from sovetnik.setting_up.wizard import init as set_up

    set_up_logs("CRITICAL", "console", ())
    sys.exit(set_up(folder, given, language()))


@app.command(help=W.doctor)
def doctor(*, json: Json = False) -> None:
    """Whether everything that `run` depends on is in order."""
    from sovetnik.doctor.examine import doctor as examine
    from sovetnik.ops.logs import set_up_logs

    set_up_logs("CRITICAL", "console", ())
    if not asyncio.run(examine(language(), as_json=json)):
        sys.exit(1)


@app.command(help=W.demo)
def demo(
    *,
    port: Annotated[int, Parameter(help=W.demo_port)] = 0,
    no_browser: Annotated[bool, Parameter(help=W.demo_no_browser)] = False,
    folder: Annotated[Path | None, Parameter(help=W.demo_folder)] = None,
    keep: Annotated[Path | None, Parameter(help=W.demo_keep)] = None,
) -> None:
    """The whole product in a browser."""
    from sovetnik.ops.logs import set_up_logs
    from sovetnik.showcase import show

    set_up_logs("ERROR", "console", ())
    if folder is not None and not folder.is_dir():
        raise ConfigError(
            f"--folder: there is no folder {folder}; name one with instructions.md and knowledge/"
        )
    if not 0 <= port <= 65535:
        raise ConfigError(f"--port: there is no port {port}; name one up to 65535, or 0 for a free one")
    if keep is not None:
        try:
            keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--keep: cannot use {keep}: {error.strerror}; name another folder") from error
    _go(show(language(), folder, port=port, browser=not no_browser, keep=keep))


@app.command(help=W.report)
def report(
    *,
    date: Annotated[date | None, Parameter(help=W.report_date)] = None,
    html: Annotated[Path | None, Parameter(help=W.report_html)] = None,
    send: Annotated[bool, Parameter(help=W.report_send)] = False,
) -> None:
    """The daily report, on demand."""
    from sovetnik import records_cli

    _go(records_cli.report(_settings(), date, html, send=send))


@app.command(help=W.export)
def export(
    *,
    from_: Annotated[datetime | None, Parameter(name="--from", help=W.export_from)] = None,
    to: Annotated[datetime | None, Parameter(help=W.export_to)] = None,
    format: Format = "jsonl",  # noqa: A002 - the option's name
) -> None:
    """Every stored message."""
    from sovetnik import records_cli

    settings = _settings()
    start, end = _aware(from_, settings.timezone), _aware(to, settings.timezone)
    _go(records_cli.export(settings, start, end, format))


@app.command(help=W.leads)
def leads(*, format: Format = "jsonl") -> None:  # noqa: A002 - the option's name
    """Every lead."""
    from sovetnik import records_cli

    _go(records_cli.leads(_settings(), format))


@app.command(help=W.forget)
def forget(
    chat_id: Annotated[int, Parameter(help=W.forget_chat, allow_leading_hyphen=True)],
    /,
) -> None:
    """Erase a customer."""
    from sovetnik import records_cli

    _go(records_cli.forget(_settings(), chat_id))


@app.command(help=W.backup)
def backup(
    file: Annotated[Path, Parameter(help=W.backup_file)],
    /,
    *,
    force: Annotated[bool, Parameter(help=W.backup_force)] = False,
) -> None:
    """Copy the database."""
    from sovetnik import records_cli

    records_cli.backup(_settings(), file, force=force)


@app.command(help=W.restore)
def restore(file: Annotated[Path, Parameter(help=W.restore_file)], /) -> None:
    """Put a copy in the place of the database."""
    from sovetnik import records_cli

    records_cli.restore(_settings(), file)


@app.command(name="migrate-db", help=W.migrate_db)
def migrate_db(
    source: Annotated[str, Parameter(help=W.migrate_source)],
    destination: Annotated[str, Parameter(help=W.migrate_destination)],
    /,
) -> None:
    """Copy everything from one database into another."""
    from sovetnik import records_cli

    _go(records_cli.migrate_db(source, destination))


knowledge = App(name="knowledge", help=W.knowledge)
app.command(knowledge)


@knowledge.command(help=W.sync)
def sync() -> None:
    """Bring the index to what the folder holds."""
    from sovetnik import knowledge_cli

    _go(knowledge_cli.sync(_settings()))


@knowledge.command(help=W.status)
def status(*, json: Json = False) -> None:
    """What is in the index."""
    from sovetnik import knowledge_cli

    _go(knowledge_cli.status(_settings(), as_json=json))


@knowledge.command(help=W.search)
def search(
    query: Annotated[str, Parameter(help=W.search_query)],
    /,
    *,
    k: Annotated[int, Parameter(name=["-k", "--k"], help=W.search_k)] = 6,
    json: Json = False,
) -> None:
    """The passages that a question would bring."""
    from sovetnik import knowledge_cli

    _go(knowledge_cli.search(_settings(), query, k, as_json=json))


@knowledge.command(help=W.measure)
def measure(file: Annotated[Path, Parameter(help=W.measure_file)], /, *, json: Json = False) -> None:
    """How well the index finds."""
    from sovetnik import knowledge_cli

    _go(knowledge_cli.measure_file(_settings(), file, as_json=json))


@app.command(help=W.check)
def check(
    file: Annotated[Path | None, Parameter(help=W.check_file)] = None,
    /,
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"], help=W.check_n)] = 4,
    only: Annotated[str | None, Parameter(help=W.check_only)] = None,
    judge: Annotated[str | None, Parameter(help=W.check_judge)] = None,
    junit: Annotated[Path | None, Parameter(help=W.check_junit)] = None,
    json: Json = False,
    from_leads: Annotated[bool, Parameter(help=W.check_from_leads)] = False,
) -> None:
    """The owner's golden questions."""
    from sovetnik.golden.command import check as run_check
    from sovetnik.golden.command import suggest
    from sovetnik.ops.logs import set_up_logs

    settings = _settings()
    if "log_level" not in settings.model_fields_set:  # each turn's log lines would bury the table
        set_up_logs("ERROR", settings.log_format, settings.secrets())
    if from_leads:
        _go(suggest(settings))
    elif not asyncio.run(
        run_check(settings, file, parallel=n, only=only, judge=judge, junit=junit, json=json)
    ):
        sys.exit(1)


@app.command(name="import", help=W.import_)
def import_(
    file: Annotated[Path, Parameter(help=W.import_file)],
    /,
    *,
    to: Annotated[Path | None, Parameter(help=W.import_to)] = None,
    force: Annotated[bool, Parameter(help=W.import_force)] = False,
    chat_field: Annotated[str | None, Parameter(help=W.import_chat_field)] = None,
) -> None:
    """An assistant or its threads."""
    from sovetnik.importing.command import import_file

    _go(import_file(_settings(), file, to=to, force=force, chat_field=chat_field))


@app.command(help=W.completion)
def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help=W.shell_name)] = "bash",
) -> None:
    """Print a completion script."""
    print(app.generate_completion(shell=shell))


def _app() -> Callable[[Settings], Coroutine[Any, Any, None]]:
    """What ``run`` runs, imported as fast as can be."""
    gc.disable()  # to look through what is imported again and again takes a third of the time
    from sovetnik.app import run

    gc.freeze()  # what is imported stays until the end: it need not be looked through later either
    gc.enable()
    return run


def _settings() -> Settings:
    import structlog

    from sovetnik.ops.logs import set_up_logs
    from sovetnik.settings import load_settings, unknown_names

    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format, settings.secrets())
    log = structlog.get_logger("sovetnik.cli")
    for line in unknown_names():
        log.warning("unknown_setting", problem=line)
    return settings


def _go(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def _aware(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=zone)
