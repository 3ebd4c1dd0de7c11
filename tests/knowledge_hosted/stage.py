"""The model server, a knowledge folder and the mirror between them."""

from contextlib import asynccontextmanager
from datetime import timedelta

from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

from sovetnik.connecting import trusted
from sovetnik.demo.modelapi import ModelApi
from sovetnik.demo.serving import serve
from sovetnik.knowledge.hosted import HostedStore

QUICK = {"poll": timedelta(milliseconds=2), "pause": timedelta(milliseconds=2)}


class Stage:
    """Everything of one test. Files are written and looked at by their text."""

    def __init__(self, api, base, client, folder):
        self.api = api
        self.base = base
        self.client = client
        self.folder = folder
        self.library = api.library
        self.vector_store = api.library.add_store("knowledge")
        self.hosted = self.mirror()

    def mirror(self, **options):
        client = options.pop("client", self.client)
        store_id = options.pop("store_id", self.vector_store.id)
        return HostedStore(client, store_id, **{**QUICK, **options})

    def write(self, name, text, encoding="utf-8"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))

    async def sync(self, **options):
        return await self.hosted.sync(self.folder, **options)

    def mirrored(self):
        """What is searched, by source; a source that is there twice fails the test."""
        found = {}
        for file in self.vector_store.files.values():
            source = file.attributes.get("sovetnik_source")
            if source is not None and file.status == "completed":
                assert source not in found, f"two versions of {source}"
                found[source] = file.file.data.decode()
        return found

    def is_tidy(self):
        """No upload of ours is left outside the store."""
        return set(self.library.files) == set(self.vector_store.files)

    def posted(self, path):
        return [call for call in self.api.requests if (call.method, call.path) == ("POST", path)]


@asynccontextmanager
async def stage(folder, **options):
    folder.mkdir(exist_ok=True)
    api = ModelApi(**options)
    http = DefaultAsyncHttpx2Client(verify=trusted())  # which was read before: 17 ms a client
    async with (
        serve(api.app) as base,
        AsyncOpenAI(
            base_url=f"{base}/v1", api_key=api.key, max_retries=0, timeout=5, http_client=http
        ) as client,
    ):
        yield Stage(api, base, client, folder)
