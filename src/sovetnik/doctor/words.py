"""What the doctor says, in both languages side by side."""

from __future__ import annotations

from collections.abc import Mapping

from sovetnik.doctor.finding import Said

GROUPS: Mapping[str, Said] = {
    "settings": Said("Settings", "Настройки"),
    "telegram": Said("Telegram", "Telegram"),
    "model": Said("Model", "Модель"),
    "mail": Said("Mail", "Почта"),
    "documents": Said("Consultant folder", "Папка консультанта"),
    "storage": Said("Storage", "Хранение"),
    "machine": Said("This machine", "Этот компьютер"),
}

TITLES: Mapping[str, Said] = {
    "settings": Said("values", "значения"),
    "unknown": Said("names", "имена"),
    "env_file": Said(".env", ".env"),
    "telegram_proxy": Said("proxy", "прокси"),
    "token": Said("token", "токен"),
    "updates": Said("updates", "приём"),
    "model_proxy": Said("proxy", "прокси"),
    "model": Said("model", "модель"),
    "vector_store": Said("store", "хранилище"),
    "mail_proxy": Said("proxy", "прокси"),
    "mail": Said("server", "сервер"),
    "recipients": Said("recipients", "получатели"),
    "folder": Said("folder", "папка"),
    "form": Said("contact form", "анкета"),
    "documents": Said("documents", "документы"),
    "index": Said("last sync", "чтение"),
    "search": Said("search", "поиск"),
    "database": Said("database", "база"),
    "schema": Said("schema", "схема"),
    "connections": Said("connections", "соединения"),
    "replicas": Said("replicas", "реплики"),
    "queues": Said("queues", "очереди"),
    "owner": Said("owner", "владелец"),
    "disk": Said("disk", "диск"),
    "clock": Said("clock", "часы"),
    "zone": Said("time zone", "пояс"),
    "report": Said("next report", "отчёт"),
    "ports": Said("ports", "порты"),
}

CHECKING = Said("Checking …", "Проверяю …")
ALL_WELL = Said("Everything is in order.", "Всё в порядке.")
SUMMARY = Said(
    "Broken: {broken}, to look at: {warnings}, in order: {ok}.",
    "Сломано: {broken}, стоит взглянуть: {warnings}, в порядке: {ok}.",
)
NOT_CHECKED = Said("not checked, because {why}", "не проверено: {why}")
TOO_SLOW = Said("no answer within {seconds} s", "нет ответа за {seconds} с")
FAILED = Said("the check itself failed: {error}", "не удалась сама проверка: {error}")
FAILED_OUT = Said("report this, please", "сообщите об этом, пожалуйста")

# settings
SETTINGS_GOOD = Said("set: {count} ({where})", "задано: {count} ({where})")
SETTINGS_WHERE_FILE = Said(".env and the environment", ".env и окружение")
SETTINGS_WHERE_ENV = Said("environment only; no .env in {folder}", "только окружение; в {folder} нет .env")
SETTING_WRONG_OUT = Said("correct {name} in .env or the environment", "исправьте {name} в .env или окружении")
SETTINGS_WRONG = Said("{name} is wrong", "{name}: неверное значение")
UNKNOWN_NEAR = Said("{name}: there is no such setting", "{name}: такой настройки нет")
UNKNOWN_NEAR_OUT = Said("write {near}, or take it out", "напишите {near} или уберите строку")
UNKNOWN_OUT = Said("take it out; .env.example lists all", "уберите строку; все имена — в .env.example")
NAMES_GOOD = Said("no unknown or misspelt ones", "незнакомых и с опечатками нет")
ENV_FILE_OPEN = Said(
    "others on this machine can read it (mode {mode:04o})", "его могут прочесть другие (права {mode:04o})"
)
ENV_FILE_GOOD = Said("readable by its owner only", "читает только владелец")

# proxies
PROXY_GOOD = Said(
    "{proxy} reaches {host} by name in {seconds} s",
    "{proxy} доходит до {host} по имени за {seconds} с",
)
PROXY_GOOD_ADDRESS = Said("{proxy} reaches {host}", "{proxy} доходит до {host}")
PROXY_DOWN = Said("{proxy} cannot be reached: {error}", "{proxy} недоступен: {error}")
PROXY_DOWN_OUT = Said(
    "check that the proxy runs, and host and port in {setting}",
    "проверьте, что прокси работает, и адрес с портом в {setting}",
)
PROXY_LOGIN = Said("{proxy} refuses the name and password", "{proxy} не принимает имя и пароль")
PROXY_LOGIN_OUT = Said(
    "{setting}=socks5://user:password@host:port, special characters of the password as %XX",
    "{setting}=socks5://имя:пароль@адрес:порт, особые знаки пароля — как %XX",
)
PROXY_NO_NAMES = Said(
    "{proxy} works with addresses but does not resolve the name {host}",
    "{proxy} работает с адресами, но не находит имя {host}",
)
PROXY_NO_NAMES_OUT = Said(
    "give the proxy working DNS, or take another in {setting}",
    "настройте DNS у прокси или укажите другой в {setting}",
)
PROXY_NO_WAY = Said(
    "{proxy} works but does not reach {host}: {error}", "{proxy} не доходит до {host}: {error}"
)
PROXY_NO_WAY_OUT = Said("take another proxy in {setting}", "укажите другой прокси в {setting}")
PROXY_NOT_APART = Said("{proxy}: checked with the call below", "{proxy}: проверяется вызовом ниже")
PROXY_FAILS = Said("the proxy does not work", "не работает прокси")

# Telegram
TOKEN_MISSING = Said("TELEGRAM_TOKEN is not set", "TELEGRAM_TOKEN не задан")
TOKEN_MISSING_OUT = Said(
    "`sovetnik init`, or TELEGRAM_TOKEN=… from @BotFather",
    "`sovetnik init` или TELEGRAM_TOKEN=… от @BotFather",
)
TOKEN_GOOD = Said("@{username} ({name})", "@{username} ({name})")
TOKEN_REFUSED = Said("Telegram does not know the token {token}", "Telegram не знает токен {token}")
TOKEN_REFUSED_OUT = Said(
    "copy TELEGRAM_TOKEN anew from @BotFather (/mybots → API Token)",
    "скопируйте TELEGRAM_TOKEN заново у @BotFather (/mybots → API Token)",
)
TELEGRAM_AWAY = Said("{host} cannot be reached: {error}", "{host} недоступен: {error}")
TELEGRAM_AWAY_OUT = Said(
    "check the network; where Telegram is blocked: TELEGRAM_PROXY=socks5://user:password@host:port",
    "проверьте сеть; если Telegram заблокирован: TELEGRAM_PROXY=socks5://имя:пароль@адрес:порт",
)
TELEGRAM_ODD = Said(
    "{host} does not answer as Telegram does (HTTP {status})",
    "{host} отвечает не так, как Telegram (HTTP {status})",
)
TELEGRAM_ODD_OUT = Said(
    "check TELEGRAM_BASE_URL and TELEGRAM_PROXY", "проверьте TELEGRAM_BASE_URL и TELEGRAM_PROXY"
)
TELEGRAM_SAYS = Said("Telegram refuses: {words}", "Telegram отказывает: {words}")
TELEGRAM_SAYS_OUT = Said("wait a little and try again", "подождите немного и повторите")
POLLING_NOTE = Said(
    "polling, waiting at Telegram: {count}; a second bot with this token shows in the log of `run` (409)",
    "опрос, ждут в Telegram: {count}; второй бот с этим токеном виден в журнале `run` (409)",
)
WEBHOOK_IN_THE_WAY = Said(
    "polling is set here, but updates go to the webhook {url} (waiting: {count})",
    "здесь настроен опрос, но сообщения уходят на вебхук {url} (ждут: {count})",
)
WEBHOOK_IN_THE_WAY_OUT = Said(
    "if that is no other bot of yours: `sovetnik run` takes it down; else make a new token",
    "если это не другой ваш бот: `sovetnik run` снимет его; иначе возьмите новый токен",
)
WEBHOOK_GOOD = Said("webhook {url}, waiting: {count}", "вебхук {url}, ждут: {count}")
WEBHOOK_OTHER = Said(
    "the webhook at Telegram is {url}, TELEGRAM_WEBHOOK_URL is {ours}",
    "в Telegram записан вебхук {url}, а TELEGRAM_WEBHOOK_URL — {ours}",
)
WEBHOOK_NONE = Said("no webhook is set at Telegram yet", "вебхук в Telegram ещё не записан")
WEBHOOK_SET_OUT = Said("`sovetnik run` sets it", "его записывает `sovetnik run`")
WEBHOOK_ERROR = Said(
    "Telegram cannot deliver to {url}: {error} (waiting: {count})",
    "Telegram не может доставить на {url}: {error} (ждут: {count})",
)
WEBHOOK_ERROR_OUT = Said(
    "check that the address is public, its certificate, and TELEGRAM_WEBHOOK_LISTEN behind it",
    "проверьте, что адрес доступен снаружи, сертификат и TELEGRAM_WEBHOOK_LISTEN за ним",
)
NO_TOKEN = Said("the token is not good", "не подходит токен")

# model
MODEL_NONE = Said(
    "no model: answers are quotes from the documents", "модели нет: ответы — выдержки из документов"
)
MODEL_NONE_OUT = Said("OPENAI_API_KEY=…, or `sovetnik init`", "OPENAI_API_KEY=… или `sovetnik init`")
MODEL_GOOD = Said("{model} at {host} answers in {seconds} s", "{model} ({host}) отвечает за {seconds} с")
MODEL_REFUSED = Said("{host} refuses the key (HTTP {status})", "{host} не принимает ключ (HTTP {status})")
MODEL_REFUSED_OUT = Said(
    "make a new key in the provider's console: OPENAI_API_KEY; check OPENAI_PROJECT, OPENAI_BASE_URL",
    "создайте новый ключ у провайдера: OPENAI_API_KEY; проверьте OPENAI_PROJECT, OPENAI_BASE_URL",
)
MODEL_COUNTRY = Said("{host} does not serve this country", "{host} не обслуживает эту страну")
MODEL_COUNTRY_OUT = Said(
    "OPENAI_PROXY=socks5://user:password@host:port, or another provider's OPENAI_BASE_URL",
    "OPENAI_PROXY=socks5://имя:пароль@адрес:порт или OPENAI_BASE_URL другого провайдера",
)
MODEL_UNKNOWN = Said("{host} has no model {model}", "у {host} нет модели {model}")
MODEL_UNKNOWN_OUT = Said("OPENAI_MODEL={near}", "OPENAI_MODEL={near}")
MODEL_UNKNOWN_OTHER = Said(
    "OPENAI_MODEL=… with a model of that provider", "OPENAI_MODEL=… с моделью этого провайдера"
)
MODEL_QUOTA = Said("{host}: no money left ({error})", "{host}: закончились деньги ({error})")
MODEL_QUOTA_OUT = Said("top up the account at the provider", "пополните счёт у провайдера")
MODEL_AWAY = Said("{host} cannot be reached: {error}", "{host} недоступен: {error}")
MODEL_AWAY_OUT = Said(
    "check OPENAI_BASE_URL, or OPENAI_PROXY=socks5://user:password@host:port where it is blocked",
    "проверьте OPENAI_BASE_URL или, если заблокирован, OPENAI_PROXY=socks5://имя:пароль@адрес:порт",
)
MODEL_PASSING = Said("{host} has trouble just now: {error}", "у {host} сейчас неполадки: {error}")
MODEL_PASSING_OUT = Said(
    "wait; meanwhile the bot answers with quotes from the documents",
    "подождите; пока бот отвечает выдержками из документов",
)
MODEL_SAYS = Said(
    "{host} refuses a question to {model}: {error}", "{host} не принимает вопрос к {model}: {error}"
)
MODEL_SAYS_OUT = Said("check OPENAI_MODEL and OPENAI_BASE_URL", "проверьте OPENAI_MODEL и OPENAI_BASE_URL")
NO_MODEL = Said("the model is not good", "не подходит модель")
STORE_GOOD = Said("{name}: documents ready: {count}", "{name}: готовых документов: {count}")
STORE_FAILED = Said(
    "{name}: documents that failed: {failed}, ready: {count}", "{name}: не принято: {failed}, готово: {count}"
)
STORE_FAILED_OUT = Said("`sovetnik knowledge status` names them", "`sovetnik knowledge status` назовёт их")
STORE_EXPIRED = Said("{name} has expired", "срок {name} истёк")
STORE_MISSING = Said("there is no vector store {name}", "векторного хранилища {name} нет")
STORE_MISSING_OUT = Said(
    "put the id of one that exists into OPENAI_VECTOR_STORE, or leave it empty",
    "укажите в OPENAI_VECTOR_STORE существующее или оставьте пустым",
)

# mail
MAIL_NONE = Said(
    "SMTP_HOST is not set: leads and reports wait in the outbox",
    "SMTP_HOST не задан: заявки и отчёты ждут отправки",
)
MAIL_NONE_OUT = Said("`sovetnik init`, or SMTP_HOST=…", "`sovetnik init` или SMTP_HOST=…")
MAIL_GOOD = Said("{host}:{port} lets {user} in", "{host}:{port} пускает {user}")
MAIL_NOBODY = Said("anybody", "без пароля")
MAIL_BAD = Said("{error}", "{error}")
MAIL_SILENT = Said("{host} does not answer within {seconds} s", "{host} не отвечает за {seconds} с")
MAIL_LOGIN_OUT = Said(
    "most providers want an app password here, not the usual one: SMTP_USERNAME, SMTP_PASSWORD",
    "почти везде нужен пароль приложения, а не обычный: SMTP_USERNAME, SMTP_PASSWORD",
)
MAIL_REACH_OUT = Said(
    "check SMTP_HOST, SMTP_PORT, SMTP_SECURITY; where the port is blocked: SMTP_PROXY",
    "проверьте SMTP_HOST, SMTP_PORT, SMTP_SECURITY; если порт закрыт: SMTP_PROXY",
)
RECIPIENTS_GOOD = Said("leads: {leads}; report: {report}", "заявки: {leads}; отчёт: {report}")
RECIPIENTS_NONE = Said(
    "not set: {names}; those mails wait in the outbox", "не задано: {names}; такие письма ждут отправки"
)
RECIPIENTS_OUT = Said("{names}=name@example.com", "{names}=имя@example.com")
