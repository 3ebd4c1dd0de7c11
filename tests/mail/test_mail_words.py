from __future__ import annotations

from datetime import timedelta

import pytest
from mail_samples import EN, RU, Page
from markupsafe import Markup

from sovetnik.mail.markdown import markdown_html, markdown_plain, plain_html
from sovetnik.mail.texts import TEXTS
from sovetnik.mail.wording import Wording, phone_link, phone_words, public_link


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 диалогов"), (1, "1 диалог"), (2, "2 диалога"), (4, "4 диалога"), (5, "5 диалогов"),
        (11, "11 диалогов"), (12, "12 диалогов"), (14, "14 диалогов"), (21, "21 диалог"), (22, "22 диалога"),
        (111, "111 диалогов"), (1234, "1234 диалога"), (12_345, "12\u00a0345 диалогов"),
    ],
)  # fmt: skip
def test_russian_counts(number: int, words: str) -> None:
    assert Wording(RU).count(number, TEXTS["ru"].dialogue_forms) == words


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 leads"), (1, "1 lead"), (21, "21 leads"), (1234, "1,234 leads")]
)
def test_english_counts(number: int, words: str) -> None:
    assert Wording(EN).count(number, TEXTS["en"].lead_forms) == words


@pytest.mark.parametrize(
    ("number", "russian", "english"),
    [
        (999, "999", "999"), (1000, "1 тыс.", "1k"), (1250, "1,2 тыс.", "1.2k"),
        (312_400, "312 тыс.", "312k"),
        (999_999, "1 млн", "1M"), (1_234_567, "1,2 млн", "1.2M"),
    ],
)  # fmt: skip
def test_big_numbers_in_little_room(number: int, russian: str, english: str) -> None:
    assert Wording(RU).short(number) == russian
    assert Wording(EN).short(number) == english


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0,0 с"),
        (4.23, "4,2 с"),
        (42.4, "42 с"),
        (59.7, "1 мин 0 с"),
        (72, "1 мин 12 с"),
        (7500, "2 ч 5 мин"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert Wording(RU).duration(timedelta(seconds=seconds)) == words


def test_phones() -> None:
    assert phone_words("+79165550127") == "+7 916 555-01-27"
    assert phone_words("call me") == "call me"
    assert phone_link("+79165550127") == "tel:+79165550127"
    assert phone_link("+7\n9") is None


@pytest.mark.parametrize(
    ("username", "link"),
    [
        ("ivan_p", "https://t.me/ivan_p"), ("@ivan_p", "https://t.me/ivan_p"),
        ("https://t.me/ivan_p", "https://t.me/ivan_p"), ("ivan/../x", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_public_links(username: str | None, link: str | None) -> None:
    assert public_link(username) == link


@pytest.mark.parametrize(
    ("text", "html", "plain"),
    [
        ("**жирно** и *курсив*", "<b>жирно</b> и <i>курсив</i>", "жирно и курсив"),
        (
            "__a__ snake_case_name __init__x",
            "<b>a</b> snake_case_name __init__x",
            "a snake_case_name __init__x",
        ),
        ("2 * 3 * 4", "2 * 3 * 4", "2 * 3 * 4"),
        ("`a*b*c` ~~нет~~", "<code>a*b*c</code> <s>нет</s>", "a*b*c нет"),
        ("# Цены\n- раз\n  * два", "<b>Цены</b><br>• раз<br>\u00a0\u00a0• два", "Цены\n• раз\n  • два"),
        ("```py\nx = '**'\n```", "<code>x = &#39;**&#39;</code>", "x = '**'"),
        ("```x``` цел", "``<code>x</code>`` цел", "``x`` цел"),
        (
            "[сайт](https://e.example/?a=1&b=2)",
            '<a href="https://e.example/?a=1&amp;b=2">сайт</a>',
            "сайт (https://e.example/?a=1&b=2)",
        ),
        (
            "https://e.example/a_b_c.",
            '<a href="https://e.example/a_b_c">https://e.example/a_b_c</a>.',
            "https://e.example/a_b_c.",
        ),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("**<b>**", "<b>&lt;b&gt;</b>", "<b>"),
        ("_сюда_ и snake_case_name", "<i>сюда</i> и snake_case_name", "сюда и snake_case_name"),
        ("_price_list.md: Цены_", "<i>price_list.md: Цены</i>", "price_list.md: Цены"),
        (
            "Вот:\n\n> **раз**\n> <два>\n\nвсё",
            'Вот:<br><div class="cite"><b>раз</b><br>&lt;два&gt;</div>всё',
            "Вот:\n\n> раз\n> <два>\n\nвсё",
        ),
        ("```\n> a\n```", "<code>&gt; a</code>", "> a"),
        ("a\n\n---\nb", "a<br><br>———<br>b", "a\n\n———\nb"),
    ],
)
def test_markdown(text: str, html: str, plain: str) -> None:
    assert markdown_html(text) == Markup(html)
    assert markdown_plain(text) == plain


def test_plain_texts_keep_lines_and_marks() -> None:
    assert plain_html("*a*\n<i>") == Markup("*a*<br>&lt;i&gt;")
    assert Page(str(plain_html("a\nb"))).text == "a\nb"
