"""Settings from the environment and ``.env``: checked here, explained to the owner, plain values inside.

The table in the README and ``.env.example`` are generated from this class (``scripts/settings_docs.py``).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Language

ENV_FILE = Path(".env")

PREFIXES = (
    "TELEGRAM_",
    "OPENAI_",
    "SMTP_",
    "REPORT_",
    "LEADS_",
    "CONSULTANT_",
    "KNOWLEDGE_",
    "OWNER_",
    "SOVETNIK_",
)
"""Names of the environment that begin so are meant for us: an unknown one is a slip of the pen."""

_PASSWORDS = re.compile(r"(?:://[^:@/]*:|[?&](?:ssl)?password=)([^&]+?)(?=@[^@]*$|&|$)")
"""Those inside an address; one with unescaped signs, which a parser would cut in two, is taken as well."""


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    for address in value:
        if "@" not in address or any(c in address for c in " <>\r\n"):
            raise ValueError(f"{address!r} is no e-mail address; write name@example.com, separated by commas")
    return value


def _time(value: object) -> time:
    if isinstance(value, time):
        return value
    try:
        hour, minute = str(value).split(":")
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError(f"{value!r} is no time of day; write it as 09:00") from None


def _zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone; write it as Europe/Moscow") from None


def _language(value: object) -> object:
    """``ru``, and what shells put into a variable of the same name: ``ru_RU:en``."""
    for part in str(value).split(":"):
        short = part.strip().lower().replace("-", "_").split("_")[0].split(".")[0]
        if short in {"ru", "en"}:
            return short
    raise ValueError(f"{value!r} is not supported; write ru or en")


def _proxy(schemes: tuple[str, ...]) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            usable = parts.scheme in schemes and bool(parts.hostname)
            _ = parts.port
        except ValueError:  # its words quote the password
            usable = False
        if not usable:
            raise ValueError(
                f"write it as {schemes[0]}://host:port or {schemes[0]}://user:password@host:port (possible: "
                f"{', '.join(schemes)}; port up to 65535; special characters in the password as %XX)"
            )
        return value

    return AfterValidator(check)


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{value!r} is no address; write it as https://host/path")
    return value.rstrip("/")


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{value!r}: write it as host:port, such as 127.0.0.1:8080")
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
        raise ValueError("use 1 to 256 Latin letters, digits, _ and -")
    return value


def _ascii(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text.isascii() or any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError(
            "holds characters that no key has (a space, a line break, Russian letters); copy it anew"
        )
    return SecretStr(text)


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_addresses)]
Url = Annotated[str, AfterValidator(_url)]
Listen = Annotated[str, AfterValidator(_listen)]
Key = Annotated[SecretStr, AfterValidator(_ascii)]
Proxy = Annotated[SecretStr, _proxy(("socks5", "socks5h", "http", "https"))]
SocksProxy = Annotated[SecretStr, _proxy(("socks5", "socks5h", "http"))]


class Settings(BaseSettings):
    """Everything an owner can set. Names in the environment are these in capitals."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", env_ignore_empty=True)

    telegram_token: Key | None = Field(None, description="The bot's token from @BotFather; needed to run")
    telegram_base_url: Url = Field("https://api.telegram.org", description="Bot API root without `/bot…`")
    telegram_proxy: Proxy | None = Field(None, description="`socks5://user:pass@host:port` or `http://…`")
    telegram_webhook_url: Url | None = Field(None, description="Public address: webhook instead of polling")
    telegram_webhook_listen: Listen = Field("127.0.0.1:8443", description="Where the webhook listens")
    telegram_webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] | None = Field(
        None, description="Checked on every call; made if absent"
    )
    telegram_streaming: Literal["drafts", "edits", "off"] = Field(
        "drafts", description="How a growing answer is shown"
    )
    telegram_rate: float = Field(
        30, ge=0, description="Messages a second that we send, overall; 0 = no limit"
    )
    telegram_chat_rate: float = Field(1, ge=0, description="The same in one chat; 0 = no limit")

    openai_api_key: Key | None = Field(
        None, description="The model's key; without it answers are quotes from the documents"
    )
    openai_base_url: Url | None = Field(None, description="Another server that speaks the Responses API")
    openai_project: str | None = Field(None, description="Project (Yandex AI Studio: the folder)")
    openai_proxy: Proxy | None = Field(None, description="As `TELEGRAM_PROXY`")
    openai_model: str = Field("gpt-6-luna", description="Model id")
    openai_timeout: float = Field(60, gt=0, description="Seconds without a sign of life from the model")
    openai_context: Literal["conversation", "history"] | None = Field(
        None,
        description="`conversation`: the dialogue is kept at OpenAI (default there); "
        "`history`: our own transcript is sent (default elsewhere)",
    )
    openai_vector_store: str | None = Field(None, description="Vector store for file_search; empty = local")

    openai_transcription_model: str | None = Field(
        None,
        description="Model that hears voice messages; `off` = none (default: `gpt-transcribe` at OpenAI, "
        "else `off`)",
    )

    consultant_dir: Path = Field(Path("consultant"), description="The owner's folder")
    knowledge_embeddings: str = Field(
        "local",
        description="How documents are found by meaning: `local` (on this machine), `off` (by words alone), "
        "or the id of an embedding model of the provider",
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///data/sovetnik.db"), description="Where everything is stored"
    )

    smtp_host: str | None = Field(None, description="Mail server; without it mails wait in the outbox")
    smtp_port: int | None = Field(None, ge=1, le=65535, description="Default: 587, 465 or 25 by security")
    smtp_security: Literal["starttls", "ssl", "none"] = Field("starttls", description="Encryption of mail")
    smtp_username: str | None = Field(None, description="Login of the mail account")
    smtp_password: SecretStr | None = Field(None, description="Its password (often an app password)")
    smtp_from: str | None = Field(None, description="Sender; default: the login")
    smtp_proxy: SocksProxy | None = Field(None, description="As `TELEGRAM_PROXY`")
    leads_to: Addresses = Field((), description="Who gets leads, separated by commas")
    report_to: Addresses = Field((), description="Who gets the daily report")
    report_time: Annotated[time, PlainValidator(_time)] = Field(
        time(9, 0), description="When the report goes out"
    )
    timezone: Annotated[ZoneInfo, PlainValidator(_zone)] = Field(
        ZoneInfo("UTC"), description="Whose hour and whose day it is"
    )

    phone_region: str = Field("RU", pattern=r"^[A-Z]{2}$", description="How a number without + is read")
    language: Annotated[Language, BeforeValidator(_language)] = Field(
        "ru", description="The owner's language (mails, reports); customers get their own"
    )
    owner_chats: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="Telegram chats of the owner"
    )
    http_listen: Listen | None = Field(
        None, description="`host:port` for `/healthz` and `/metrics`; off by default"
    )
    join_messages: float = Field(0.7, ge=0, le=60, description="Seconds to wait for another message; 0 = off")
    chat_rate: int = Field(20, ge=0, description="Messages a minute from one customer; 0 = no limit")
    daily_token_budget: int = Field(0, ge=0, description="Tokens a day; 0 = no limit")
    model_concurrency: int = Field(64, ge=1, description="Model calls at the same time")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        "INFO", description="How much is logged"
    )
    log_format: Literal["console", "json"] = Field("console", description="Logs for people or for machines")

    SECRET_NAMES: ClassVar[tuple[str, ...]] = (
        "telegram_token",
        "telegram_webhook_secret",
        "telegram_proxy",
        "openai_api_key",
        "openai_proxy",
        "smtp_password",
        "smtp_proxy",
        "database_url",
    )
    """Each can also be given as a file: ``TELEGRAM_TOKEN_FILE=/run/secrets/token``."""

    @model_validator(mode="after")
    def _key_without_server(self) -> Settings:
        if self.openai_base_url and not self.openai_api_key and not self._at_openai:
            self.openai_api_key = SecretStr("unused")  # local servers ask for none, the SDK does
        return self

    @property
    def context(self) -> Literal["conversation", "history"]:
        """Where the dialogue is kept."""
        return self.openai_context or ("conversation" if self._at_openai else "history")

    @property
    def _at_openai(self) -> bool:
        host = urlsplit(self.openai_base_url).hostname if self.openai_base_url else "api.openai.com"
        return f".{host}".endswith(".openai.com")

    @property
    def token(self) -> str:
        """The bot's token.

        Raises:
            ConfigError: it is not set.
        """
        if self.telegram_token is None:
            raise ConfigError(
                "TELEGRAM_TOKEN: not set; get a token from @BotFather and write TELEGRAM_TOKEN=… into .env "
                "or the environment"
            )
        return self.telegram_token.get_secret_value()

    def secrets(self) -> list[str]:
        """Texts that must never be shown: the secrets, and the passwords inside addresses."""
        found: list[str] = []
        for name in self.SECRET_NAMES:
            value: SecretStr | None = getattr(self, name)
            if value is None:
                continue
            text = value.get_secret_value()
            if "://" not in text:
                found.append(text)
                continue
            for password in _PASSWORDS.findall(text):
                found += [password, unquote(password)]  # as it is written, and as it is meant
        return found

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours is made when settings are loaded
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - named one by one instead
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over ``.env``."""
        dotenv = DotEnvSettingsSource(settings_cls, env_file=ENV_FILE, env_file_encoding="utf-8-sig")
        return init_settings, env_settings, dotenv


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - as many types as settings
    """Settings of this process.

    Raises:
        ConfigError: names every wrong setting and the way out.
    """
    try:
        dotenv = _dotenv()
        if (
            "LANGUAGE" in dotenv
        ):  # desktops set a variable of that name themselves: the file is the owner's word
            overrides = {"language": dotenv["LANGUAGE"], **overrides}
        return Settings(**{**_from_files({**dotenv, **os.environ}), **overrides})
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(row) for row in error.errors(include_url=False))) from None
    except OSError as error:
        out = "give it to the user who runs sovetnik"
        raise ConfigError(f"{ENV_FILE}: cannot be read: {error.strerror}; {out}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{ENV_FILE}: cannot be read: {error}; save it as UTF-8 text") from error


def unknown_names() -> list[str]:
    """One line for each name that looks like ours and is none, with what was perhaps meant."""
    known = {name.upper() for name in Settings.model_fields}
    known |= {f"{name.upper()}_FILE" for name in Settings.SECRET_NAMES}
    found = {name for name in os.environ if name.startswith(PREFIXES) or _near(name, known, 0.88)}
    found |= set(_dotenv())
    lines: list[str] = []
    for name in sorted(found - known):
        near = _near(name, known, 0.75)
        lines.append(f"{name}: unknown setting" + (f"; did you mean {near}?" if near else ""))
    return lines


def _near(name: str, known: Iterable[str], likeness: float) -> str | None:
    """The known name that was perhaps meant."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=likeness)
    return found[0] if found else None


def _dotenv() -> dict[str, str]:
    source = DotEnvSettingsSource(Settings, env_file=ENV_FILE, env_file_encoding="utf-8-sig")
    return {name.upper(): value for name, value in source.env_vars.items() if value}


def _from_files(environ: Mapping[str, str]) -> dict[str, Any]:
    """Secrets that are handed over as files."""
    found: dict[str, Any] = {}
    for name in Settings.SECRET_NAMES:
        variable = f"{name.upper()}_FILE"
        path = environ.get(variable)
        if not path:
            continue
        try:
            text = Path(path).read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{variable}: cannot read {path}: {error}; check the path and its rights"
            ) from error
        if text:  # an empty file is a secret that is not set, as an empty variable is
            found[name] = text
    return found


def _explain(row: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """One line about a wrong setting; the value itself is shown only where it is no secret."""
    name = str(row["loc"][0]) if row["loc"] else ""
    variable = name.upper()
    message = str(row["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"{variable}: {message} ({_about(name)})"


def _about(name: str) -> str:
    field = Settings.model_fields.get(name)
    return field.description or "" if field else ""
