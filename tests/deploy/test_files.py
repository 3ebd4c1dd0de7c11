"""What an owner would miss if a file of `deploy/` changed; docs/deploy.md names the linters."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sovetnik.app import GRACE
from sovetnik.demo.serving import serve
from sovetnik.settings import Settings
from tests.deploy.files import (
    DEPLOY,
    ROOT,
    compose,
    dockerfile,
    environment_file,
    exec_form,
    image_environment,
    of,
    seconds,
    unit,
)

COMPOSE = ("compose.yaml", "compose.replicas.yaml")
NAMES = {name.upper() for name in Settings.model_fields} | {
    f"{name.upper()}_FILE" for name in Settings.SECRET_NAMES
}
OURS = [(name, service) for name in COMPOSE for service in compose(name)["services"] if "sovetnik" in service]
EVERY = [(name, service) for name in COMPOSE for service in compose(name)["services"]]


def test_the_image_runs_sovetnik_itself_as_process_1_and_not_as_root():
    assert exec_form(of("ENTRYPOINT")[-1]) == ["sovetnik"]
    assert exec_form(of("CMD")[-1]) == ["run"]
    user, _, group = of("USER")[-1].partition(":")
    assert user.isdigit()
    assert int(user) >= 1000
    assert user == group


def test_the_base_has_a_version_and_is_named_once():
    foreign = [
        rest.split()[0] for rest in of("FROM", last=False) if rest.split()[0] not in {"base", "builder"}
    ]
    assert len(foreign) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", foreign[0])


def test_dependencies_are_the_locked_ones_checked_by_hash():
    runs = [run for run in of("RUN", last=False) if "pip install" in run]
    locked = next(run for run in runs if "--requirement" in run)
    assert "--require-hashes" in locked
    assert "--only-binary=:all:" in locked
    assert all("--no-deps" in run or "--requirement" in run or "poetry==" in run for run in runs)
    bootstrap = (ROOT / "scripts" / "bootstrap").read_text(encoding="utf-8")
    for variable, package in (("poetry_version", "poetry"), ("export_version", "poetry-plugin-export")):
        version = re.search(rf"^{variable}=(\S+)", bootstrap, re.MULTILINE)[1]
        assert any(f" {package}=={version}" in run for run in runs), package


def test_the_builder_gets_what_is_copied_and_nothing_else():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"  # so .env, data/ and deploy/secrets/ stay outside without being named
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    words = [row.rest.split() for row in dockerfile() if row.name == "COPY" and "--from" not in row.rest]
    copied = {word for row in words for word in row[:-1] if not word.startswith("--")}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_what_the_image_and_the_files_set_are_settings():
    plain = {"PATH", "PYTHONDONTWRITEBYTECODE"}
    assert image_environment().keys() - plain <= NAMES
    assert environment_file("sovetnik.env.example").keys() <= NAMES
    for name, service in OURS:
        assert compose(name)["services"][service].get("environment", {}).keys() <= NAMES


def test_the_database_lies_in_the_volume_and_the_health_check_has_an_address():
    environment = image_environment()
    volume = of("VOLUME")[-1]
    assert environment["DATABASE_URL"].startswith(f"sqlite:///{volume}/")
    assert of("WORKDIR")[-1] == volume
    assert environment["HTTP_LISTEN"].endswith(f":{of('EXPOSE')[-1]}")
    check = of("HEALTHCHECK")[-1].partition("CMD ")[2]
    assert exec_form(check) == ["healthcheck"]


@pytest.mark.parametrize(("name", "service"), OURS)
def test_a_container_of_ours_can_write_only_its_data(name: str, service: str):
    made = compose(name)["services"][service]
    assert made["read_only"] is True
    assert made["cap_drop"] == ["ALL"]
    assert "cap_add" not in made
    assert "ports" not in made  # /healthz has no password
    writable = [v for v in made["volumes"] if isinstance(v, str) or not v.get("read_only")]
    targets = [v.split(":")[1] if isinstance(v, str) else v["target"] for v in writable]
    assert targets == of("VOLUME")
    assert any(mount.startswith("/tmp") for mount in made["tmpfs"])


@pytest.mark.parametrize(("name", "service"), EVERY)
def test_every_container_comes_back_gains_no_rights_and_cannot_fill_the_disk_with_logs(name, service):
    made = compose(name)["services"][service]
    assert made["restart"] == "unless-stopped"
    assert made["security_opt"] == ["no-new-privileges:true"]
    assert made["cap_drop"] == ["ALL"]
    assert {"max-size", "max-file"} <= made["logging"]["options"].keys()
    image = made["image"]
    assert image == "sovetnik" or re.fullmatch(r"[a-z]+:\d[\w.-]*", image)


def test_who_stops_it_waits_until_running_turns_had_their_time():
    waits = [compose(name)["services"][service]["stop_grace_period"] for name, service in OURS]
    waits += [value for _, name, value in unit() if name == "TimeoutStopSec"]
    assert len(waits) == 4
    assert all(seconds(wait) >= GRACE + 10 for wait in waits)


def test_no_secret_stands_in_a_file_of_the_repository():
    for name, service in EVERY:
        environment = compose(name)["services"][service].get("environment", {})
        for key, value in environment.items():
            assert not re.search("TOKEN|KEY|PASSWORD|DATABASE_URL", key) or (
                key.endswith("_FILE") and value.startswith("/run/secrets/")
            )
    example = environment_file("sovetnik.env.example")
    secrets = {name.upper() for name in Settings.SECRET_NAMES}
    assert not example.keys() & secrets
    ignored = (DEPLOY / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/.env", "/sovetnik.env", "/secrets/", "/consultant/"} <= set(ignored)


def test_the_replicas_differ_in_their_index_only_and_caddy_knows_both():
    services = compose("compose.replicas.yaml")["services"]
    ours = {name: dict(service) for name, service in services.items() if "sovetnik" in name}
    assert len(ours) == 2
    folders = {str(service.pop("volumes")[-1]) for service in ours.values()}
    assert len(folders) == 2
    first, second = ours.values()
    assert first == second
    environment = first["environment"]
    port = environment["TELEGRAM_WEBHOOK_LISTEN"].partition(":")[2]
    caddyfile = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert "{$REPLICAS:" + " ".join(f"{name}:{port}" for name in ours) + "}" in caddyfile
    path = environment["TELEGRAM_WEBHOOK_URL"].rpartition("/")[2]
    assert f"handle /{path} {{" in caddyfile
    assert "{$HEALTH_PORT:" + of("EXPOSE")[-1] + "}" in caddyfile


def test_the_database_server_is_reached_by_the_replicas_only():
    made = compose("compose.replicas.yaml")
    assert made["networks"]["database"] == {"internal": True}
    there = {name for name, service in made["services"].items() if "database" in service["networks"]}
    assert there == {"postgres", "sovetnik-1", "sovetnik-2"}
    assert made["services"]["postgres"]["networks"] == ["database"]
    assert "ports" not in made["services"]["postgres"]


def test_the_unit_writes_only_to_its_state_and_starts_again_after_a_failure():
    service = {name: value for section, name, value in unit() if section == "Service"}
    assert service["ProtectSystem"] == "strict"
    assert "ReadWritePaths" not in service
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert service["NoNewPrivileges"] == "yes"
    assert service["User"] not in {"", "root"}
    assert service["Restart"] == "on-failure"
    assert service["ExecStart"].endswith(" run")
    assert "WatchdogSec" not in service  # nothing sends the signs of life it would wait for


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
async def test_the_health_check_says_what_healthz_says_whatever_proxy_docker_sets(status: int, code: int):
    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"status": "said"}, status)

    async with serve(Starlette(routes=[Route("/healthz", healthz)])) as url:
        port = url.rpartition(":")[2]
        ended, out, _ = await healthcheck(HTTP_LISTEN=f"0.0.0.0:{port}", http_proxy="http://127.0.0.1:1")
    assert (ended, out) == (code, f'{status} {{"status":"said"}}\n')


async def test_the_health_check_fails_where_nobody_listens_or_nothing_is_set():
    ended, _, err = await healthcheck(HTTP_LISTEN="127.0.0.1:1")
    assert ended == 1
    assert "no answer from 127.0.0.1:1" in err
    ended, _, err = await healthcheck()
    assert ended == 1
    assert "HTTP_LISTEN" in err


async def healthcheck(**env: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", DEPLOY / "healthcheck", env=env, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()
