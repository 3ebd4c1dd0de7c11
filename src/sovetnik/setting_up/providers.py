"""Who serves models, and which of their models fits a consultant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sovetnik.doctor.finding import Said
from sovetnik.setting_up.given import ProviderName


@dataclass(frozen=True, slots=True)
class Provider:
    """A preset.

    Attributes:
        url: ``OPENAI_BASE_URL``; None for OpenAI itself, empty where the owner names it.
        where: Where a key is made.
        project: Whether ``OPENAI_PROJECT`` is needed.
        key: Whether a key is needed.
        prefer: Patterns of model ids, best first.
    """

    title: Said
    url: str | None
    where: Said
    project: bool = False
    key: bool = True
    prefer: tuple[str, ...] = ()


PROVIDERS: Mapping[ProviderName, Provider] = {
    "openai": Provider(
        Said("OpenAI", "OpenAI"),
        None,
        Said("https://platform.openai.com/api-keys", "https://platform.openai.com/api-keys"),
        prefer=(r"gpt-6-luna", r"gpt-6-sol", r"gpt-5\.6-luna", r"gpt-5\.4-mini", r"gpt-\d.*(?:luna|mini)"),
    ),
    "yandex": Provider(
        Said("Yandex AI Studio (Russia, paid in roubles)", "Yandex AI Studio (Россия, оплата в рублях)"),
        "https://ai.api.cloud.yandex.net/v1",
        Said(
            "https://aistudio.yandex.ru: service account → API key",
            "https://aistudio.yandex.ru: API-ключ сервисного аккаунта",
        ),
        project=True,
        prefer=(r"yandexgpt/(?:latest|rc)", r"yandexgpt", r"qwen", r"gpt-oss-120b"),
    ),
    "openrouter": Provider(
        Said("OpenRouter (hundreds of models, one key)", "OpenRouter (сотни моделей, один ключ)"),
        "https://openrouter.ai/api/v1",
        Said("https://openrouter.ai/settings/keys", "https://openrouter.ai/settings/keys"),
        prefer=(r"openai/gpt-6-luna", r"openai/gpt-.*(?:luna|mini)", r"openai/gpt-", r"qwen/qwen3"),
    ),
    "ollama": Provider(
        Said("Ollama (on this machine, no key)", "Ollama (на этом компьютере, без ключа)"),
        "http://localhost:11434/v1",
        Said(
            "https://ollama.com/download, then: ollama pull qwen3",
            "https://ollama.com/download, затем: ollama pull qwen3",
        ),
        key=False,
        prefer=(r"qwen3", r"gpt-oss", r"gemma", r"llama", r"mistral"),
    ),
    "own": Provider(
        Said("Another server that speaks the Responses API", "Другой сервер с Responses API"),
        "",
        Said("whoever runs the server knows", "знает владелец сервера"),
        prefer=(r"gpt-6-luna", r"gpt-.*(?:luna|mini)", r"qwen", r"gpt"),
    ),
    "none": Provider(
        Said("None for now: quotes from your documents", "Пока никакой: выдержки из ваших документов"),
        None,
        Said("", ""),
        key=False,
    ),
}

_NO_TALKER = re.compile(
    r"embed|whisper|tts|transcri|image|dall-e|moderation|realtime|audio|rerank|speech|sora|davinci|babbage"
    r"|vision-only|guard|search|codex|computer-use",
    re.IGNORECASE,
)


def provider_of(base_url: str | None) -> ProviderName:
    """The preset behind a base URL."""
    if not base_url:
        return "openai"
    for name, preset in PROVIDERS.items():
        if preset.url == base_url.rstrip("/"):
            return name
    return "own"


def candidates(provider: ProviderName, alive: Sequence[str], wanted: str | None) -> list[str]:
    """Models that can talk, the most fitting first.

    Args:
        provider: Whose.
        alive: The ids that it lists.
        wanted: The one in use until now.
    """
    talkers = [name for name in alive if not _NO_TALKER.search(name)] or list(alive)
    ranked = [name for name in talkers if name == wanted]
    for pattern in PROVIDERS[provider].prefer:
        ranked += sorted((name for name in talkers if re.search(pattern, name)), key=len)
    return list(dict.fromkeys([*ranked, *talkers]))
