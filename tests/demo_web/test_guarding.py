"""Other sites in the same browser reach nothing."""

from __future__ import annotations

import httpx
import pytest

from tests.demo_web.stage import Scene


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", ""])
async def test_a_name_that_was_rebound_to_this_machine(scene: Scene, host: str) -> None:
    for path in ("/", "/events", "/api/state", "/api/mails", "/api/report", "/static/main.js"):
        assert (await scene.http.get(path, headers={"Host": host})).status_code == 403
    posted = await scene.http.post(
        "/api/customers", json={}, headers={"Host": host, "Origin": f"http://{host}"}
    )
    assert posted.status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:9"])
async def test_this_machines_own_names(scene: Scene, host: str) -> None:
    assert (await scene.http.get("/api/state", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
async def test_a_foreign_sites_form(scene: Scene, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=scene.url, headers=headers, trust_env=False) as foreign:
        person = f"/api/customers/{scene.customer}"
        assert (await foreign.post(f"{person}/say", json={"text": "куплю всё"})).status_code == 403
        assert (await foreign.post(f"{person}/upload/file", content=b"x")).status_code == 403
        assert (await foreign.post("/api/customers", json={"first_name": "x"})).status_code == 403
    state = await scene.state()
    assert [one["messages"] for one in state["customers"]] == [[]]


async def test_the_page_runs_nothing_but_its_own(scene: Scene) -> None:
    answer = await scene.http.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/api/state", "/api/customers", "/static/main.js"):
        headers = (await scene.http.get(path)).headers
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
