"""First drafts of the owner's texts: short, whole, and theirs to change."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sovetnik.core.model import Language
from sovetnik.doctor.finding import Said
from sovetnik.setting_up.envfile import write_private
from sovetnik.setting_up.given import Tone

NAMES = ("instructions.md", "greeting.md", "consent.md", "contact_form.toml")

TONES: dict[Tone, Said] = {
    "friendly": Said("Friendly and simple", "Дружелюбно и просто, на «вы»"),
    "formal": Said("Formal and reserved", "Официально и сдержанно"),
    "brief": Said("As brief as can be", "Как можно короче"),
}

_TONE_RULES: dict[Tone, Said] = {
    "friendly": Said(
        "- Politely, warmly and simply. Usually 2–5 sentences.\n- At most one emoji in a conversation.",
        "- На «вы», тепло и просто. Обычно 2–5 предложений.\n- Не больше одного смайлика за разговор.",
    ),
    "formal": Said(
        "- Politely and formally, in full sentences. Usually 2–5.\n- No emoji, no exclamation marks.",
        "- На «вы», вежливо и официально, полными предложениями. Обычно 2–5 предложений.\n"
        "- Без смайликов и восклицательных знаков.",
    ),
    "brief": Said(
        "- Politely and as briefly as can be: 1–2 sentences, a list where it is clearer.\n- No emoji.",
        "- На «вы» и как можно короче: 1–2 предложения, список — где так понятнее.\n- Без смайликов.",
    ),
}

_INSTRUCTIONS = Said(
    """\
# Who you are

You are the consultant of {name}. {about}

You are a program, not a person. If someone asks, say so and offer a call from a manager.

# How to talk

{tone}
- Answer in the language of the question.
- First answer the question, then ask one clarifying question; never more than one at a time.
- Name the price at once if it is in the documents. No advertising words.

# Where answers come from

- Only from our documents. Take prices, terms and sizes from them exactly.
- What is not in the documents you do not know: say so plainly and offer to have a manager call back.

# When to ask for name and phone

- When the person wants to order, to book, or an exact quote; when the documents hold no answer;
  at a complaint.
- After two or three useful answers you may offer a call once. If they decline, do not offer it again.
{collect}

# What not to promise

- Discounts, dates and stock that the documents do not name.
- Never ask for card numbers, codes from messages or passport details.
""",
    """\
# Кто ты

Ты консультант, который отвечает покупателям от имени «{name}». {about}

Ты программа, а не человек. Если спросят, так и скажи и предложи звонок менеджера.

# Как говорить

{tone}
- Отвечай на том языке, на котором спросили.
- Сначала ответ на вопрос, потом один уточняющий вопрос; не больше одного за раз.
- Называй цену сразу, если она есть в документах. Без рекламных слов.

# Откуда брать ответы

- Только из наших документов. Цены, сроки, размеры бери оттуда дословно.
- Чего в документах нет, того ты не знаешь: скажи об этом прямо и предложи звонок менеджера.

# Когда просить имя и телефон

- Когда человек хочет заказать, записаться или узнать точный расчёт; когда ответа в документах нет;
  при жалобе.
- После двух-трёх полезных ответов можно один раз предложить звонок. Отказался — больше не предлагай.
{collect}

# Чего не обещать

- Скидок, сроков и наличия, которых нет в документах.
- Не проси номера карт, коды из сообщений и паспортные данные.
""",
)

_COLLECT = Said(
    "- Ask along the way, without insisting: {labels}.", "- Заодно, не настаивая, спроси: {labels}."
)
_GREETING = Said(
    "Hello! I am the consultant of {name}. Ask me about products, prices and terms: I answer at once, day or "
    "night.\nWhat are you looking for?\n",
    "Здравствуйте! Это консультант «{name}». Спрашивайте о товарах, ценах и условиях: отвечу сразу, в любое "
    "время суток.\nЧто вас интересует?\n",
)
_CONSENT = Said(
    "By leaving your name and phone you agree that {name} keeps them in order to contact you about your "
    "question. More: /privacy; erase everything: /forget.\n",
    "Оставляя имя и телефон, вы соглашаетесь, что «{name}» хранит их, чтобы связаться с вами по вашему "
    "вопросу. Подробнее — /privacy, стереть всё — /forget.\n",
)
_FORM_HEAD = Said(
    "# What the consultant collects. Name, phone and order are always asked for and are not listed here.\n",
    "# Что собирает консультант. Имя, телефон и заказ спрашиваются всегда, их здесь нет.\n",
)

_LATIN = dict(
    zip(
        "абвгдезийклмнопрстуфхыэ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "y",
            "e",
        ],
        strict=True,
    )
) | {"ё": "e", "ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
_KINDS = (
    (re.compile(r"почт|e-?mail", re.IGNORECASE), "email"),
    (re.compile(r"\bдата|\bdate\b", re.IGNORECASE), "date"),
    (re.compile(r"сколько|количеств|бюджет|number of|how many|budget", re.IGNORECASE), "number"),
)


@dataclass(frozen=True, slots=True)
class Business:
    """What the drafts are made of; ``labels`` are the fields beside name, phone and order."""

    name: str
    about: str
    tone: Tone
    labels: tuple[str, ...]


def draft(business: Business, language: Language) -> dict[str, str]:
    """The texts, by file name."""

    def say(said: Said, **values: object) -> str:
        return said.in_language(language).format(name=business.name, **values)

    about = business.about.strip().rstrip(".")
    labels = ", ".join(label[:1].lower() + label[1:] for label in business.labels)
    instructions = say(
        _INSTRUCTIONS,
        about=f"{about[:1].upper()}{about[1:]}." if about else "",
        tone=_TONE_RULES[business.tone].in_language(language),
        collect=_COLLECT.in_language(language).format(labels=labels) if labels else "",
    )
    return {
        "instructions.md": re.sub(r" +\n", "\n", instructions).replace("\n\n\n", "\n\n"),
        "greeting.md": say(_GREETING),
        "consent.md": say(_CONSENT),
        "contact_form.toml": _FORM_HEAD.in_language(language) + "".join(_fields(business.labels)),
    }


def existing(folder: Path) -> list[str]:
    """Which of the texts are there already."""
    return [name for name in NAMES if (folder / name).exists()]


def write(folder: Path, texts: dict[str, str], *, anew: bool) -> tuple[list[str], list[str]]:
    """Write the texts; what is there is kept, or put aside with the ending ``.old``.

    Returns:
        Names that were written, and names that were kept.

    Raises:
        OSError: the folder cannot be written.
    """
    written: list[str] = []
    kept: list[str] = []
    for name, text in texts.items():
        path = folder / name
        if path.exists():
            if not anew:
                kept.append(name)
                continue
            path.replace(_free(path))
        write_private(path, text)
        path.chmod(0o644)  # no secret, and the container may run as another user
        written.append(name)
    return written, kept


def field_name(label: str) -> str:
    """A name for the form that programs can use: small Latin letters, digits and ``_``."""
    latin = "".join(_LATIN.get(char, char) for char in label.lower())
    name = re.sub(r"[^a-z0-9]+", "_", latin).strip("_")[:40]
    return name if re.match(r"[a-z]", name) else f"field_{name}".rstrip("_")


def _fields(labels: tuple[str, ...]) -> list[str]:
    taken = {"name", "phone", "order"}
    rows: list[str] = []
    for label in labels:
        name = field_name(label)
        while name in taken:
            name += "_2"
        taken.add(name)
        kind = next((kind for pattern, kind in _KINDS if pattern.search(label)), "text")
        shown = json.dumps(label[:1].upper() + label[1:], ensure_ascii=False)
        rows.append(f'\n[[fields]]\nname = "{name}"\nlabel = {shown}\nrequired = false\ntype = "{kind}"\n')
    return rows


def _free(path: Path) -> Path:
    """``instructions.md.old``, or ``.old2`` … where that is taken."""
    number = 1
    while (aside := path.with_name(f"{path.name}.old{number if number > 1 else ''}")).exists():
        number += 1
    return aside
