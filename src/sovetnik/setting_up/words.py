"""What `sovetnik init` says, in both languages side by side."""

from __future__ import annotations

from sovetnik.doctor.finding import Said

WELCOME = Said("Sovetnik: setting up", "Советник: настройка")
WELCOME_NOTE = Said(
    "A few questions; each answer is checked at once and saved to {path}. Ctrl-C stops, nothing is lost.",
    "Несколько вопросов; каждый ответ сразу проверяется и пишется в {path}. Ctrl-C — прервать, "
    "ответы останутся.",
)
LANGUAGE = Said("Language / Язык (ru, en)", "Язык / Language (ru, en)")
LANGUAGE_WRONG = Said("write ru or en", "напишите ru или en")
NEEDED = Said("an answer is needed", "здесь нужен ответ")
CHOOSE = Said("type a number from 1 to {count}", "введите номер от 1 до {count}")
YES_DEFAULT = Said("[Y/n]", "[Д/н]")
NO_DEFAULT = Said("[y/N]", "[д/Н]")
KEEP_SECRET = Said("Enter: the one that is set", "Enter — прежний")
OR_SKIP = Said(' ("-": none)', " («-» — пропустить)")
NUMBER = Said("Number", "Номер")
UNSEEN = Said("(not shown while you type)", "(при вводе не виден)")
UNSEEN_OPTIONAL = Said("(not shown; Enter: none)", "(при вводе не виден; Enter — нет)")
ENTER_SKIPS = Said("(Enter: skip)", "(Enter — пропустить)")
STOPPED = Said(
    "Stopped. What you answered is kept in {path}; go on with: {command}",
    "Прервано. Ответы сохранены в {path}; продолжить: {command}",
)
SHADOWED = Said(
    "{name} is also set in the environment, which goes before .env",
    "{name} задан ещё и в окружении, а оно главнее .env",
)

# the bot
BOT = Said("The bot in Telegram", "Бот в Telegram")
BOT_WHY = Said(
    "Customers will write to it. In Telegram open @BotFather, send /newbot, copy the token from its answer "
    "(for a bot that exists: /mybots → API Token).",
    "Ему будут писать покупатели. Откройте в Telegram @BotFather, отправьте /newbot и скопируйте токен из "
    "ответа (для готового бота: /mybots → API Token).",
)
TOKEN = Said("The bot's token", "Токен бота")
BOT_GOOD = Said("@{username} ({name})", "@{username} ({name})")
ASKING_TELEGRAM = Said("Asking Telegram …", "Спрашиваю Telegram …")
TOKEN_FORM = Said("this does not look like a token", "это не похоже на токен")
TOKEN_FORM_OUT = Said("it looks like 1234567890:AAE…", "он выглядит так: 1234567890:AAE…")
PROXY = Said("Proxy, as socks5://user:password@host:port", "Прокси, в виде socks5://имя:пароль@адрес:порт")
PROXY_FORM = Said("this is no proxy address", "это не адрес прокси")
PROXY_FORM_OUT = Said(
    "write socks5://host:port or http://user:password@host:port",
    "напишите socks5://адрес:порт или http://имя:пароль@адрес:порт",
)
PROXY_GOOD = Said("reached through {proxy}", "через {proxy} — доступен")

# the model
MODEL = Said("The model", "Модель")
MODEL_WHY = Said(
    "It writes the answers, from your documents. You pay its provider by use; without one the bot quotes the "
    "documents.",
    "Она пишет ответы по вашим документам. Провайдеру платят по расходу; без модели бот отвечает выдержками "
    "из документов.",
)
PROVIDER = Said("Whose model?", "Чья модель?")
MODEL_NONE = Said(
    "without a model; `sovetnik init` adds one later", "без модели; добавить позже: `sovetnik init`"
)
MODEL_URL = Said("Address of its API (base URL)", "Адрес его API (base URL)")
URL_FORM = Said("this is no address", "это не адрес")
URL_FORM_OUT = Said("write https://host/v1", "напишите https://адрес/v1")
PROJECT = Said("Folder id (in the console: b1g…)", "Идентификатор каталога (в консоли: b1g…)")
KEY_WHERE = Said("Where to get a key: {where}", "Где взять ключ: {where}")
KEY = Said("Key", "Ключ")
KEY_FORM = Said("holds characters that no key has", "в нём знаки, которых в ключах не бывает")
KEY_FORM_OUT = Said("copy it anew", "скопируйте его заново")
ASKING_PROVIDER = Said("Asking the provider …", "Спрашиваю провайдера …")
MODELS_GOOD = Said("it answers; models to choose from: {count}", "отвечает; моделей на выбор: {count}")
MODELS_NONE = Said("it lists no models", "списка моделей он не даёт")
MODELS_SOME = Said("For example: {names}", "Например: {names}")
TRYING_MODEL = Said("Trying {model} …", "Пробую {model} …")
WHICH_MODEL = Said("Model", "Модель")
MODEL_GOOD = Said("{model} answers in {seconds} s", "{model} отвечает за {seconds} с")
KEEP_ANYWAY = Said("Keep it all the same?", "Всё равно оставить?")

# mail
MAIL = Said("Mail", "Почта")
MAIL_WHY = Said(
    "Each lead comes to your mailbox at once, and once a day a report with all dialogues.",
    "Каждая заявка сразу приходит вам на почту, и раз в день — отчёт со всеми диалогами.",
)
MAIL_TO = Said("Addresses for leads and reports, by commas", "Адреса для заявок и отчётов, через запятую")
ADDRESS_FORM = Said("{text} is no e-mail address", "{text} — не адрес почты")
MAIL_LOGIN = Said("The mailbox to send from", "С какого ящика отправлять")
MAIL_SERVER = Said("Its mail server", "Его почтовый сервер")
MAIL_PASSWORD = Said("Password of {login}", "Пароль от {login}")
SENDING = Said("Sending a test mail …", "Отправляю пробное письмо …")
MAIL_GOOD = Said(
    "a test mail has gone to {to}: look whether it is there",
    "пробное письмо ушло на {to}: проверьте, пришло ли",
)
MAIL_NONE = Said("without mail; leads and reports wait", "без почты; заявки и отчёты подождут")
MAIL_AGAIN = Said("What now?", "Что дальше?")
MAIL_CHOICES = {
    "password": Said("another password", "другой пароль"),
    "server": Said("another server", "другой сервер"),
    "proxy": Said("through a proxy", "через прокси"),
    "skip": Said("leave mail for later", "отложить почту"),
}
MAIL_SUBJECT = Said("Sovetnik: a test mail", "Советник: пробное письмо")
MAIL_BODY = Said(
    "This is how leads and reports will come to you. You need not do anything.\n",
    "Так вам будут приходить заявки и отчёты. Делать ничего не нужно.\n",
)

# the business
BUSINESS = Said("Your business", "Ваш бизнес")
BUSINESS_WHY = Said(
    "The consultant answers from your documents only: prices, delivery, terms.",
    "Консультант отвечает только по вашим документам: цены, доставка, условия.",
)
NAME = Said("What is it called?", "Как называется?")
ABOUT = Said("What does it do, in one line?", "Чем занимается, одной строкой?")
DOCUMENTS = Said("Folder with documents, or the site's address", "Папка с документами или адрес сайта")
DOCUMENTS_THERE = Said("documents in {path}: {count}", "документов в {path}: {count}")
DOCUMENTS_NONE = Said(
    "no documents yet; put them into {path} (md, txt, html, pdf, docx, csv, xlsx)",
    "документов пока нет; положите их в {path} (md, txt, html, pdf, docx, csv, xlsx)",
)
FOLDER_NONE = Said("there is no folder {path}", "папки {path} нет")
FOLDER_EMPTY = Said("there are no documents in {path}", "в {path} нет документов")
FOLDER_KINDS = Said(
    "possible: md, txt, html, pdf, docx, csv, xlsx", "подходят md, txt, html, pdf, docx, csv, xlsx"
)
COPIED = Said("copied: {count}, there already: {same}", "скопировано: {count}, уже были: {same}")
COPY_DIFFERS = Said(
    "left alone, for another one of that name is there: {names}",
    "не тронуты, под этим именем уже есть другой: {names}",
)
CRAWLING = Said("Reading {site} …", "Читаю {site} …")
CRAWLED = Said("taken from {site}: {count}, into {path}", "взято с {site}: {count}, в {path}")
CRAWL_EMPTY = Said("no page with text was found", "страниц с текстом не нашлось")
CRAWL_EMPTY_OUT = Said(
    "a site that is drawn by scripts cannot be read: put documents into a folder",
    "сайт, который рисуют скрипты, так не прочесть: положите документы в папку",
)
CRAWL_LEFT = Said("not taken: {count} (as {example})", "не взято: {count} (например, {example})")
CRAWL_STOPPED = Said("stopped early: {why}", "дальше не пошёл: {why}")

# style
STYLE = Said("How it talks, and what it collects", "Как говорить и что собирать")
STYLE_WHY = Said(
    "This becomes instructions.md, greeting.md, consent.md and contact_form.toml; change them at any time.",
    "Из этого получатся instructions.md, greeting.md, consent.md и contact_form.toml; правьте их "
    "когда угодно.",
)
TONE = Said("Which tone?", "Какой тон?")
COLLECT = Said(
    "What to ask beside name, phone and order, by commas",
    "Что спрашивать кроме имени, телефона и заказа, через запятую",
)
COLLECT_DEFAULT = Said("town, best time to call", "город, удобное время звонка")
DRAFTED = Said("written: {names}", "написано: {names}")
TEXTS_KEPT = Said("kept as they are: {names}", "оставлено как есть: {names}")
REDRAFT = Said(
    "Your texts are there already. Write them anew (the old ones stay as .old)?",
    "Тексты уже есть. Составить заново (прежние останутся как .old)?",
)

# report
REPORT = Said("The daily report", "Ежедневный отчёт")
REPORT_WHY = Said("When it shall come, by whose clock.", "Во сколько присылать и по чьим часам.")
REPORT_TIME = Said("Hour", "Час")
TIME_FORM = Said("{text} is no time of day", "{text} — не время суток")
TIME_FORM_OUT = Said("write it as 09:00", "напишите так: 09:00")
ZONE = Said("Time zone or city", "Часовой пояс или город")
ZONE_FORM = Said("the time zone {text} is not known", "часовой пояс {text} неизвестен")
ZONE_FORM_OUT = Said("write it as Europe/London", "напишите так: Europe/Moscow")
REGION_GOOD = Said(
    "phone numbers without + are read as those of {country}; another country: PHONE_REGION in .env",
    "номера без + читаются как номера страны {country}; другая страна — PHONE_REGION в .env",
)
REPORT_GOOD = Said("the next one: {at} ({zone})", "ближайший: {at} ({zone})")

# the end
TRIAL = Said("The trial", "Проба")
TRIAL_WHY = Said(
    "One question, answered from your documents; customers see nothing of it.",
    "Один вопрос и ответ по вашим документам; покупатели этого не увидят.",
)
READING = Said("Reading the documents …", "Читаю документы …")
READ = Said(
    "documents read: {files}, passages: {passages}", "прочитано документов: {files}, фрагментов: {passages}"
)
UNREADABLE = Said("{source} cannot be read: {reason}", "{source} не читается: {reason}")
QUESTION = Said("Ask something as a customer would", "Спросите что-нибудь, как покупатель")
QUESTION_DEFAULT = Said("What do you offer, and what does it cost?", "Что у вас есть и сколько это стоит?")
THINKING = Said("Thinking …", "Думаю …")
FROM = Said("From: {sources}", "Откуда: {sources}")
PAIRING = Said(
    "Your own chat: once the bot runs, open this link in Telegram (good for a day, once):",
    "Ваш чат владельца: когда бот запущен, откройте эту ссылку в Telegram (один раз, в течение суток):",
)
PAIRED = Said("your chat is paired already", "ваш чат уже привязан")
READY = Said("Ready.", "Готово.")
START = Said("Start the bot:", "Запустить бота:")
LOOK = Said("Look everything over:", "Проверить всё:")
