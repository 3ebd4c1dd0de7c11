"""What the command line says, in both languages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sovetnik.core.model import Language


@dataclass(frozen=True, slots=True)
class Words:
    """One language's help texts."""

    about: str
    run: str
    init: str
    doctor: str
    demo: str
    demo_folder: str
    demo_port: str
    demo_no_browser: str
    demo_keep: str
    demo_ready: str
    demo_model: str
    demo_no_model: str
    demo_stop: str
    report: str
    report_date: str
    report_html: str
    report_send: str
    export: str
    export_from: str
    export_to: str
    format: str
    leads: str
    forget: str
    forget_chat: str
    forget_unknown: str
    forgotten: str
    forget_later: str
    backup: str
    backup_file: str
    backup_force: str
    backed_up: str
    restore: str
    restore_file: str
    restored: str
    restored_waiting: str
    restored_aside: str
    migrate_db: str
    migrate_source: str
    migrate_destination: str
    migrated: str
    knowledge: str
    sync: str
    status: str
    search: str
    search_query: str
    search_k: str
    measure: str
    measure_file: str
    as_json: str
    reading: str
    embedding: str
    synced: str
    unreadable: str
    nothing: str
    pending: str
    status_file: str
    status_problem: str
    status_nothing: str
    search_empty: str
    search_none: str
    check: str
    check_file: str
    check_n: str
    check_only: str
    check_judge: str
    check_junit: str
    check_from_leads: str
    import_: str
    import_file: str
    import_to: str
    import_force: str
    import_chat_field: str
    completion: str
    shell_name: str
    report_written: str
    report_sent: str
    report_nobody: str
    report_future: str


EN = Words(
    about="Sovetnik: an AI consultant for Telegram that knows your product and brings you contacts.",
    run="Run the bot. Ctrl-C or SIGTERM finishes the running answers and stops.",
    init="Set the bot up: asks, checks each answer for real, writes .env and the consultant folder.",
    doctor="Look over everything that `run` depends on: one line each, with the way out.",
    demo="The whole product in a browser, with no account: chat, mailbox, report.",
    demo_port="Port of the page; a free one if not given.",
    demo_no_browser="Do not open the browser.",
    demo_keep="Keep chats and mails in this folder over restarts.",
    demo_ready="Sovetnik is ready. Open this page and talk to it as a customer would:",
    demo_model="Answers come from the model {model}, with the key of your environment.",
    demo_no_model="Answers are quotes from the documents; set OPENAI_API_KEY for a model.",
    demo_stop="Nothing leaves this machine but calls of the model. Ctrl-C ends it.",
    demo_folder="A consultant folder of yours instead of the sample business.",
    report="The daily report, on demand: what has happened since the last one, or on one day.",
    report_date="A calendar day (YYYY-MM-DD) instead of the time since the last report.",
    report_html="Write it as a web page into this file.",
    report_send="Send it by mail to REPORT_TO.",
    export="Every stored message, to standard output.",
    export_from="Only from this time on (ISO 8601; without a zone: the owner's).",
    export_to="Only up to this time.",
    format="jsonl or csv.",
    leads="Every lead, to standard output.",
    forget="Erase a customer: messages, lead, and the conversation at the provider.",
    forget_chat="The customer's Telegram chat id, as export and leads print it.",
    forget_unknown="nothing is known of chat {chat}; `sovetnik export` and `sovetnik leads` print the ids",
    forgotten="Chat {chat} is erased.",
    forget_later="Conversations still to be erased at the provider: {count}; the running bot goes on.",
    backup="Copy the database into a file, also while the bot runs; the copy is read back and checked.",
    backup_file="Where to; best on another disk.",
    backup_force="Replace the file if it exists.",
    backed_up="Backup written to {path}: {megabytes:.1f} MB; customers: {customers}, messages: {messages}, "
    "leads: {leads}",
    restore="Put a backup in the place of the database. Stop the bot first.",
    restore_file="A file that `sovetnik backup` wrote.",
    restored="Restored from {path}: customers: {customers}, messages: {messages}, leads: {leads}",
    restored_waiting="Once started, the bot goes on with what was open in it: messages to answer: "
    "{unanswered}, answers and mails to send: {unsent}",
    restored_aside="The database that was there is kept as {path}. It holds customers' data: delete it when "
    "you need it no more.",
    migrate_db="Copy everything into another, empty database: from SQLite to PostgreSQL, or back. "
    "Stop the bot first.",
    migrate_source="the database there is, e.g. sqlite:///data/sovetnik.db; it is not changed",
    migrate_destination="the empty one, e.g. postgresql://user@host/sovetnik (the password in PGPASSWORD)",
    migrated="Copied, read again and compared: every row is the same. Now put the new one into DATABASE_URL.",
    knowledge="The knowledge folder: what the consultant knows.",
    sync="Bring the index to what the folder holds; only changed files are read.",
    status="What is in the index, and which files could not be read.",
    search="The passages that a question would bring.",
    search_query="The question, as a customer would write it.",
    search_k="How many passages.",
    measure="How well the index finds: hit@1, hit@3 and MRR for each method.",
    measure_file='JSON lines {"question", "source", "contains"?}.',
    as_json="Print JSON.",
    reading="Reading",
    embedding="Learning the meaning",
    synced="{added} new, {changed} changed, {removed} removed, {unchanged} unchanged",
    unreadable="{source}: cannot be read: {reason}",
    nothing="Nothing fits well enough: the consultant would say that the documents do not say this.",
    pending="{count} passages are still being learnt; they are found by their words meanwhile",
    status_file="File",
    status_problem="Problem",
    status_nothing="Nothing has been read yet: `sovetnik knowledge sync` does it, `run` by itself.",
    search_empty='write what a customer would ask: sovetnik knowledge search "How much is delivery?"',
    search_none="-k: how many passages, 1 or more",
    check="Put your golden questions to the consultant and see which answers are good; exit 1 on red.",
    check_file="The questions; check.toml of the consultant folder if not given.",
    check_n="How many questions at the same time.",
    check_only="Only the questions that hold this text.",
    check_judge="A model that judges the answers as well; each costs a call.",
    check_junit="Write JUnit XML into this file, for CI.",
    check_from_leads="Ask nothing: suggest questions out of real dialogues.",
    import_="Bring over what is left of a bot on the Assistants API: assistant.json or threads.jsonl.",
    import_file="The export; what it holds is seen in it.",
    import_to="The folder to make; CONSULTANT_DIR if not given.",
    import_force="Replace files that exist.",
    import_chat_field="Where the Telegram chat id stands in the threads' metadata.",
    completion='Print a completion script: eval "$(sovetnik completion bash)".',
    shell_name="bash, zsh or fish.",
    report_written="Report written to {path}",
    report_sent="Report sent to {count} recipient(s)",
    report_nobody="the report cannot be sent: set SMTP_HOST and REPORT_TO",
    report_future="--date: {day} is still to come; name a day that has begun",
)

RU = Words(
    about="Советник: ИИ-консультант для Telegram, который знает ваш товар и приносит вам контакты.",
    run="Запустить бота. Ctrl-C или SIGTERM: закончить начатые ответы и остановиться.",
    init="Настроить бота: спросит, проверит каждый ответ на деле, запишет .env и папку консультанта.",
    doctor="Проверить всё, от чего зависит `run`: по строке на каждое, с указанием, что исправить.",
    demo="Весь продукт в браузере, без учётных записей: чат, почта, отчёт.",
    demo_port="Порт страницы; если не указан — любой свободный.",
    demo_no_browser="Не открывать браузер.",
    demo_keep="Хранить чаты и письма в этой папке между запусками.",
    demo_ready="Советник готов. Откройте страницу и поговорите с ним, как покупатель:",
    demo_model="Отвечает модель {model} с ключом из вашего окружения.",
    demo_no_model="Отвечают сами документы, выдержками; для ответов модели задайте OPENAI_API_KEY.",
    demo_stop="С этого компьютера не уходит ничего, кроме обращений к модели. Остановить: Ctrl-C.",
    demo_folder="Ваша папка консультанта вместо примера.",
    report="Ежедневный отчёт по запросу: что было после прошлого отчёта или за один день.",
    report_date="Календарный день (ГГГГ-ММ-ДД) вместо времени после прошлого отчёта.",
    report_html="Записать его страницей в этот файл.",
    report_send="Отправить его письмом на REPORT_TO.",
    export="Все сохранённые сообщения, в стандартный вывод.",
    export_from="Только начиная с этого времени (ISO 8601; без пояса — время владельца).",
    export_to="Только до этого времени.",
    format="jsonl или csv.",
    leads="Все заявки, в стандартный вывод.",
    forget="Стереть покупателя: сообщения, заявку и разговор у провайдера.",
    forget_chat="Номер чата покупателя в Telegram, как его печатают export и leads.",
    forget_unknown="о чате {chat} ничего не известно; номера печатают `sovetnik export` и `sovetnik leads`",
    forgotten="Чат {chat} стёрт.",
    forget_later="Разговоров, которые осталось стереть у провайдера: {count}; этим займётся работающий бот.",
    backup="Скопировать базу данных в файл, в том числе на ходу; копия перечитывается и проверяется.",
    backup_file="Куда; лучше на другой диск.",
    backup_force="Заменить файл, если он уже есть.",
    backed_up="Резервная копия записана в {path}: {megabytes:.1f} МБ; покупателей: {customers}, "
    "сообщений: {messages}, заявок: {leads}",
    restore="Поставить резервную копию на место базы данных. Сначала остановите бота.",
    restore_file="Файл, который записал `sovetnik backup`.",
    restored="Восстановлено из {path}: покупателей: {customers}, сообщений: {messages}, заявок: {leads}",
    restored_waiting="После запуска бот продолжит то, что в копии не закончено: ответить на сообщения: "
    "{unanswered}, отправить ответы и письма: {unsent}",
    restored_aside="Прежняя база сохранена как {path}. В ней данные покупателей: удалите её, когда она "
    "станет не нужна.",
    migrate_db="Скопировать всё в другую, пустую базу: из SQLite в PostgreSQL или обратно. "
    "Сначала остановите бота.",
    migrate_source="нынешняя база, например sqlite:///data/sovetnik.db; она не меняется",
    migrate_destination="пустая база, например postgresql://user@host/sovetnik (пароль — в PGPASSWORD)",
    migrated="Скопировано, перечитано и сверено: все строки совпадают. Укажите новую базу в DATABASE_URL.",
    knowledge="Папка знаний: что знает консультант.",
    sync="Привести индекс к тому, что лежит в папке; читаются только изменённые файлы.",
    status="Что есть в индексе и какие файлы не прочитались.",
    search="Фрагменты, которые найдутся по вопросу.",
    search_query="Вопрос, как его написал бы клиент.",
    search_k="Сколько фрагментов.",
    measure="Насколько хорошо индекс находит: hit@1, hit@3 и MRR каждого способа.",
    measure_file='Строки JSON {"question", "source", "contains"?}.',
    as_json="Напечатать JSON.",
    reading="Читаю",
    embedding="Запоминаю смысл",
    synced="новых: {added}, изменено: {changed}, убрано: {removed}, без изменений: {unchanged}",
    unreadable="{source}: не читается: {reason}",
    nothing="Ничего достаточно подходящего: консультант скажет, что в документах этого нет.",
    pending="ещё запоминаются фрагменты: {count}; пока они находятся по словам",
    status_file="Файл",
    status_problem="Что не так",
    status_nothing="Пока ничего не прочитано: это сделает `sovetnik knowledge sync`, а `run` — сам.",
    search_empty='напишите, что спросил бы покупатель: sovetnik knowledge search "Сколько стоит доставка?"',
    search_none="-k: сколько фрагментов, 1 или больше",
    check="Задать консультанту золотые вопросы и увидеть, где ответ плох; на красном код выхода 1.",
    check_file="Вопросы; если не указано — check.toml из папки консультанта.",
    check_n="Сколько вопросов одновременно.",
    check_only="Только вопросы с этими словами.",
    check_judge="Модель, которая вдобавок судит ответы; на каждый одно обращение.",
    check_junit="Записать JUnit XML в этот файл, для CI.",
    check_from_leads="Ничего не спрашивать: предложить вопросы из настоящих диалогов.",
    import_="Перенести то, что осталось от бота на Assistants API: assistant.json или threads.jsonl.",
    import_file="Выгрузка; что в ней, видно по ней самой.",
    import_to="Какую папку сделать; если не указано — CONSULTANT_DIR.",
    import_force="Заменить файлы, которые уже есть.",
    import_chat_field="Где в метаданных тредов стоит номер чата Telegram.",
    completion='Напечатать скрипт автодополнения: eval "$(sovetnik completion bash)".',
    shell_name="bash, zsh или fish.",
    report_written="Отчёт записан в {path}",
    report_sent="Отчёт отправлен, получателей: {count}",
    report_nobody="отчёт некому отправить: задайте SMTP_HOST и REPORT_TO",
    report_future="--date: {day} ещё не наступило; назовите день, который уже начался",
)


def language() -> Language:
    """The language of the command line: ``LANGUAGE`` as the owner set it, else the system's."""
    for value in (
        _from_dotenv(),
        os.environ.get("LANGUAGE"),
        os.environ.get("LC_ALL"),
        os.environ.get("LANG"),
    ):
        if value:
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"


def words() -> Words:
    """The texts in that language."""
    return RU if language() == "ru" else EN


def _from_dotenv() -> str | None:
    """Read before settings are: help must work where they are wrong."""
    try:
        lines = Path(".env").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found = [line.partition("=")[2].strip() for line in lines if line.startswith("LANGUAGE=")]
    return found[-1].strip("\"'") if found else None
