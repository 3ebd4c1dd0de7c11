"""The tables for the Russian documentation: phrase by phrase."""

from __future__ import annotations

import re

PHRASES = {
    "Unstreamed answers": "Ответы целиком",
    "Streamed answers (first token after 1 s, then 100 a second)": (
        "Ответы, растущие на глазах (первый токен через 1 с, дальше 100 в секунду)"
    ),
    "5,000 customers waiting at once for a 20-s model": "5000 клиентов одновременно ждут модель 20 с",
    "| program |": "| программа |",
    "turns/s, 1 customer, instant model": "ответов/с, 1 клиент, мгновенная модель",
    "its overhead p50 / p99, ms": "надбавка p50 / p99, мс",
    "turns/s, 50, instant": "ответов/с, 50 клиентов, мгновенная",
    "turns/s, 500, instant": "ответов/с, 500, мгновенная",
    "overhead p50 / p99 ms, 50, 1-s model": "надбавка p50 / p99, мс, 50 клиентов, модель 1 с",
    "turns/s, 500, 1-s model": "ответов/с, 500, модель 1 с",
    "its overhead p50, ms": "надбавка p50, мс",
    "CPU s per 1,000 turns (50, instant)": "процессор, с на 1000 ответов (50, мгновенная)",
    "peak RSS MiB (500, 1-s model)": "память, МиБ (500, модель 1 с)",
    "50: first text after the first token, p50 ms": "50: первые слова после первого токена, p50, мс",
    "50: overhead of the final p50 / p99, ms": "50: надбавка к целому ответу p50 / p99, мс",
    "50: CPU s per 1,000 turns": "50: процессор, с на 1000 ответов",
    "500: turns/s": "500: ответов/с",
    "500: overhead of the final p50, ms": "500: надбавка к целому ответу p50, мс",
    "peak RSS MiB": "память, МиБ",
    "| answered |": "| с ответом |",
    "| lost |": "| потеряно |",
    "added p50 / p99, ms": "надбавка p50 / p99, мс",
    "bare python-telegram-bot + one completion (stores nothing)": (
        "голый python-telegram-bot и один запрос к модели (ничего не хранит)"
    ),
    "the same, streamed with edits (stores nothing)": "то же, растущий ответ правками (ничего не хранит)",
    "start to the first poll, s": "запуск до первого запроса сообщений, с",
    "report of what is in none yet (20,000 messages at most), s": (
        "отчёт обо всём, чего ещё нет в отчётах (не больше 20 000 сообщений), с"
    ),
    "its mail, kB": "письмо, кБ",
    "export of all messages, s": "выгрузка всех сообщений, с",
    "its peak RSS, MiB": "память, МиБ",
    "turns/s, 50 customers, instant model": "ответов/с, 50 клиентов, мгновенная модель",
    "CPU s per 1,000 turns": "процессор, с на 1000 ответов",
    "overhead p50, ms": "надбавка p50, мс",
    "peak RSS, MiB": "память, МиБ",
    " messages |": " сообщений |",
    "ratio of the last to the first": "во сколько раз больше",
    " turns, lost ": " ответов, потеряно ",
    ", doubled ": ", отправлено дважды ",
    "The harness used at most": "Стенд занял не больше",
    "of its core, other programs at most": "своего ядра, посторонние программы — не больше",
    " of one.": " одного ядра.",
    "Did not come up:": "Не запустились:",
    "date:": "дата:",
    "processor:": "процессор:",
    " cores,": " ядра,",
    "memory:": "память:",
    "system:": "система:",
    " GiB": " ГиБ",
    "commit:": "коммит:",
}


def russian(text: str) -> str:
    """What `tables` and `data` print, in Russian."""
    for phrase in sorted(PHRASES, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(phrase, PHRASES[phrase])
    return re.sub(r"(?<=\d),(?=\d{3}\b)", " ", text)
