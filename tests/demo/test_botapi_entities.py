"""The markup parsers and the order of entities, against what Telegram's own parser is tested with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sovetnik.demo.botapi.entities import fixed, formatted
from sovetnik.demo.botapi.links import MarkupError, WrongLink, checked_link
from sovetnik.demo.botapi.parse_html import parse_html
from sovetnik.demo.botapi.parse_markdown import parse_markdown
from sovetnik.demo.botapi.parse_markdown_v2 import parse_markdown_v2
from sovetnik.demo.botapi.refusal import Refusal
from sovetnik.demo.botapi.utf16 import cut, width


def brief(entities):
    """``(type, offset, length[, what else it carries])`` for each, in a fixed order."""
    found = []
    for entity in entities:
        place = (entity["type"], entity["offset"], entity["length"])
        extra = tuple(
            str(value) for name, value in entity.items() if name not in ("type", "offset", "length")
        )
        found.append(place + extra)
    return sorted(found, key=str)


def entity(kind, offset, length, **extra):
    return {"type": kind, "offset": offset, "length": length, **extra}


HTML = [
    ("", "", []),
    ("&ge;&lt;&gt;&amp;&quot;&laquo;&#12345678;", '&ge;<>&"&laquo;&#12345678;', []),
    ("&#60;&#x41;&#x1f44d", "<A👍", []),
    ("➡️ ➡️<em>➡️ ➡️</em>", "➡️ ➡️➡️ ➡️", [("italic", 5, 5)]),
    ("➡️ ➡️<ins>➡️ ➡️</ins>", "➡️ ➡️➡️ ➡️", [("underline", 5, 5)]),
    ("➡️ ➡️<strike>➡️ ➡️</strike>", "➡️ ➡️➡️ ➡️", [("strikethrough", 5, 5)]),
    ("🏟 🏟<i>🏟 &lt🏟</i>", "🏟 🏟🏟 <🏟", [("italic", 5, 6)]),
    ("🏟 🏟<i>🏟 &gt;<b aba   =   caba>&lt🏟</b></i>", "🏟 🏟🏟 ><🏟", [("italic", 5, 7), ("bold", 9, 3)]),
    ("🏟 🏟&lt;<i    aba  =  190azAz-.   >a</i>", "🏟 🏟<a", [("italic", 6, 1)]),
    ("🏟 🏟&lt;<i    aba  =  '&lt;&gt;&quot;'>a</>", "🏟 🏟<a", [("italic", 6, 1)]),
    ("🏟 🏟&lt;<i>a</i   >", "🏟 🏟<a", [("italic", 6, 1)]),
    ("🏟 🏟&lt;<b></b>", "🏟 🏟<", []),
    (
        '<span class = "tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>',
        "ab",
        [("spoiler", 0, 1), ("spoiler", 1, 1)],
    ),
    ("<a href=telegram.org>\t</a>", "\t", [("text_link", 0, 1, "http://telegram.org/")]),
    ("<a   href=  'telegram.org?&lt;'   > </a>", " ", [("text_link", 0, 1, "http://telegram.org/?<")]),
    ("<a> </a>", " ", []),
    ("<a>telegram.org</a>", "telegram.org", [("text_link", 0, 12, "http://telegram.org/")]),
    ('<a href="tg://user?id=42">он</a>', "он", [("text_mention", 0, 2, "{'id': 42}")]),
    ("🏟 🏟&lt;<pre  >🏟 🏟&lt;</>", "🏟 🏟<🏟 🏟<", [("pre", 6, 6)]),
    ("<pre><code>a</code></>", "a", [("pre", 0, 1), ("code", 0, 1)]),
    ('<pre><code class="language-fift">a</></>', "a", [("pre", 0, 1, "fift")]),
    ('<code class="language-fift"><pre>a</></>', "a", [("pre", 0, 1, "fift")]),
    ('<pre><code class="language-fift">a</> </>', "a ", [("pre", 0, 2), ("code", 0, 1)]),
    ('<tg-emoji emoji-id="54321">🏟 &lt🏟</tg-emoji>', "🏟 <🏟", [("custom_emoji", 0, 6, "54321")]),
    (
        '<blockquote   cite="" askdlbas nj12b3>a&lt;<pre  >b;</></>',
        "a<b;",
        [("blockquote", 0, 4), ("pre", 2, 2)],
    ),
    ("<blockquote expandable=false>a</>", "a", [("expandable_blockquote", 0, 1)]),
    ("<blockquote   expandable   asd>a</>", "a", [("expandable_blockquote", 0, 1)]),
]

HTML_ERRORS = [
    ("🏟 🏟&lt;<abacaba", "Unclosed start tag at byte offset 13"),
    ("🏟 🏟&lt;<abac aba>", 'Unsupported start tag "abac" at byte offset 13'),
    ("🏟 🏟&lt;<i   =aba>", 'Empty attribute name in the tag "i" at byte offset 13'),
    ("🏟 🏟&lt;<i    aba>", 'Can\'t find end tag corresponding to start tag "i"'),
    ("🏟 🏟&lt;<i    aba  =  ", 'Unclosed start tag "i" at byte offset 13'),
    ("🏟 🏟&lt;<i    aba  =  190azAz-.,", "Unexpected end of name token at byte offset 27"),
    ('🏟 🏟&lt;<i    aba  =  "&lt;&gt;&quot;>', "Unclosed start tag at byte offset 13"),
    ("🏟 🏟&lt;</", "Unexpected end tag at byte offset 13"),
    ("🏟 🏟&lt;<b></b></", "Unexpected end tag at byte offset 20"),
    ("🏟 🏟&lt;<i>a</i   ", "Unclosed end tag at byte offset 17"),
    ("🏟 🏟&lt;<i>a</em   >", 'Unmatched end tag at byte offset 17, expected "</i>", found "</em>"'),
    ('<span class="x">a</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ('<tg-emoji emoji-id="x">a</tg-emoji>', "Invalid custom emoji identifier specified"),
    (
        "&#57311;",
        (
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        ),
    ),
]

MARKDOWN_V2 = [
    ("", "", []),
    ("\\\\\\", "\\\\", []),
    ("\\\\\\\\\\_\\*\\`", "\\\\_*`", []),
    ("🏟 🏟``", "🏟 🏟", []),
    ("🏟 🏟``````", "🏟 🏟", []),
    ("🏟 🏟____", "🏟 🏟", []),
    ("🏟 🏟_abac \\* asd _", "🏟 🏟abac * asd ", [("italic", 5, 11)]),
    ("🏟 \\.🏟_🏟\\. 🏟_", "🏟 .🏟🏟. 🏟", [("italic", 6, 6)]),
    ("🏟 🏟_🏟 *🏟*_", "🏟 🏟🏟 🏟", [("italic", 5, 5), ("bold", 8, 2)]),
    ("🏟 🏟_🏟 __🏟___", "🏟 🏟🏟 🏟", [("italic", 5, 5), ("underline", 8, 2)]),
    ("🏟 🏟__🏟 _🏟_\\___", "🏟 🏟🏟 🏟_", [("underline", 5, 6), ("italic", 8, 2)]),
    ("🏟 🏟`🏟 🏟```", "🏟 🏟🏟 🏟", [("code", 5, 5)]),
    ("🏟 🏟```🏟 🏟```", "🏟 🏟 🏟", [("pre", 5, 3, "🏟")]),
    ("🏟 🏟```🏟\n\r🏟```", "🏟 🏟🏟", [("pre", 5, 2, "🏟")]),
    ("🏟 🏟```🏟\n\n🏟```", "🏟 🏟\n🏟", [("pre", 5, 3, "🏟")]),
    ("🏟 🏟```🏟 \\\\\\`🏟```", "🏟 🏟 \\`🏟", [("pre", 5, 5, "🏟")]),
    ("||test||", "test", [("spoiler", 0, 4)]),
    ("`_* *_`__*` `*__", "_* *_ ", [("code", 0, 5), ("code", 5, 1), ("bold", 5, 1), ("underline", 5, 1)]),
    ("_* * ` `_", "   ", [("italic", 0, 3), ("bold", 0, 1), ("code", 2, 1)]),
    ("[](telegram.org)", "", []),
    ("[ ](as)", " ", []),
    ("[telegram\\.org]a", "telegram.orga", [("text_link", 0, 12, "http://telegram.org/")]),
    ("[a](https://telegram.dog?\\\\\\()", "a", [("text_link", 0, 1, "https://telegram.dog/?\\(")]),
    ("[telegram\\.org]()", "telegram.org", []),
    ("[t](tg:user?id=123456)", "t", [("text_mention", 0, 1, "{'id': 123456}")]),
    ("![👍](TG://EMoJI/?test=1231&id=25#id=32)a", "👍a", [("custom_emoji", 0, 2, "25")]),
    ("> \n> \n>", " \n \n", [("blockquote", 0, 4)]),
    ("> \\>\n \\> \n>", " >\n > \n", [("blockquote", 0, 3)]),
    ("abc\n> \n> \n>\ndef", "abc\n \n \n\ndef", [("blockquote", 4, 5)]),
    (">", "", []),
    ("\r>a", "\ra", [("blockquote", 1, 1)]),
    ("\r\r>\r\ra\r\n\r", "\r\r\r\ra\r\n\r", [("blockquote", 2, 5)]),
    (">*b\n>ld \n>bo\n>ld*\nasd\ndef", "b\nld \nbo\nld\nasd\ndef", [("blockquote", 0, 12), ("bold", 0, 11)]),
    ("*a\n>b\n>ld\nasd*\ndef", "a\nb\nld\nasd\ndef", [("bold", 0, 10), ("blockquote", 2, 5)]),
    (">`b\n>ld\nld`\n>asd\ndef", "b\n>ld\nld\nasd\ndef", [("blockquote", 0, 13), ("code", 0, 8)]),
    ("`>b\nld`\n>asd\ndef", ">b\nld\nasd\ndef", [("code", 0, 5), ("blockquote", 6, 4)]),
    (">\n\r>2", "\n\r2", [("blockquote", 0, 1), ("blockquote", 2, 1)]),
    (">\n**>2", "\n2", [("blockquote", 0, 1), ("blockquote", 1, 1)]),
    (">**\n>2", "\n2", [("blockquote", 0, 2)]),
    ("*>abcd\n*", "abcd\n", [("blockquote", 0, 5), ("bold", 0, 5)]),
    (">asd\n>q||e||w||\nasdad", "asd\nqew\nasdad", [("expandable_blockquote", 0, 8), ("spoiler", 5, 1)]),
    (">asd\n>q||ew||\nasdad", "asd\nqew\nasdad", [("blockquote", 0, 8), ("spoiler", 5, 2)]),
    (">asd\r\n>q||e||w||\r\n", "asd\r\nqew\r\n", [("expandable_blockquote", 0, 10), ("spoiler", 6, 1)]),
    (">asd\r\n>q||e||w||", "asd\r\nqew", [("expandable_blockquote", 0, 8), ("spoiler", 6, 1)]),
    (">||", "", []),
]

MARKDOWN_V2_ERRORS = [
    ("🏟 🏟_abacaba", "Can't find end of Italic entity at byte offset 9"),
    ("🏟 🏟_abac * asd ", "Can't find end of Bold entity at byte offset 15"),
    ("🏟 🏟_abac * asd _", "Can't find end of Italic entity at byte offset 21"),
    ("🏟 🏟```a", "Can't find end of Pre entity at byte offset 9"),
    ("🏟 🏟```a ", "Can't find end of PreCode entity at byte offset 9"),
    ("🏟 🏟__🏟 🏟_", "Can't find end of Italic entity at byte offset 20"),
    ("🏟 🏟_🏟 🏟__", "Can't find end of Underline entity at byte offset 19"),
    ("🏟 🏟```🏟 🏟`", "Can't find end of Code entity at byte offset 21"),
    ("[telegram\\.org](asd\\)", "Can't find end of a URL at byte offset 16"),
    ("[telegram\\.org](", "Can't find end of a URL at byte offset 16"),
    ("🏟 🏟__🏟 _🏟___", "Can't find end of Italic entity at byte offset 23"),
    ("🏟 🏟||test\\|", "Can't find end of Spoiler entity at byte offset 9"),
    ("🏟 🏟>", "Character '>' is reserved and must be escaped with the preceding '\\'"),
    ("🏟 🏟![👍", "Can't find end of CustomEmoji entity at byte offset 9"),
    ("🏟 🏟![👍]", "Custom emoji entity must contain a tg://emoji URL"),
    ("🏟 🏟![👍](tg://emoji?id=1234", "Can't find end of a custom emoji URL at byte offset 17"),
    ("![👍](t://emoji?id=1234)", "Custom emoji URL must have scheme tg"),
    ("![👍](tg:emojis?id=1234)", 'Custom emoji URL must have host "emoji"'),
    ("![👍](tg://emoji?test=1#&id=25)", "Custom emoji URL must have an emoji identifier"),
    ("![👍](tg://emoji?test=1231&id=025)", "Invalid custom emoji identifier specified"),
    (">*b\n>ld \n>bo\nld*\nasd\ndef", "Can't find end of Bold entity at byte offset 1"),
    (">\n*a*>2", "Character '>' is reserved and must be escaped with the preceding '\\'"),
    (">asd\n>q||e||w||\n||asdad", "Can't find end of Spoiler entity at byte offset 16"),
    (">asd\n>q||ew\n||asdad", "Can't find end of Spoiler entity at byte offset 7"),
    (">asd\n>q||e||w__\n||asdad", "Can't find end of Underline entity at byte offset 13"),
    (">asd\n>q||e||w||a\n||asdad", "Can't find end of Spoiler entity at byte offset 13"),
]

MARKDOWN = [
    ("*a_b* _c_", "a_b c", [("bold", 0, 3), ("italic", 4, 1)]),
    ("\\*a\\_ \\. `b`", "*a_ \\. b", [("code", 7, 1)]),
    ("👍 ```py\nx=1```", "👍 x=1", [("pre", 3, 3, "py")]),
    ("[сайт](https://a.ru/b) [x](y)", "сайт x", [("text_link", 0, 4, "https://a.ru/b")]),
    ("1. - ! ( ) # +", "1. - ! ( ) # +", []),
    ("**", "", []),
]

MARKDOWN_ERRORS = [
    ("👍 *a", "Can't find end of the entity starting at byte offset 5"),
    ("a_b", "Can't find end of the entity starting at byte offset 1"),
    ("[a", "Can't find end of the entity starting at byte offset 0"),
]


@pytest.mark.parametrize(("text", "shown", "entities"), HTML)
def test_html(text, shown, entities):
    result, found = parse_html(text)
    assert (result, brief(found)) == (shown, sorted(entities, key=str))


@pytest.mark.parametrize(("text", "words"), HTML_ERRORS)
def test_html_errors(text, words):
    with pytest.raises(MarkupError) as error:
        parse_html(text)
    assert str(error.value) == words


@pytest.mark.parametrize(("text", "shown", "entities"), MARKDOWN_V2)
def test_markdown_v2(text, shown, entities):
    result, found = parse_markdown_v2(text)
    assert (result, brief(found)) == (shown, sorted(entities, key=str))


@pytest.mark.parametrize(("text", "words"), MARKDOWN_V2_ERRORS)
def test_markdown_v2_errors(text, words):
    with pytest.raises(MarkupError) as error:
        parse_markdown_v2(text)
    assert str(error.value) == words


def test_markdown_v2_reserved_characters():
    for code in range(1, 126):
        char = chr(code)
        if char in "_*[~`>":
            continue
        if char in "]()#+-=|{}.!":
            with pytest.raises(MarkupError, match="is reserved and must be escaped"):
                parse_markdown_v2(char)
            assert parse_markdown_v2("\\" + char) == (char, [])
        else:
            assert parse_markdown_v2(char) == (char, [])


@pytest.mark.parametrize(("text", "shown", "entities"), MARKDOWN)
def test_markdown(text, shown, entities):
    result, found = parse_markdown(text)
    assert (result, brief(found)) == (shown, sorted(entities, key=str))


@pytest.mark.parametrize(("text", "words"), MARKDOWN_ERRORS)
def test_markdown_errors(text, words):
    with pytest.raises(MarkupError) as error:
        parse_markdown(text)
    assert str(error.value) == words


NESTING = [
    ("a ", [("italic", 0, 2), ("bold", 0, 1)], [("bold", 0, 1), ("italic", 0, 1)]),
    ("abc", [("italic", 1, 1), ("italic", 0, 1)], [("italic", 0, 2)]),
    ("abc", [("italic", 0, 2), ("italic", 1, 2)], [("italic", 0, 3)]),
    ("abc", [("italic", 0, 2), ("bold", 1, 2)], [("italic", 0, 1), ("bold", 1, 2), ("italic", 1, 1)]),
    ("ab", [("underline", 0, 2), ("spoiler", 0, 1)], [("underline", 0, 2), ("spoiler", 0, 1)]),
    (
        "ab",
        [("underline", 0, 2), ("strikethrough", 1, 1)],
        [("underline", 0, 1), ("underline", 1, 1), ("strikethrough", 1, 1)],
    ),
    ("a\rb", [("bold", 0, 1), ("bold", 2, 1)], [("bold", 0, 2)]),
    ("a", [("spoiler", 0, 1), ("pre", 0, 1)], [("pre", 0, 1)]),
    (
        "abc",
        [("pre", 1, 1), ("strikethrough", 0, 3)],
        [("strikethrough", 0, 1), ("pre", 1, 1), ("strikethrough", 2, 1)],
    ),
    ("abc", [("pre", 0, 3), ("blockquote", 1, 1)], [("blockquote", 1, 1)]),
    ("abc", [("blockquote", 0, 3), ("pre", 1, 1)], [("blockquote", 0, 3), ("pre", 1, 1)]),
    ("abc", [("code", 0, 2), ("code", 1, 2)], [("code", 0, 2)]),
    ("example.com", [("pre", 0, 3)], [("pre", 0, 3)]),
    ("example.com", [("blockquote", 0, 3)], [("blockquote", 0, 3)]),
    ("example.com", [("italic", 0, 3)], [("url", 0, 11), ("italic", 0, 3)]),
    ("example.com a", [("italic", 0, 13)], [("url", 0, 11), ("italic", 0, 11), ("italic", 12, 1)]),
    ("a example.com", [("italic", 0, 13)], [("italic", 0, 2), ("url", 2, 11), ("italic", 2, 11)]),
    (
        "@tests @tests",
        [("italic", 0, 13)],
        [("mention", 0, 6), ("italic", 0, 6), ("mention", 7, 6), ("italic", 7, 6)],
    ),
    ("  ab  ", [("bold", 1, 5)], [("bold", 0, 2)]),
    ("a   b", [("bold", 1, 2), ("italic", 1, 4)], [("italic", 4, 1)]),
]


@pytest.mark.parametrize(("text", "sent", "stands"), NESTING)
def test_nesting(text, sent, stands):
    result = fixed(text, [entity(*one) for one in sent])
    assert [(e["type"], e["offset"], e["length"]) for e in result.entities] == stands


def test_text_is_cleaned_and_trimmed():
    result = fixed(" \n a\tb\rc\u202e \n", [entity("bold", 3, 6)])
    assert result.text == "a bc"
    assert brief(result.entities) == [("bold", 0, 4)]


def test_at_most_a_hundred_entities_stay_and_links_count_first():
    text = "".join("аб" for _ in range(150))
    sent = [entity("bold", 2 * n, 1) for n in range(120)]
    sent += [entity("text_link", 250 + 2 * n, 1, url="https://a.ru") for n in range(10)]
    kept = fixed(text, sent).entities
    assert len(kept) == 100
    assert sum(one["type"] == "text_link" for one in kept) == 10


EXPLICIT = [
    ([{"offset": 0, "length": 1}], "can't parse MessageEntity: Can't find field \"type\""),
    ([{"type": "bold", "length": 1}], "can't parse MessageEntity: Can't find field \"offset\""),
    ([entity("bald", 0, 1)], "can't parse MessageEntity: Unsupported type specified"),
    ([entity("text_link", 0, 1)], "can't parse MessageEntity: Can't find field \"url\""),
    ([entity("text_mention", 0, 1)], "can't parse MessageEntity: Can't find field \"user\""),
    (
        [entity("text_link", 0, 1, url="ftp://a.ru")],
        "entity URL 'ftp://a.ru' is invalid: Unsupported URL protocol",
    ),
    ([entity("bold", "0", 1)], 'can\'t parse MessageEntity: Field "offset" must be of type Number'),
    ([entity("bold", -1, 1)], "receive an entity with incorrect offset -1"),
    (
        [entity("bold", 0, 9)],
        "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 9",
    ),
    ([entity("bold", 9, 1)], "entity begins after the end of the text at UTF-16 offset 9"),
    ([entity("bold", 1, 1)], "entity begins in a middle of a UTF-16 symbol at byte offset 4"),
    (
        [entity("bold", 0, 1)],
        "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 4",
    ),
]


@pytest.mark.parametrize(("entities", "words"), EXPLICIT)
def test_wrong_explicit_entities(entities, words):
    with pytest.raises(Refusal) as error:
        formatted("👍аб", "", entities)
    assert error.value.description == f"Bad Request: {words}"


def test_entities_that_telegram_finds_itself_cannot_be_made():
    assert formatted("abc", "", [entity("bot_command", 0, 3), entity("url", 0, 3)]).entities == []


def test_parse_mode_wins_over_entities_and_must_be_known():
    assert brief(formatted("<b>a</b>", "html", [entity("italic", 0, 1)]).entities) == [("bold", 0, 1)]
    with pytest.raises(Refusal, match="unsupported parse_mode"):
        formatted("a", "rtf", None)


FOUND = [
    ("/start@some_bot x /help", [("bot_command", "/start@some_bot"), ("bot_command", "/help")]),
    ("см. https://a.ru/b?c=1.", [("url", "https://a.ru/b?c=1")]),
    ("пишите на anna@example.com", [("email", "anna@example.com")]),
    ("звоните +7 (916) 123-45-67!", [("phone_number", "+7 (916) 123-45-67")]),
    ("89161234567", [("phone_number", "89161234567")]),
    ("👍 #скидка @durov", [("hashtag", "#скидка"), ("mention", "@durov")]),
    ("а/б 1/2 no@mention", []),
]


@pytest.mark.parametrize(("text", "parts"), FOUND)
def test_what_telegram_finds_in_a_text(text, parts):
    found = fixed(text, []).entities
    assert [(one["type"], cut(text, one["offset"], one["length"])) for one in found] == parts


def test_links():
    assert checked_link("Example.COM") == "http://example.com/"
    assert checked_link("https://A.ru:8080?x#y") == "https://a.ru:8080/?x#y"
    assert checked_link("TG:resolve?domain=a") == "tg://resolve?domain=a"
    for wrong in ("", "localhost", "tel:+79161234567", "a b.ru", "javascript://x.y"):
        with pytest.raises(WrongLink):
            checked_link(wrong)


@given(st.text(alphabet="ab<>/i=\"'&;_*[]()`~|!>\\\n\r 👍", max_size=40))
def test_parsers_end_and_stay_inside_the_text(text):
    for mode in ("HTML", "Markdown", "MarkdownV2"):
        try:
            result = formatted(text, mode, None, may_be_empty=True)
        except Refusal as refusal:
            assert refusal.description.startswith("Bad Request: can't parse entities: ")  # noqa: PT017
            continue
        for one in result.entities:
            assert one["length"] > 0
            assert one["offset"] >= 0
            assert one["offset"] + one["length"] <= width(result.text)
        again = fixed(result.text, [e for e in result.entities if e["type"] != "url"], may_be_empty=True)
        assert brief(again.entities) == brief(result.entities)
