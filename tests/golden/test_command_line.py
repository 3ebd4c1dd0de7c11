"""The commands as a shell and a CI see them: exit codes, and one message where something is wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.golden.shop import Shop


async def sovetnik(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sovetnik",
        *arguments,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANGUAGE": "en",
            "KNOWLEDGE_EMBEDDINGS": "off",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_green_is_zero_red_is_one_and_nothing_but_the_result_is_printed(shop: Shop) -> None:
    shop.ask('ask = "How much is the oak bed Nerl?"\nmust = "1200"')
    code, out, err = await sovetnik(shop.folder, "check")
    assert (code, err.count("\n")) == (0, 1)
    assert "1 green, 0 red" in out
    shop.ask('ask = "How much is the oak bed Nerl?"\nmust = "1300"')
    code, out, _ = await sovetnik(shop.folder, "check", "consultant/check.toml", "-n", "2")
    assert code == 1
    assert "consultant/check.toml:1" in out
    assert "lacks: 1300" in out


async def test_a_broken_file_is_one_message(shop: Shop) -> None:
    shop.ask('ask = "How much?"\nmsut = "1200"')
    code, out, err = await sovetnik(shop.folder, "check")
    assert (code, out) == (1, "")
    assert err == "sovetnik: consultant/check.toml, line 3: unknown key 'msut'; did you mean must?\n"
    code, _, err = await sovetnik(shop.folder, "check", "-n", "0")
    assert code == 1
    assert "-n:" in err
