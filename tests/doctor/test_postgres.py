"""The doctor over a PostgreSQL: what is wrong with it, and who works there."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from sovetnik.doctor import folder, machine
from sovetnik.doctor.database import storage
from sovetnik.storage import SqlStore
from tests import postgres
from tests.doctor.test_here import one, patient, said
from tests.storage.samples import incoming

ALL = ["database", "connections", "replicas", "schema", "queues", "owner"]


async def examined(url: str) -> dict[str, tuple[str, str]]:
    found = await storage(patient(database_url=url, owner_chats=(1,)))
    return {finding.name: (finding.state, said(finding)) for finding in found}


async def test_a_server_without_a_bot():
    url = postgres.fresh()
    found = await examined(url)
    assert list(found) == ALL
    assert {state for state, _ in found.values()} == {"ok"}
    assert "can be written" in found["database"][1]
    assert "`run` does not run" in found["replicas"][1]
    async with SqlStore.open(url, exclusive=True) as store:
        await store.accept([incoming(1)])
    state, text = (await examined(url))["queues"]
    assert (state, "questions: 1" in text) == ("warning", True)


async def test_before_the_first_start_nothing_is_made():
    url = postgres.fresh(migrated=False)
    found = await examined(url)
    assert {name: state for name, (state, _) in found.items()} == {
        "database": "ok",
        "connections": "ok",
        **dict.fromkeys(("schema", "replicas", "queues", "owner"), "skipped"),
    }
    assert postgres.everything(url) == ""


async def test_a_living_replica_is_seen_and_its_ports_are_not_called_taken(unused_tcp_port):
    url = postgres.fresh()
    who = patient(database_url=url, http_listen=f"127.0.0.1:{unused_tcp_port}")

    async with postgres.living(url):
        found = await storage(who)
    assert "living: 1, on duty: " in said(one(found, "replicas"))
    assert "`run` works (replicas: 1)" in said(one(found, "queues"))
    assert who.runs_here
    assert machine.check_ports(who) is None


@pytest.mark.parametrize(("revision", "state"), [("0000", "warning"), ("9999", "broken")])
async def test_a_schema_of_another_version_is_left_alone(revision, state):
    url = postgres.fresh()
    postgres.execute(f"UPDATE alembic_version SET version_num = '{revision}'", url)
    found = await examined(url)
    assert found["schema"][0] == state
    assert found["queues"][0] == "skipped"
    assert postgres.execute("SELECT version_num FROM alembic_version", url) == [(revision,)]


async def test_what_makes_a_database_useless():
    latin = f"latin_{make_url(postgres.fresh(migrated=False)).database}"
    postgres.execute(f"CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "encoding" in (await examined(postgres.url_of(latin)))["database"][1]
    url = postgres.fresh()
    name = make_url(url).database
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "read-only" in (await examined(url))["database"][1]
    postgres.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    postgres.execute(f"CREATE ROLE looker_{name} LOGIN")
    postgres.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker_{name}", url)
    state, text = (await examined(url.replace("postgres:@", f"looker_{name}:@")))["database"]
    assert (state, "no right to write" in text, "messages" in text) == ("broken", True, True)
    assert "OWNER TO" in text
    empty = postgres.fresh(migrated=False).replace("postgres:@", f"looker_{name}:@")
    assert "CREATE" in (await examined(empty))["database"][1]


async def test_a_pooler_that_drops_what_our_sessions_are_told():
    found = await examined(f"{postgres.fresh()}&options=-c search_path%3Dpublic")
    assert "PgBouncer" in found["database"][1]


async def test_too_few_connections_for_one_more_replica():
    url = postgres.fresh()
    postgres.execute(f"ALTER DATABASE {make_url(url).database} CONNECTION LIMIT 8")
    state, text = (await examined(url))["connections"]
    assert (state, "of 8" in text) == ("warning", True)


async def test_the_index_lies_in_the_data_folder():
    who = patient(database_url=postgres.fresh(), knowledge_embeddings="off", consultant_dir=".")
    assert "have not been read yet" in said(one(await folder.documents(who), "index"))
    assert machine.machine(who)[0].name == "disk"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:hunter2@127.0.0.1:9/shop",
        "postgresql://shop:hun@hunter2@127.0.0.1:9/shop",
        "postgresql://shop:hunter2@127.0.0.1:port/shop",
        "postgresql://127.0.0.1:9/shop?password=hunter2&sslmod=require",
    ],
)
async def test_no_password_is_told_whatever_is_wrong(url):
    found = await storage(patient(database_url=url))
    assert [finding.state for finding in found] == ["broken"] + ["skipped"] * 5
    assert found[0].way_out
    assert "hunter2" not in "".join(map(said, found))
