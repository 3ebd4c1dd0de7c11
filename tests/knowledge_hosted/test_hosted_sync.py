"""The mirror of the knowledge folder in a vector store: what it uploads, replaces and removes."""

import math
import os
from hashlib import sha256

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Passage
from sovetnik.knowledge.chunks import Chunk
from sovetnik.knowledge.hosted import HostedFile, HostedSync
from sovetnik.knowledge.hosted.convert import markdown_of
from sovetnik.knowledge.hosted.marks import Mark, prefix_of


async def test_a_folder_goes_up_and_is_found(at):
    at.write("prices.md", "# Цены\n\nКапучино стоит 250 рублей.")
    at.write("delivery/city.txt", "Доставка по городу бесплатна.")
    at.write(".hidden.md", "секрет")
    assert await at.sync() == HostedSync(added=2)
    assert at.mirrored() == {
        "prices.md": "# Цены\n\nКапучино стоит 250 рублей.",
        "delivery/city.txt": "Доставка по городу бесплатна.",
    }
    found = await at.hosted.search("Сколько стоит капучино?", 3)
    assert found == [Passage("prices.md", "", "# Цены\n\nКапучино стоит 250 рублей.", found[0].score)]
    assert 0 < found[0].score <= 1


async def test_the_second_sync_uploads_nothing(at):
    at.write("a.md", "раз")
    at.write("b.md", "два")
    await at.sync()
    assert await at.sync() == HostedSync(unchanged=2)
    assert len(at.posted("/v1/files")) == 2


async def test_changes_replace_and_leave_nothing_behind(at):
    for name in ("a.md", "b.md", "c.md"):
        at.write(name, f"старый {name}")
    await at.sync()
    at.write("a.md", "новый")
    (at.folder / "b.md").unlink()
    at.write("d.md", "ещё")
    assert await at.sync() == HostedSync(added=1, changed=1, removed=1, unchanged=1)
    assert at.mirrored() == {"a.md": "новый", "c.md": "старый c.md", "d.md": "ещё"}
    assert at.is_tidy()


async def test_the_old_version_is_searched_until_the_new_one_is_indexed(at):
    at.write("a.md", "старый")
    await at.sync()
    at.write("a.md", "новый")
    at.library.indexing_delay = math.inf
    steps = []

    def indexed(done, total, source):
        steps.append((done, total, source, at.mirrored()))
        for file in at.vector_store.files.values():
            file.ready_at = 0

    assert await at.sync(progress=indexed) == HostedSync(changed=1)
    assert steps == [(0, 1, "a.md", {"a.md": "старый"}), (1, 1, "a.md", {"a.md": "новый"})]
    assert at.is_tidy()


async def test_others_files_are_left_alone(at):
    foreign = at.library.add_file("manual.md", "assistants", "чужой".encode())
    at.library.attach(at.vector_store, foreign.id, {"team": "sales"})
    name = Mark.of("a.md", "00").filename(prefix_of("vs_another"), ".md")
    loose = at.library.add_file(name, "assistants", b"another installation is about to attach this")
    await at.sync()
    assert set(at.vector_store.files) == {foreign.id}
    assert set(at.library.files) == {foreign.id, loose.id}
    assert await at.hosted.status() == []
    assert [found.source for found in await at.hosted.search("чужой", 3)] == ["manual.md"]


async def test_the_attributes_say_what_it_is(at):
    at.write("доставка/Цены №1.md", "раз")
    await at.sync()
    (file,) = at.vector_store.files.values()
    digest = sha256("раз".encode()).hexdigest()
    assert file.attributes["sovetnik_source"] == "доставка/Цены №1.md"
    assert file.attributes["sovetnik_sha256"] == digest
    assert file.file.filename.startswith("sovetnik-")
    assert file.file.filename.endswith("-Цены _1.md")
    (status,) = await at.hosted.status()
    assert status == HostedFile("доставка/Цены №1.md", "completed", len("раз".encode()), digest)


async def test_a_table_becomes_markdown(at):
    at.write("prices.csv", "Товар,Цена\nКапучино,250\n")
    at.write("Goods.XLSX", b"PK whatever")

    async def read(path, source):
        return [Chunk(source, "Прайс", "Товар | Цена\nКапучино | 250")]

    assert await at.sync(read=read) == HostedSync(added=2)
    text = "# Прайс\n\nТовар | Цена\nКапучино | 250"
    assert at.mirrored() == {"prices.csv": text, "Goods.XLSX": text}
    names = [file.filename for file in at.library.files.values()]
    assert sorted(name.rpartition("-")[2] for name in names) == ["Goods.XLSX.md", "prices.csv.md"]


async def test_the_products_own_readers_convert(at):
    at.write("prices.csv", "Товар;Цена\nКапучино;250\nЧай;100\n", "cp1251")
    at.write("page.htm", '<meta charset="windows-1251"><h1>Доставка</h1><p>Бесплатно.</p>', "cp1251")
    at.write("a.txt", "Кофе по-венски стоит триста рублей.", "cp1251")
    at.write("b.txt", "Чай стоит сто рублей.", "utf-16")
    at.write("broken.xlsx", b"PK no zip")
    result = await at.sync()
    assert (result.added, [file.source for file in result.failed]) == (4, ["broken.xlsx"])
    mirrored = at.mirrored()
    assert "Товар | Цена\nКапучино | 250" in mirrored["prices.csv"]
    assert mirrored["page.htm"] == "# Доставка\n\nБесплатно."
    assert mirrored["a.txt"] == "Кофе по-венски стоит триста рублей."
    assert mirrored["b.txt"] == "Чай стоит сто рублей."


async def test_documents_that_the_store_takes_go_up_as_they_are(at):
    page = "<h1>Доставка</h1><p>Бесплатно.</p>"
    at.write("page.htm", page)
    at.write("a.MARKDOWN", "# Раз")
    at.write("b.pdf", b"%PDF-1.4 broken")
    result = await at.sync()
    assert (result.added, [file.source for file in result.failed]) == (2, ["b.pdf"])
    assert at.mirrored() == {"page.htm": page, "a.MARKDOWN": "# Раз"}
    assert result.failed[0].error.startswith("invalid_file: The file could not be parsed")


def test_markdown_has_each_heading_once():
    chunks = [
        Chunk("a", "", "вступление"),
        Chunk("a", "Кофе › Цены", "раз"),
        Chunk("a", "Кофе › Цены", "два "),
        Chunk("a", "Чай", ""),
    ]
    assert markdown_of(chunks) == "вступление\n\n# Кофе › Цены\n\nраз\n\nдва\n\n# Чай"


async def test_no_file_from_outside_goes_up(at):
    secret = at.folder.parent / ".env"
    secret.write_text("TELEGRAM_TOKEN=1")
    (at.folder / "a.md").symlink_to(secret)
    (at.folder / "nowhere.md").symlink_to(at.folder / "gone.md")
    os.mkfifo(at.folder / "pipe.md")
    at.write("b.md", "раз")
    (at.folder / "inside.md").symlink_to(at.folder / "b.md")
    result = await at.sync()
    assert [(file.source, file.error) for file in result.failed] == [
        ("a.md", "a link out of the knowledge folder: copy the file itself into the folder"),
        ("nowhere.md", "cannot be read: No such file or directory"),
        ("pipe.md", "this is not a file: replace it with one"),
    ]
    assert at.mirrored() == {"b.md": "раз", "inside.md": "раз"}


async def test_an_empty_document_is_none_and_no_fault(at):
    at.write("a.md", " \n")
    assert await at.sync() == HostedSync(unchanged=1)
    at.write("a.md", "раз")
    await at.sync()
    at.write("a.md", "")
    assert await at.sync() == HostedSync(removed=1)
    assert at.library.files == {}


async def test_a_document_that_cannot_be_read_keeps_its_old_version(at):
    at.write("a.csv", "старый")
    at.write("b.md", "раз")

    async def old(path, source):
        return [Chunk(source, "", "старый")]

    await at.sync(read=old)
    at.write("a.csv", "новый")
    at.write("b.md", "два")

    async def broken(path, source):
        raise ValueError("this is no table")

    result = await at.sync(read=broken)
    assert [(file.source, file.error) for file in result.failed] == [("a.csv", "this is no table")]
    assert (result.changed, at.mirrored()) == (1, {"a.csv": "старый", "b.md": "два"})


async def test_a_failed_indexing_is_named_and_the_rest_goes_on(at):
    at.library.failing["*-bad.md"] = ("server_error", "An internal error occurred.")
    at.write("bad.md", "раз")
    at.write("good.md", "два")
    result = await at.sync()
    assert result.added == 1
    assert [(file.source, file.error) for file in result.failed] == [
        ("bad.md", "server_error: An internal error occurred.")
    ]
    bad, good = await at.hosted.status()
    assert (bad.source, bad.status, bad.error) == ("bad.md", "failed", result.failed[0].error)
    assert (good.status, good.error) == ("completed", None)
    await at.sync()
    assert len(at.vector_store.files) == 2
    at.library.failing.clear()
    assert await at.sync() == HostedSync(added=1, unchanged=1)
    assert at.mirrored() == {"bad.md": "раз", "good.md": "два"}
    assert at.is_tidy()


async def test_a_failed_new_version_leaves_the_old_one_searched(at):
    at.write("a.md", "старый")
    await at.sync()
    at.library.failing["*-a.md"] = ("invalid_file", "The file could not be parsed.")
    at.write("a.md", "новый")
    result = await at.sync()
    assert [file.source for file in result.failed] == ["a.md"]
    assert at.mirrored() == {"a.md": "старый"}
    assert (len(at.vector_store.files), at.is_tidy()) == (1, True)


async def test_a_removal_that_lingers_confuses_nobody(at):
    at.library.removal_delay = math.inf
    at.write("a.md", "раз")
    await at.sync()
    at.write("a.md", "два")
    assert await at.sync() == HostedSync(changed=1)
    at.write("a.md", "раз")
    assert await at.sync() == HostedSync(changed=1)
    assert await at.sync() == HostedSync(unchanged=1)
    assert (at.mirrored(), at.is_tidy()) == ({"a.md": "раз"}, True)
    assert len(await at.hosted.status()) == 1


async def test_a_provider_that_keeps_no_attributes(at):
    at.write("a.md", "раз")
    at.write("b.md", "два")
    await at.sync()
    for file in at.vector_store.files.values():
        file.attributes = {}
    assert await at.sync() == HostedSync(unchanged=2)
    (at.folder / "b.md").unlink()
    at.write("a.md", "новый")
    assert await at.sync() == HostedSync(changed=1, removed=1)
    assert (at.mirrored(), at.is_tidy()) == ({"a.md": "новый"}, True)


async def test_many_documents_over_several_pages(at):
    for number in range(130):
        at.write(f"{number}.md", f"документ {number}")
    assert await at.sync() == HostedSync(added=130)
    assert await at.sync() == HostedSync(unchanged=130)
    assert len(at.mirrored()) == 130


async def test_a_folder_that_is_not_there_removes_nothing(at):
    at.write("a.md", "раз")
    await at.sync()
    with pytest.raises(ConfigError, match="cannot read the folder"):
        await at.hosted.sync(at.folder / "other")
    assert at.mirrored() == {"a.md": "раз"}


async def test_a_path_too_long_for_an_attribute(at):
    name = "/".join(["д" * 100] * 6) + "/a.md"
    at.write(name, "раз")
    (failed,) = (await at.sync()).failed
    assert (failed.source, failed.error) == (name, "its path is longer than 512 characters; shorten it")


async def test_only_basic_parameters_go_out(at):
    at.write("a.md", "раз")
    await at.sync()
    await at.hosted.search("раз", 3)
    (upload,) = at.posted("/v1/files")
    (attached,) = at.posted(f"/v1/vector_stores/{at.vector_store.id}/files")
    (search,) = at.posted(f"/v1/vector_stores/{at.vector_store.id}/search")
    assert set(upload.body) == {"file", "purpose"}
    assert set(attached.body) == {"file_id", "attributes"}
    assert set(search.body) == {"query", "max_num_results"}
