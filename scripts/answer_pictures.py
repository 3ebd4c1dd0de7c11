"""Pictures of hard answers as the demo page shows them: tables, code, quotes, lists, broken Markdown.

    python scripts/answer_pictures.py [--to FOLDER]

Needs the package ``playwright`` (no browser of its own) and Debian's ``chromium``; with ``pngquant`` the
pictures take a third. The answers go through the real formatting and the demo's strict Bot API.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from sovetnik.demo.botapi import BotApi
from sovetnik.demo.mailbox import Mailbox
from sovetnik.demo.serving import serve
from sovetnik.demo.web import DemoPage
from sovetnik.showcase import TOKEN
from sovetnik.telegram_ui import BotSettings, make_bot
from sovetnik.telegram_ui.pieces import pieces

if TYPE_CHECKING:
    from playwright.async_api import Browser

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
WIDTH = 390  # CSS pixels of a phone
HIGHEST = 1800

PRICES = """\
## Цены на кровати

| Модель   | Размер  |     Цена |
|----------|---------|---------:|
| Нерль    | 160×200 | 62 900 ₽ |
| Клязьма  | 180×200 | 71 500 ₽ |
| Ока      | 140×200 | 48 300 ₽ |

Срок — **14 дней**, доставка по Москве 2 500 ₽."""

COMPARISON = """\
Сравнил три модели:

| Модель | Материал и покрытие | Срок изготовления | Кому подойдёт | Подробнее |
|---|---|---|---|---|
| **Нерль** | массив ясеня, масло-воск<br>*(можно тонировать)* | 14 рабочих дней | тем, кто любит \
живое дерево | [страница](https://shop.example/nerl) |
| **Клязьма** | берёзовая фанера \\| шпон дуба | 10 рабочих дней | небольшой спальне | \
[страница](https://shop.example/klyazma) |
| Ока | сосна, `RAL 9010` | | на дачу | нет |

| Параметр | Значение |
|---|---|
| Нагрузка на одно спальное место | до 140 кг |
| Высота от пола до царги | 32 см, под робот-пылесос |"""

CODE = """\
Вот расчёт рассрочки:

```python
def payment(price: int, months: int) -> float:
    # Первый взнос — 20 %, остальное поровну
    rest = price * 0.8

    return round(rest / months, 2)
```

Вызовите `payment(62_900, 6)`: получится **8 386,67 ₽** в месяц, \\(\\frac{62900 \\cdot 0.8}{6}\\)."""

LISTS = """\
### Как заказать

1. Выберите модель:
   - **Нерль** – ясень;
   - **Клязьма** – фанера:
     - шпон дуба,
     - шпон ореха.
2. Пришлите размеры комнаты.

   Можно просто фотографию плана.
3. Оставьте телефон.

- [x] замер
- [ ] предоплата 20 %
- [ ] доставка

---

Что-нибудь ещё?"""

QUOTES = """\
В договоре сказано:

> **3.2.** Срок изготовления – не более 14 рабочих дней, \
см. [условия](https://shop.example/terms?a=1&b=2).
>
> - перенос – по соглашению сторон
> - неустойка – 0,1 % за день
>
> > «Гарантия 5 лет» – из приложения.

Полный текст: [скачать](../files/contract.pdf), [написать нам](mailto:hello@shop.example)."""

LONG = (
    "# Полный прайс\n\n"
    + "\n\n".join(
        f"Раздел {n}. Кровати из массива ясеня и дуба, цены действуют до конца месяца. "
        "Мы изготавливаем каждую кровать под заказ, поэтому размер может быть любым."
        for n in range(1, 23)
    )
    + "\n\n```csv\n"
    + "\n".join(f"{n};Кровать «Нерль»;{140 + n % 5 * 10}×200;{48_300 + 137 * n} ₽" for n in range(1, 122))
    + "\n```\n\nИтого **121** позиция."
)

EMOJI = "Семья 👨‍👩‍👧‍👦 и флаги 🇷🇺🇰🇿: **спасибо** 👍🏽👍🏿, «1️⃣ – первый», ~~😀~~ e\u0301."

RTL = "Модель **שלום** по-арабски مرحبا بالعالم, цена *62 900 ₽*, [ссылка مرحبا](https://shop.example/he)."

BROKEN = """\
**Важно: срок *14 дней, а [ссылка](https://shop.example/a b) и `код без конца
<b>Не тег</b><br>Новая строка, ~5 км, от $100 до 200$, a_b_c, 2 * 3 * 4
| не | таблица |"""

NOTES = """\
Кровать «Нерль» стоит 62 900 ₽【4:0†price.md】 и делается из ясеня[^1]. \
Гарантия – 5 лет\ue200cite\ue202turn0file1\ue201.

![Фото кровати](https://shop.example/nerl.jpg)

[^1]: Ясень – твёрдая порода, см. [справку](https://shop.example/ash)."""

SHEETS: dict[str, tuple[tuple[str, str], ...]] = {
    "tables": (("Сколько стоят кровати?", PRICES), ("А чем они отличаются?", COMPARISON)),
    "blocks": (("Посчитайте рассрочку", CODE), ("Как заказать?", LISTS), ("Что в договоре?", QUOTES)),
    "odd": (("😀", EMOJI), ("مرحبا", RTL), ("Что важно?", BROKEN), ("Откуда вы это знаете?", NOTES)),
    "long": (("Пришлите весь прайс", LONG),),
}


async def sheet(browser: Browser, said: tuple[tuple[str, str], ...], file: Path) -> None:
    """One conversation, as tall as it is; of a long one the seams."""
    api = BotApi(TOKEN, name="Тихий дом")
    customer = api.person(first_name="Мария", language_code="ru")
    async with Mailbox() as mailbox, serve(api.app) as telegram:
        bot = make_bot(BotSettings(TOKEN, telegram))
        for question, answer in said:
            customer.say(question)
            for piece in pieces(answer):
                await bot.send_message(customer.id, piece.text, entities=piece.entities)
        await bot.shutdown()
        page_app = DemoPage(api, mailbox, language="ru", model=None, report=_no_report)
        async with serve(page_app.app) as url:
            await shoot(browser, url, file)


async def _no_report() -> str:
    return ""


async def shoot(browser: Browser, url: str, file: Path) -> None:
    """The messages in a window that is tall enough for them, or the last of them."""
    context = await browser.new_context(viewport={"width": WIDTH, "height": 844}, is_mobile=True)
    try:
        page = await context.new_page()
        await page.goto(url)
        await page.wait_for_selector(".message.in")
        height = await page.evaluate(
            "Math.max(...[...document.querySelectorAll('*')].map(e => e.scrollHeight)) + 400"
        )
        await page.set_viewport_size({"width": WIDTH, "height": min(height, HIGHEST)})
        await page.wait_for_timeout(700)  # the list scrolls to its end
        await page.screenshot(path=file)
    finally:
        await context.close()
    if shutil.which("pngquant"):
        command = ["pngquant", "--force", "--skip-if-larger", "--quality", "50-85", "--output", file, file]
        await asyncio.to_thread(subprocess.run, command, check=False)


async def main() -> None:
    """Take the pictures."""
    from playwright.async_api import async_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=PICTURES)
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        path = shutil.which("chromium") or "/usr/bin/chromium"
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        for name, said in SHEETS.items():
            await sheet(browser, said, given.to / f"answers-{name}.png")
            print(name)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
