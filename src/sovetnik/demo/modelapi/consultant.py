"""A believable salesperson without a model: it quotes the owner's documents and takes down contacts.

It sees what a model would see and nothing else. The demo and the terminal chat run on it.
"""

from __future__ import annotations

import json
import re

from .brain import Answer, ModelRequest, Text, ToolCall
from .contacts import BUYING, TOOL, Contact, arguments_for, contact_in, name_in, refused
from .items import text_of

_PRICE = re.compile(r"сколько|цен[аыуе]|стоит|стоимост|price|cost|how much", re.IGNORECASE)
_MONEY = re.compile(r"\d[\d\s,.]*(?:₽|руб|\$|€|usd|eur)|[$€]\s?\d", re.IGNORECASE)
_GREETING = re.compile(
    r"^\W*(?:привет|здравствуй|добр(?:ый|ое|ого)|hello|hi\b|hey|good (?:morning|day|evening))", re.IGNORECASE
)
_COMMON = re.compile(
    r"что|это|как|так|для|при|или|они|она|оно|его|вас|вам|нас|нам|мне|мой|ваш|есть|если|уже|ещё|еще"
    r"|сколько|как(?:ая|ой|ие|ое)|когда|где|можно|нужно|хочу|стоит|цена|(?:под)?скажите|пожалуйста"
    r"|the|and|for|you|your|our|are|with|have|has|can|how|much|what|when|where|does|from|want|need"
    r"|please|tell"
)
_PHRASES = {
    "ru": {
        "hello": "Здравствуйте! Подскажу по товарам, ценам и доставке. Что вас интересует?",
        "more": "Хотите оформить заказ?",
        "unknown": "Об этом у меня нет точных сведений. Могу передать вопрос менеджеру: "
        "напишите, пожалуйста, ваше имя и телефон.",
        "both": "С удовольствием оформлю! Напишите, пожалуйста, ваше имя и телефон.",
        "name": "Как вас зовут?",
        "phone": "{name}, напишите, пожалуйста, номер телефона для связи.",
        "again": "Похоже, в номере ошибка. Напишите, пожалуйста, телефон ещё раз, с кодом страны или города.",
        "thanks": "Спасибо, {name}! Передал ваш контакт менеджеру, он скоро с вами свяжется.",
    },
    "en": {
        "hello": "Hello! I can help with products, prices and delivery. What are you looking for?",
        "more": "Would you like to place an order?",
        "unknown": "I have nothing certain about that. I can pass the question on: "
        "please send me your name and phone number.",
        "both": "I'll gladly arrange that! Please send me your name and phone number.",
        "name": "May I have your name?",
        "phone": "{name}, which phone number can we reach you at?",
        "again": "That number does not look right. Please send the phone once more, with the country code.",
        "thanks": "Thank you, {name}! I have passed your contact on, a manager will be in touch soon.",
    },
}


def consultant_brain(request: ModelRequest) -> Answer:
    """Answer a customer in the language of the latest text."""
    phrases = _PHRASES[_language(request)]
    contact = contact_in(request)
    outputs = [output for output in request.tool_outputs if output.name == TOOL]
    if outputs:
        saved = not refused(outputs[-1].output)
        return Text(phrases["thanks" if saved else "again"].format(name=_called(outputs[-1].arguments)))
    if contact.phone and contact.name and _may_save(request):
        return ToolCall(TOOL, arguments_for(request, contact))
    return Text(_say(request, contact, phrases))


def _say(request: ModelRequest, contact: Contact, phrases: dict[str, str]) -> str:
    asked = request.last_user_text
    if contact.phone and not contact.name:
        return phrases["name"]
    if BUYING.search(asked):
        return phrases["phone"].format(name=contact.name) if contact.name else phrases["both"]
    if contact.name and name_in(asked) and not asked.rstrip().endswith("?"):
        return phrases["phone"].format(name=contact.name)
    quoted = best_sentence(asked, _documents(request))
    if quoted:
        return f"{quoted}\n\n{phrases['more']}"
    return phrases["hello" if _GREETING.match(asked) or not asked.strip() else "unknown"]


def _language(request: ModelRequest) -> str:
    """Of the latest text that has letters: a bare phone number speaks no language."""
    lettered = [text for text in request.user_texts if re.search(r"[^\W\d_]", text)]
    return "ru" if lettered and re.search("[а-яё]", lettered[-1], re.IGNORECASE) else "en"


def _may_save(request: ModelRequest) -> bool:
    return TOOL in request.tool_names and request.body.get("tool_choice") != "none"


def _documents(request: ModelRequest) -> str:
    told = [text_of(item["content"]) for item in request.items if item.get("role") in ("system", "developer")]
    found = [passage.text for passage in request.found]
    return "\n".join([request.instructions, *told, *found])


def _stems(text: str) -> set[str]:
    # Five letters are enough to match Russian endings: "доставка" and "доставку", "капучино" as it is.
    words = re.findall(r"[a-zа-яё]{3,}|\d+", text.lower())
    return {word[:5] for word in words if not _COMMON.fullmatch(word)}


def best_sentence(question: str, documents: str) -> str:
    """The sentence that shares most words with the question, or nothing if none does.

    A question about a price prefers sentences with a price among those that share a word.
    """
    wanted = _stems(question)
    about_price = bool(_PRICE.search(question))
    best, best_score = "", 0.0
    for sentence in _sentences(documents):
        stems = _stems(sentence)
        shared = len(wanted & stems)
        if not shared:
            continue
        # Of two that share as much, the one that says little else.
        score = shared + shared / (len(stems) + 1)
        score += 1.5 if about_price and _MONEY.search(sentence) else 0
        if score > best_score:
            best, best_score = sentence, score
    return best


def _sentences(documents: str) -> list[str]:
    sentences: list[str] = []
    for line in documents.splitlines():
        if line.lstrip().startswith("#"):
            continue  # a heading answers nothing
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        plain = " — ".join(cell for cell in cells if cell.strip(":- "))
        plain = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+|[*_`]", "", plain)
        sentences += [piece.strip() for piece in re.split(r"(?<=[.!?])\s+", plain) if piece.strip()]
    return sentences


def _called(arguments: str) -> str:
    """The name under which the contact was to be saved."""
    return str(json.loads(arguments).get("name", ""))
