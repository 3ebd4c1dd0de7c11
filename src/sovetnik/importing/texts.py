"""What `sovetnik import` says, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from sovetnik.words import language


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's texts."""

    no_file: str
    unreadable: str
    no_json: str
    unknown_shape: str
    several: str
    no_instructions: str
    exists: str
    cannot_write: str
    made: str
    made_dialogues: str
    by_hand: str
    wrote_instructions: str
    wrote_form: str
    wrote_document: str
    renamed_function: str
    other_contact: str
    no_contact: str
    untranslated_function: str
    code_interpreter: str
    unknown_tool: str
    model: str
    vector_stores: str
    file_missing: str
    file_unusable: str
    file_outside: str
    next_knowledge: str
    next_check: str
    dialogues: str
    dialogues_again: str
    unplaced: str
    unplaced_no_chat: str
    unplaced_no_messages: str
    unplaced_broken: str
    unplaced_way_out: str
    untimed: str
    picture: str
    file: str
    line: str
    more: str


EN = Texts(
    no_file="there is no file {path}; name assistant.json or threads.jsonl as they were exported",
    unreadable="{path}: cannot be read: {reason}; save it as UTF-8 text",
    no_json="{path}: line {line} is no JSON: {reason}; export the file anew, or take the line out",
    unknown_shape="{path}: this is neither an assistant (with instructions or tools) nor threads with "
    "messages; docs/import.md shows both shapes",
    several="{path}: holds {count} assistants ({names}); leave the one that you need",
    no_instructions="{path}: the assistant has no instructions, no contact function and no files: nothing to "
    "import",
    exists="{path} exists already; add --force to replace it, or name another folder with --to",
    cannot_write="{path}: cannot be written: {reason}; name another folder with --to",
    made="Made in {folder}:",
    made_dialogues="Stored in the database:",
    by_hand="Left for you:",
    wrote_instructions="instructions.md: the assistant's instructions, {count} characters",
    wrote_form="contact_form.toml: what {function} collected besides name, phone and order: {fields}",
    wrote_document="knowledge/{name}",
    renamed_function="in instructions.md {function} is now called save_contact: the tool's name here",
    other_contact="the function {function} takes contacts as well; only one form is possible, add its fields "
    "by hand: {fields}",
    no_contact="no function of the assistant takes a contact; the consultant asks for name, phone and order "
    "anyway, for more write contact_form.toml",
    untranslated_function="the function {function} has no counterpart: nothing calls your code here; "
    "instructions.md tells the consultant so. What it looked up may go into knowledge/",
    code_interpreter="code_interpreter has no counterpart: the consultant runs no code; take what relies on "
    "it out of instructions.md",
    unknown_tool="the tool {tool} has no counterpart",
    model="the model was {model}; the model here is set with OPENAI_MODEL",
    vector_stores="the documents of {names} are not in the export; put the files into knowledge/ by hand",
    file_missing="{name} is not beside the export; put it into knowledge/ by hand",
    file_unusable="{name} is of a kind that is not read; save it as md, txt, html, pdf, docx, csv or xlsx "
    "and put it into knowledge/",
    file_outside="{name} lies outside of the export's folder and was left there; put it into knowledge/ by "
    "hand",
    next_knowledge="read instructions.md once more, then try `sovetnik knowledge sync` and `sovetnik demo "
    "--folder {folder}`",
    next_check="write down what your customers ask most, and let `sovetnik check` put it to the consultant "
    "(docs/golden-questions.md)",
    dialogues="new messages: {messages}, in chats: {chats}. They are in `sovetnik export` and in the memory "
    "of the consultant, and in no report.",
    dialogues_again="all of these messages are stored already: {chats} chats, nothing new",
    unplaced="Lines that could not be placed: {count}",
    unplaced_no_chat="no Telegram chat id in the metadata ({fields})",
    unplaced_no_messages="no message with a text and a time",
    unplaced_broken="no thread with messages",
    unplaced_way_out="If the chat id stands under another name, name it with --chat-field.",
    untimed="messages without a time, left out: {count}",
    picture="[photo]",
    file="[file]",
    line="line {line}",
    more="and {count} more",
)

RU = Texts(
    no_file="файла {path} нет; назовите assistant.json или threads.jsonl, как их выгрузили",
    unreadable="{path}: не читается: {reason}; сохраните его как текст в UTF-8",
    no_json="{path}: строка {line} не JSON: {reason}; выгрузите файл заново или уберите эту строку",
    unknown_shape="{path}: это не ассистент (с инструкциями или инструментами) и не треды с сообщениями; оба "
    "вида показаны в docs/import.md",
    several="{path}: ассистентов несколько, {count} ({names}); оставьте нужного",
    no_instructions="{path}: у ассистента нет ни инструкций, ни функции для контакта, ни файлов: переносить "
    "нечего",
    exists="{path} уже есть; добавьте --force, чтобы заменить, или назовите другую папку: --to",
    cannot_write="{path}: не записывается: {reason}; назовите другую папку: --to",
    made="Сделано в {folder}:",
    made_dialogues="Записано в базу:",
    by_hand="Осталось вам:",
    wrote_instructions="instructions.md: инструкции ассистента, знаков: {count}",
    wrote_form="contact_form.toml: что собирала функция {function} кроме имени, телефона и заказа: {fields}",
    wrote_document="knowledge/{name}",
    renamed_function="в instructions.md функция {function} теперь зовётся save_contact: так называется "
    "инструмент здесь",
    other_contact="функция {function} тоже собирает контакты; форма бывает одна, добавьте её поля руками: "
    "{fields}",
    no_contact="ни одна функция ассистента не собирает контакты; имя, телефон и заказ консультант спрашивает "
    "и так, остальное впишите в contact_form.toml",
    untranslated_function="функции {function} здесь ничего не соответствует: ваш код отсюда не вызывается, "
    "консультанту об этом сказано в instructions.md. То, что она узнавала, можно положить в knowledge/",
    code_interpreter="code_interpreter здесь ничего не соответствует: консультант не выполняет код; уберите "
    "из instructions.md то, что на него рассчитано",
    unknown_tool="инструменту {tool} здесь ничего не соответствует",
    model="модель была {model}; здесь она задаётся в OPENAI_MODEL",
    vector_stores="документов из {names} в выгрузке нет; положите файлы в knowledge/ сами",
    file_missing="{name} рядом с выгрузкой не лежит; положите его в knowledge/ сами",
    file_unusable="{name} такого вида, который не читается; сохраните как md, txt, html, pdf, docx, csv или "
    "xlsx и положите в knowledge/",
    file_outside="{name} лежит вне папки с выгрузкой и остался там; положите его в knowledge/ сами",
    next_knowledge="перечитайте instructions.md, затем попробуйте `sovetnik knowledge sync` и `sovetnik demo "
    "--folder {folder}`",
    next_check="запишите, о чём покупатели спрашивают чаще всего, и пусть `sovetnik check` спросит об этом "
    "консультанта (docs/golden-questions.md)",
    dialogues="новых сообщений: {messages}, чатов: {chats}. Они есть в `sovetnik export` и в памяти "
    "консультанта, но ни в одном отчёте.",
    dialogues_again="все эти сообщения уже записаны: чатов {chats}, нового ничего",
    unplaced="Строк, которым не нашлось места: {count}",
    unplaced_no_chat="в метаданных нет номера чата Telegram ({fields})",
    unplaced_no_messages="нет ни одного сообщения с текстом и временем",
    unplaced_broken="нет треда с сообщениями",
    unplaced_way_out="Если номер чата стоит под другим именем, назовите его: --chat-field.",
    untimed="сообщений без времени, пропущено: {count}",
    picture="[фото]",
    file="[файл]",
    line="строка {line}",
    more="и ещё {count}",
)


def texts() -> Texts:
    """The texts of the command line's language."""
    return RU if language() == "ru" else EN
