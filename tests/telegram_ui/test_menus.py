"""The commands that Telegram shows beside the input field."""

from __future__ import annotations

from structlog.testing import capture_logs

from sovetnik.telegram_ui import set_menus
from tests.telegram_ui.simulated import Stage, play

CUSTOMERS = ["start", "new", "contact", "privacy", "forget", "help"]
OWNERS = ["report", "status", "pause", "resume"]


def cyrillic(text: str) -> bool:
    return any("а" <= char.lower() <= "я" for char in text)


def test_customers_see_the_commands_in_their_language_and_owners_their_own_as_well() -> None:
    async def scenario(stage: Stage) -> None:
        john = stage.api.person(first_name="John", language_code="en")
        olga = stage.api.person(first_name="Ольга", language_code="en")
        for person in (john, olga):
            person.start()
        await set_menus(stage.bot, "ru", [olga.id])
        for person, names, russian in (
            (stage.anna, CUSTOMERS, True),
            (john, CUSTOMERS, False),
            (olga, OWNERS + CUSTOMERS, True),
        ):
            shown = person.commands()
            assert [command["command"] for command in shown] == names
            assert [cyrillic(command["description"]) for command in shown] == [russian] * len(names)

    play(scenario)


def test_a_refused_menu_is_logged_and_the_others_are_set_all_the_same() -> None:
    async def scenario(stage: Stage) -> None:
        stage.api.faults.add("setMyCommands", status=500)
        await set_menus(stage.bot, "en", [404, stage.anna.id])
        assert [command["command"] for command in stage.anna.commands()] == OWNERS + CUSTOMERS

    with capture_logs() as logs:
        play(scenario)
    assert [row["event"] for row in logs] == ["menu_refused"] * 2
