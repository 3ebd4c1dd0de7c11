"""What people send: albums, files of all kinds, places, dice, polls, contacts, quotes, forwards, edits."""

import pytest
from telegram.constants import MessageOriginType
from telegram.error import BadRequest
from test_botapi_support import desk

from sovetnik.demo.botapi import Channel

JPEG = b"\xff\xd8\xff\xe0picture"
MEGABYTE = 1024 * 1024


async def messages(d):
    return [u.message for u in await d.bot.get_updates()]


async def test_an_album_is_several_messages():
    async with desk() as d:
        anna = d.api.person()
        sent = anna.send_album(
            [("photo", JPEG), ("photo", JPEG, "b.jpg"), ("video", b"mp4")], caption="вот /x"
        )
        anna.send_album([("document", b"1", "a.csv"), ("document", b"2")])
        first = sent[0].update_id
        got = await d.bot.get_updates()
        assert [u.update_id for u in got] == list(range(first, first + 5))
        album, other = [u.message for u in got[:3]], [u.message for u in got[3:]]
        assert [m.message_id for m in album] == [m.id for m in sent]
        assert len({m.media_group_id for m in album}) == 1
        assert {m.media_group_id for m in other}.isdisjoint(m.media_group_id for m in album)
        assert [m.caption for m in album] == ["вот /x", None, None]
        assert album[0].caption_entities[0].type == "bot_command"
        assert bytes(await (await album[2].video.get_file()).download_as_bytearray()) == b"mp4"
        assert other[0].document.file_name == "a.csv"
        late = anna.send_album([("photo", JPEG)], media_group_id=album[0].media_group_id)
        assert late[0].data["media_group_id"] == album[0].media_group_id


async def test_no_album():
    async with desk() as d:
        anna = d.api.person()
        for items, words in (
            ([("photo", JPEG)], "2 to 10"),
            ([("photo", JPEG)] * 11, "2 to 10"),
            ([("photo", JPEG), ("document", b"1")], "photos and videos, or"),
            ([("voice", b"1"), ("voice", b"2")], "photos and videos, or"),
        ):
            with pytest.raises(ValueError, match=words):
                anna.send_album(items)
        assert await messages(d) == []


async def test_files_of_every_kind():
    async with desk() as d:
        anna = d.api.person()
        anna.send_audio(b"mp3", name="песня.mp3", duration=61, caption="послушайте")
        anna.send_video(b"mp4", duration=9, caption="смотрите")
        anna.send_video_note(b"round", duration=4)
        anna.send_animation(b"gif", caption="ха")
        anna.send_sticker()
        audio, video, note, animation, sticker = await messages(d)
        assert (audio.audio.file_name, audio.audio.mime_type, audio.caption) == (
            "песня.mp3",
            "audio/mpeg",
            "послушайте",
        )
        assert (video.video.mime_type, video.caption) == ("video/mp4", "смотрите")
        assert note.video_note.length == 384
        assert animation.animation.file_id == animation.document.file_id
        assert sticker.sticker.type == "regular"
        for file, data in (
            (audio.audio, b"mp3"),
            (video.video, b"mp4"),
            (note.video_note, b"round"),
            (animation.animation, b"gif"),
        ):
            assert bytes(await (await file.get_file()).download_as_bytearray()) == data


async def test_a_file_that_is_too_big_for_bots():
    async with desk() as d:
        anna = d.api.person()
        anna.send_voice(b"OggS", size=20 * MEGABYTE + 1)
        anna.send_document(b"%PDF", size=50 * MEGABYTE)
        anna.send_video(b"mp4", size=20 * MEGABYTE)
        voice, document, video = await messages(d)
        assert (voice.voice.file_size, document.document.file_size) == (20 * MEGABYTE + 1, 50 * MEGABYTE)
        for file in (voice.voice, document.document):
            assert await d.refused("getFile", file_id=file.file_id) == (400, "Bad Request: file is too big")
            with pytest.raises(BadRequest, match="File is too big"):
                await file.get_file()
        assert (await video.video.get_file()).file_size == 20 * MEGABYTE


async def test_everything_else_people_send():
    async with desk() as d:
        anna = d.api.person()
        anna.send_dice("🏀", 5)
        anna.send_poll("Когда?", ["завтра", "послезавтра"])
        anna.send_venue(55.75, 37.62, "Склад", "Лесная, 5")
        anna.send_location(55.75, 37.62)
        anna.send_story(7)
        anna.send({"game": {"title": "Г", "description": "И", "photo": []}})
        dice, poll, venue, place, story, game = await messages(d)
        assert (dice.dice.emoji, dice.dice.value) == ("🏀", 5)
        assert [option.text for option in poll.poll.options] == ["завтра", "послезавтра"]
        assert (venue.venue.title, venue.location.latitude) == ("Склад", 55.75)
        assert place.venue is None
        assert (story.story.id, story.story.chat.id) == (7, anna.id)
        assert game.game.title == "Г"
        for wrong in (lambda: anna.send_dice("🎲", 7), lambda: anna.send_dice("🎹", 1)):
            with pytest.raises(ValueError, match="cannot show"):
                wrong()
        with pytest.raises(ValueError, match="options"):
            anna.send_poll("Когда?", [])


async def test_contact_cards():
    async with desk() as d:
        anna = d.api.person(first_name="Анна", phone="+79990001122")
        boris = d.api.person(first_name="Борис")
        vcard = "BEGIN:VCARD\nFN:Мастер\nTEL:+70000000000\nEND:VCARD"
        anna.share_contact()
        anna.share_contact("+70000000000", user_id=0, first_name="Мастер", last_name="П", vcard=vcard)
        anna.share_contact("+70000000001", user_id=boris.id, forwarded_from=boris)
        team = d.api.group(anna)
        await d.bot.send_message(team.id, "кто?")
        anna.share_contact(group=team, reply_to=d.api.chat(team.id).messages[-1].id)
        own, master, others, in_team = await messages(d)
        assert (own.contact.user_id, own.contact.vcard, own.contact.last_name) == (anna.id, None, None)
        assert (master.contact.user_id, master.contact.last_name, master.contact.vcard) == (None, "П", vcard)
        assert (others.contact.user_id, others.forward_origin.sender_user.id) == (boris.id, boris.id)
        assert in_team.chat.id == team.id


async def test_forwards_of_all_four_origins():
    async with desk() as d:
        anna, boris = d.api.person(), d.api.person(first_name="Борис")
        team = d.api.group(anna)
        channel = Channel("Новости", username="news", message_id=17, signature="Редактор")
        for origin in (boris, "Скрытый", team, channel):
            anna.say("смотрите", forwarded_from=origin)
        anna.send_photo(JPEG, forwarded_from=channel)
        user, hidden, chat, post, photo = (m.forward_origin for m in await messages(d))
        assert (user.type, user.sender_user.first_name) == (MessageOriginType.USER, "Борис")
        assert (hidden.type, hidden.sender_user_name) == (MessageOriginType.HIDDEN_USER, "Скрытый")
        assert (chat.type, chat.sender_chat.id) == (MessageOriginType.CHAT, team.id)
        assert (post.type, post.chat.username, post.message_id) == (MessageOriginType.CHANNEL, "news", 17)
        assert post.author_signature == "Редактор"
        assert photo.type == MessageOriginType.CHANNEL
        forwarded = d.api.chat(anna.id).messages[0]
        with pytest.raises(ValueError, match="to edit"):
            anna.edit(forwarded.id, "моё")


async def test_replies_with_a_quote():
    async with desk() as d:
        anna = d.api.person()
        anna.start()
        sent = await d.bot.send_message(anna.id, "👍 Доставка 300 рублей")
        anna.say("а бесплатно?", reply_to=sent.message_id, quote="300 рублей")
        *_, said = await messages(d)
        assert said.reply_to_message.message_id == sent.message_id
        assert (said.quote.text, said.quote.position, said.quote.is_manual) == ("300 рублей", 12, True)
        for where, words in (
            ({"reply_to": sent.message_id, "quote": "чего нет"}, "not in the message"),
            ({"quote": "300"}, "reply_to"),
        ):
            with pytest.raises(ValueError, match=words):
                anna.say("а?", **where)


async def test_captions_are_edited():
    async with desk() as d:
        anna = d.api.person()
        photo = anna.send_photo(JPEG, caption="вид")
        anna.edit(photo.id, "вид #сверху")
        anna.edit(photo.id, "")
        note = anna.send_video_note(b"1")
        with pytest.raises(ValueError, match="to edit"):
            anna.edit(note.id, "подпись")
        sent, edited, bare, _ = await d.bot.get_updates()
        assert sent.message.caption == "вид"
        assert edited.edited_message.caption == "вид #сверху"
        assert edited.edited_message.caption_entities[0].type == "hashtag"
        assert edited.edited_message.photo == sent.message.photo
        assert edited.edited_message.edit_date is not None
        assert bare.edited_message.caption is None


async def test_the_menu_shows_commands_of_the_narrowest_scope():
    async with desk() as d:
        anna, john = d.api.person(), d.api.person(language_code="en")
        team = d.api.group(anna, john)

        def menu(person, group=None):
            return [command["description"] for command in person.commands(group=group)]

        assert menu(anna) == []
        await d.bot.set_my_commands([("help", "Помощь")])
        await d.bot.set_my_commands([("help", "Help")], language_code="en")
        assert (menu(anna), menu(john), menu(john, team)) == (["Помощь"], ["Help"], ["Help"])
        groups = {"type": "all_group_chats"}
        await d.call("setMyCommands", commands=[{"command": "id", "description": "Номер"}], scope=groups)
        assert (menu(anna, team), menu(john, team), menu(john)) == (["Номер"], ["Номер"], ["Help"])
        own = {"type": "chat", "chat_id": anna.id}
        await d.call("setMyCommands", commands=[{"command": "leads", "description": "Заявки"}], scope=own)
        assert (menu(anna), menu(john)) == (["Заявки"], ["Help"])
        await d.call("deleteMyCommands", scope=own)
        assert menu(anna) == ["Помощь"]
        nowhere = {"type": "chat", "chat_id": 404}
        assert await d.refused("setMyCommands", commands=[], scope=nowhere) == (
            400,
            "Bad Request: chat not found",
        )
