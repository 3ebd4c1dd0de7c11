"""Sample mails as pictures for the documentation, drawn by headless Chromium.

    python scripts/mail_pictures.py [--only lead-ru] [--to FOLDER]

Needs ``chromium`` (Debian: ``apt-get install chromium fonts-inter fonts-noto-color-emoji``); with
``pngquant`` the pictures take a third. The samples are invented: names, numbers and texts belong to nobody.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from sovetnik.core.model import Chat, Contact, Lead, Message, MessageKind, Passage, Role, Usage
from sovetnik.core.owner import Dialogue, FailedMail, LeadDossier, Notice, Report, Window
from sovetnik.mail import Envelope, Look, compose_lead, compose_notice, compose_report

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
ENVELOPE = Envelope("sovetnik@example.com", ("owner@example.com",))
MOSCOW = ZoneInfo("Europe/Moscow")
DAY = date(2026, 11, 21)

RU_TALK = """
c: Здравствуйте! Нужна кухня, 3,2 метра, угловая. Сколько это примерно?
a: Здравствуйте! Угловая кухня такой длины с фасадами из **МДФ в плёнке** обходится в 210–260 тысяч рублей, \
с крашеными фасадами — от 290.

В цену входят:
- замер и проект,
- доставка по Москве,
- сборка.

Что скажете про фасады: матовые или глянцевые?
c: матовые, светлые
и столешница под дерево
a: Хорошее сочетание. Посмотрите серию [«Лён»](https://example.com/kitchens/len): матовый песочный фасад \
и столешница «дуб натуральный».

Замер бесплатный. Как к вам обращаться и по какому номеру договориться о времени?
[prices.md: Кухни; prices.md: Столешницы; catalog.docx: Серия «Лён»; delivery.md; faq.md: Замер; terms.md]
c: Анна Соколова, 8 916 555-01-27. Лучше после шести 🙂
a: Анна, спасибо! Записал: **угловая кухня 3,2 м, матовые светлые фасады**. Мастер позвонит после 18:00.
"""
EN_TALK = """
c: Hi! Do you restring violins? Mine is a full size, about 1960s.
a: Hello! Yes. A full set of strings is **£45–£90** fitted, depending on the make; we check the bridge \
and the soundpost at no charge.

Do you play mostly orchestra or chamber music?
c: Chamber mostly. The A string keeps slipping too, probably the peg.
a: A slipping peg is usually cured with peg compound, £10; if the peg is worn, refitting takes two days. \
May I note your name and number, so that the workshop can give you a time?
c: Sure: Eleanor Whitfield, +44 20 7946 0958
a: Thank you, Eleanor! The workshop will call you tomorrow morning.
"""
WARDROBE = """
c: Добрый день, вы делаете шкафы-купе в нишу?
a: Добрый день! Да, от 1,2 до 4 метров шириной. Какая у вас ниша и какая высота потолка?
c: 2,40 на 2,65, зеркало на одной двери
a: Такой шкаф стоит примерно **96 000 ₽** с установкой, срок — 18 рабочих дней.
[prices.md: Шкафы-купе; delivery.md]
c: рассрочка есть?
a: Об этом в документах не сказано, уточню у менеджера. Как вас зовут и на какой номер перезвонить?
[?: Есть ли рассрочка?]
c: Дмитрий Орлов, 8 903 555-01-88
a: Дмитрий, спасибо! Менеджер перезвонит и расскажет о рассрочке.
"""
ARABIC = """
c: مرحبا، هل تقومون بالتوصيل إلى قازان؟
a: مرحبًا! نعم، التوصيل إلى قازان يستغرق 3 أيام.
"""
MEASURING = """
c: Здравствуйте. Замер в Химках делаете?
a: Здравствуйте! Да, выезд замерщика в Химки бесплатный. Когда вам удобно?
[delivery.md: Замер и выезд]
c: а старую кухню вы вывозите?
a: В наших документах этого нет, а выдумывать не буду. Передать вопрос менеджеру?
[?: Вывозите ли вы старую кухню?]
"""
WARRANTY = """
c: а гарантия какая?
e: Простите, не получилось ответить. Попробуйте, пожалуйста, ещё раз. Код K7Q2ZD
c: какая гарантия на фурнитуру?
q: Сейчас я отвечаю только выдержками из документов (код K7Q2ZD).

Вот что об этом сказано в наших документах:

> **Фурнитура** — 10 лет со дня установки.
> **Корпус и фасады** — 24 месяца.

_warranty.md: Гарантия › Сроки_

Если нужен ответ человека, оставьте имя и телефон — передам менеджеру.
[warranty.md: Гарантия › Сроки]
c: А рассрочка есть?
a: Про рассрочку в документах ничего нет. Передать вопрос менеджеру?
[?: есть ли рассрочка]
"""
OTHER_TALKS: tuple[tuple[str, str | None, str, str], ...] = (
    ("Дмитрий", "dm_orlov", "09:41", WARDROBE),
    ("مريم", None, "11:05", ARABIC),
    ("Светлана", None, "19:04", MEASURING),
    ("Игорь П.", "igor_p", "19:22", WARRANTY),
)
ROLES: dict[str, tuple[Role, MessageKind]] = {
    "c": ("customer", "text"),
    "a": ("assistant", "answer"),
    "e": ("assistant", "error"),
    "q": ("assistant", "quote"),
}


LINE = re.compile(r"^([caeq]): (.*?)(?:\n\[(.*?)\])?(?=\n[caeq]: |\n?\Z)", re.MULTILINE | re.DOTALL)
"""Who speaks, the text, then in square brackets the sources, or after ``?`` what the documents lack."""


def moment(clock: str, day: date = DAY, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone).astimezone(UTC)


def talk(chat: Chat, script: str, start: datetime) -> tuple[Message, ...]:
    messages: list[Message] = []
    at = start
    for number, (who, text, note) in enumerate(LINE.findall(script)):
        role, kind = ROLES[who]
        at += timedelta(seconds=75 if who == "c" else 4.2)
        usage = Usage("gpt", 2840, 1920, 164, 3.9, 1) if who == "a" else None
        code = "K7Q2ZD" if who in "eq" else None
        message = Message(number, chat.id, role, kind, text, at, usage=usage, error_code=code)
        if note.startswith("?: "):
            message = replace(message, unanswered=note.removeprefix("?: "))
        elif note:
            message = replace(message, passages=tuple(passage(place) for place in note.split("; ")))
        messages.append(message)
    return tuple(messages)


def passage(place: str) -> Passage:
    source, _, heading = place.partition(": ")
    return Passage(source, heading, "")


def lead_ru() -> tuple[LeadDossier, Look]:
    chat = Chat(418250916, "Аня", "anna_sok", "ru", "instagram-november", moment("13:57"))
    contact = Contact(
        "Анна Соколова",
        "+79165550127",
        "Угловая кухня 3,2 м, матовые светлые фасады, столешница под дерево",
        {"call_time": "после 18:00", "email": "anna.sokolova@example.com"},
    )
    lead = Lead(42, chat.id, contact, 1, moment("14:05"), moment("14:05"))
    labels = {"call_time": "Когда звонить", "email": "Почта"}
    return LeadDossier(lead, chat, talk(chat, RU_TALK, moment("13:58"))), Look(
        "ru", MOSCOW, labels, "@kuhni_bot"
    )


def lead_en() -> tuple[LeadDossier, Look]:
    london = ZoneInfo("Europe/London")
    chat = Chat(73190442, "Eleanor W", None, "en", None, moment("10:31", zone=london))
    contact = Contact(
        "Eleanor Whitfield",
        "+442079460958",
        "Full set of strings for a violin, slipping A peg",
        {"instrument": "Violin, full size, 1960s"},
    )
    at = moment("10:39", zone=london)
    lead = Lead(17, chat.id, contact, 2, at - timedelta(minutes=3), at)
    dossier = LeadDossier(lead, chat, talk(chat, EN_TALK, moment("10:32", zone=london)))
    return dossier, Look("en", london, {"instrument": "Instrument"}, "@luthier_bot")


def report_ru() -> tuple[Report, Look]:
    dossier, look = lead_ru()
    dialogues = [Dialogue(dossier.chat, dossier.dialogue, dossier.lead)]
    for number, (name, username, clock, script) in enumerate(OTHER_TALKS):
        chat = Chat(500100200 + number * 7919, name, username, "ru", None, moment(clock))
        dialogues.append(Dialogue(chat, talk(chat, script, moment(clock)), None))
    second = Contact(
        "Дмитрий Орлов", "+79035550188", "Шкаф-купе в нишу 2,40 × 2,65 м, зеркало на одной двери"
    )
    lead = Lead(43, dialogues[1].chat.id, second, 1, moment("09:52"), moment("09:52"))
    dialogues[1] = replace(dialogues[1], lead=lead)
    dialogues.sort(key=lambda item: item.messages[0].created_at)
    window = Window(DAY, moment("09:00"), moment("09:00", DAY + timedelta(days=1)))
    failed = FailedMail(
        "lead", 39, "smtp.example.com:587: login: 535 5.7.8 Authentication failed", moment("11:20")
    )
    report = Report(window, tuple(dialogues), (lead, dossier.lead), 3, (failed,), 1)
    return report, look


def notice_ru() -> tuple[Notice, datetime, Look]:
    detail = "quota: insufficient_quota: You exceeded your current quota, please check your plan and billing"
    return Notice("model_down", detail, "K7Q2ZD"), moment("19:24"), lead_ru()[1]


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def mails() -> dict[str, str]:
    return {
        "lead-ru": html_of(compose_lead(*lead_ru(), ENVELOPE)),
        "lead-en": html_of(compose_lead(*lead_en(), ENVELOPE)),
        "notice-ru": html_of(compose_notice(*notice_ru(), ENVELOPE)),
        "report-ru": html_of(compose_report(*report_ru(), ENVELOPE)),
    }


def draw(chromium: str, page: Path, picture: Path, width: int, *, dark: bool) -> None:
    """Draw a page at its full height.

    Chromium's window is never narrower than 500 px, so a phone is an iframe of its width; the height is
    asked for first, because ``--screenshot`` takes the window and no more.
    """
    frame = page.with_name(f"frame-{picture.stem}.html")
    frame.write_text(
        f'<body style="margin:0"><iframe id="f" src="{page.name}"'
        f' style="border: 0; width: {width}px; height: 9000px"'
        " onload=\"document.title='h'+f.contentDocument.querySelector('.page').offsetHeight\"></iframe>"
    )
    title = re.search(
        r"<title>h(\d+)", run(chromium, frame, dark, "--dump-dom", "--virtual-time-budget=2000")
    )
    assert title is not None, f"no height for {picture.name}"
    run(
        chromium,
        frame,
        dark,
        f"--screenshot={picture}",
        f"--window-size={width},{title[1]}",
        "--force-device-scale-factor=1.5",
        "--hide-scrollbars",
    )


def press(picture: Path) -> None:
    """Make the file smaller, if the tool is there; 256 colours are plenty for letters on plain ground."""
    if tool := shutil.which("pngquant"):
        command = [tool, "--force", "--ext", ".png", "--quality", "70-95", "--speed", "1", str(picture)]
        subprocess.run(command, check=True, timeout=60)


def run(chromium: str, page: Path, dark: bool, *arguments: str) -> str:
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--allow-file-access-from-files",
            f"--user-data-dir={profile}",
            *(["--blink-settings=preferredColorScheme=0"] if dark else []),
            *arguments,
            page.as_uri(),
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", help="one mail: lead-ru, lead-en, notice-ru or report-ru")
    parser.add_argument("--to", type=Path, default=PICTURES)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("chromium is missing: apt-get install chromium")
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, html in mails().items():
            if options.only in (None, name):
                page = Path(folder, f"{name}.html")
                page.write_text(html, encoding="utf-8")
                for look, width, dark in (
                    ("desktop", 700, False),
                    ("phone", 390, False),
                    ("dark", 700, True),
                ):
                    picture = options.to / f"mail-{name}-{look}.png"
                    draw(chromium, page, picture, width, dark=dark)
                    press(picture)
                    print(picture, picture.stat().st_size)


if __name__ == "__main__":
    main()
