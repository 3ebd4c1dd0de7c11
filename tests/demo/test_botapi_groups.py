"""Groups: what the bot hears in them, how it comes and goes, and a group that becomes a supergroup."""

import pytest
from telegram.error import ChatMigrated, Forbidden
from test_botapi_support import desk


async def heard(d):
    """The messages the bot is told of, each once."""
    got = await d.bot.get_updates()
    if got:
        await d.bot.get_updates(offset=got[-1].update_id + 1)
    return [u.effective_message for u in got if u.effective_message is not None]


async def test_privacy_mode_hides_what_is_not_for_the_bot():
    async with desk() as d:
        anna, boris = d.api.person(), d.api.person()
        team = d.api.group(anna, boris)
        for text in ("между собой", "/help@other_bot", "@other_bot привет", "name@sovetnik_demo_bot.ru"):
            assert anna.say(text, group=team).update_id is None
        sent = await d.bot.send_message(team.id, "я тут")
        anna.say("/help", group=team)
        anna.say("/start@sovetnik_demo_bot", group=team)
        anna.say("@Sovetnik_Demo_Bot привет", group=team)
        boris.say("ага", group=team, reply_to=sent.message_id)
        boris.send_photo(b"\xff\xd8\xff", caption="@sovetnik_demo_bot что это?", group=team)
        boris.send_voice(b"OggS", group=team)
        boris.send_voice(b"OggS", group=team, reply_to=sent.message_id)
        got = await heard(d)
        assert [m.text or m.caption for m in got] == [
            "/help",
            "/start@sovetnik_demo_bot",
            "@Sovetnik_Demo_Bot привет",
            "ага",
            "@sovetnik_demo_bot что это?",
            None,
        ]
        assert {(m.chat.id, m.chat.type) for m in got} == {(team.id, "group")}
        assert got[3].reply_to_message.from_user.id == d.bot.id
        assert got[3].from_user.id == boris.id


async def test_edits_are_hidden_as_messages_are():
    async with desk() as d:
        anna = d.api.person()
        team = d.api.group(anna)
        own = anna.say("между собой", group=team)
        asked = anna.say("@sovetnik_demo_bot цена?", group=team)
        assert anna.edit(own.id, "всё ещё между собой") is None
        assert anna.edit(asked.id, "@sovetnik_demo_bot цена и срок?") is not None
        assert anna.edit(own.id, "@sovetnik_demo_bot и это", group=team) is not None


async def test_without_privacy_mode_a_group_says_everything():
    async with desk(privacy_mode=False) as d:
        anna = d.api.person()
        team = d.api.group(anna)
        anna.say("между собой", group=team)
        assert [m.text for m in await heard(d)] == ["между собой"]
        assert (await d.bot.get_me()).can_read_all_group_messages


async def test_buttons_in_a_group():
    async with desk() as d:
        anna, boris, other = d.api.person(), d.api.person(), d.api.person()
        team = d.api.group(anna, boris)
        keys = {"inline_keyboard": [[{"text": "Беру", "callback_data": "take"}]]}
        sent = await d.bot.send_message(team.id, "Заявка", reply_markup=keys)
        boris.press("Беру", group=team)
        with pytest.raises(ValueError, match="no button"):
            boris.press("Беру")
        with pytest.raises(ValueError, match="not in"):
            other.press("Беру", group=team)
        [update] = await d.bot.get_updates()
        query = update.callback_query
        assert (query.from_user.id, query.message.chat.id) == (boris.id, team.id)
        assert query.message.message_id == sent.message_id


async def test_the_bot_comes_and_goes():
    async with desk() as d:
        anna = d.api.person()
        team = d.api.group(anna, has_bot=False)
        words = "Forbidden: bot was kicked from the group chat"
        assert await d.refused("sendMessage", chat_id=team.id, text="а") == (403, words)
        assert anna.say("/help", group=team).update_id is None
        team.add_bot(anna)
        await d.bot.send_message(team.id, "тут")
        team.remove_bot(anna)
        anna.say("/help", group=team)
        with pytest.raises(Forbidden):
            await d.bot.send_message(team.id, "не тут")
        added, told, removed, bye = await d.bot.get_updates()
        assert added.my_chat_member.old_chat_member.status == "left"
        assert added.my_chat_member.new_chat_member.status == "member"
        assert [user.id for user in told.message.new_chat_members] == [d.bot.id]
        assert removed.my_chat_member.from_user.id == anna.id
        assert removed.my_chat_member.new_chat_member.status == "left"
        assert bye.message.left_chat_member.id == d.bot.id


async def test_members_come_and_go():
    async with desk() as d:
        anna, boris, other = d.api.person(), d.api.person(), d.api.person()
        team = d.api.group(anna)
        with pytest.raises(ValueError, match="not in"):
            boris.say("впустите", group=team)
        team.invite(boris, by=anna)
        team.invite(other)
        team.rename("Отдел продаж", by=anna)
        team.service(anna, {"delete_chat_photo": True})
        team.leave(other)
        brought, alone, named, photo, left = await heard(d)
        assert (brought.from_user.id, brought.new_chat_members[0].id) == (anna.id, boris.id)
        assert alone.from_user.id == other.id
        assert (named.new_chat_title, named.chat.title) == ("Отдел продаж", "Отдел продаж")
        assert photo.delete_chat_photo
        assert left.left_chat_member.id == other.id
        assert (await d.bot.get_chat_member(team.id, boris.id)).status == "member"
        assert (await d.bot.get_chat_member(team.id, other.id)).status == "left"


async def test_a_group_becomes_a_supergroup():
    async with desk() as d:
        anna = d.api.person()
        team = d.api.group(anna)
        old = await d.bot.send_message(team.id, "ещё группа")
        bigger = team.migrate()
        body = await d.call("sendMessage", chat_id=team.id, text="а")
        assert body["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
        assert body["parameters"] == {"migrate_to_chat_id": bigger.id}
        for call in (d.bot.send_chat_action(team.id, "typing"), old.edit_text("б")):
            with pytest.raises(ChatMigrated) as error:
                await call
            assert error.value.new_chat_id == bigger.id
        with pytest.raises(ValueError, match="has become the supergroup"):
            anna.say("/help", group=team)
        assert (await d.bot.send_message(bigger.id, "переехали")).chat.type == "supergroup"
        assert anna.say("/help", group=bigger).id == 3  # supergroups count for themselves
        gone, come, said = await heard(d)
        assert (gone.chat.id, gone.migrate_to_chat_id) == (team.id, bigger.id)
        assert (come.chat.id, come.migrate_from_chat_id) == (bigger.id, team.id)
        assert said.chat.id == bigger.id
        bigger.remove_bot(anna)
        words = "Forbidden: bot was kicked from the supergroup chat"
        assert await d.refused("sendMessage", chat_id=bigger.id, text="а") == (403, words)
        bigger.add_bot(anna)
        assert (await d.bot.send_message(bigger.id, "снова тут")).text == "снова тут"
        got = await d.bot.get_updates()
        assert [u.message.left_chat_member.id for u in got if u.message and u.message.left_chat_member] == [
            d.bot.id
        ]
        kicked, back = [u.my_chat_member for u in got if u.my_chat_member]
        assert kicked.new_chat_member.status == "kicked"
        assert back.new_chat_member.status == "member"
