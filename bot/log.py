"""Structured logs on standard error, with every secret struck out of the finished line, tracebacks included."""

import logging
import sys
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

from config.secrecy import Redactor
from config.settings import Settings

_OURS = ("bot", "watchers", "config", "sandbox")
_LIBRARIES = ("discord", "web3", "aiohttp", "asyncio", "apscheduler")


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, redact: Redactor, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def configure(settings: Settings) -> None:
    """Send all logs, ours and the libraries', through one formatter. Libraries speak from warnings on: their debug
    lines print whole URLs.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
    ]
    if settings.runtime.log_format == "json":
        shared.append(structlog.processors.TimeStamper(fmt="iso", utc=True))
        render: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        shared.append(structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True))
        plain = structlog.dev.plain_traceback
        render = [
            _unnamed,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=plain, pad_event_to=0, pad_level=False
            ),
        ]
    formatter = _Formatter(
        Redactor(settings.secrets),
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.runtime.log_level.upper())
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _last_words


def _unnamed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out which room of ours speaks: an operator reads the event. A library keeps its name."""
    if str(event.get("logger", "")).partition(".")[0] in _OURS:
        del event["logger"]
    return event


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Let what ends the process go through the same formatter: the interpreter's own print would show every secret."""
    structlog.get_logger(__name__).critical("ended_by_a_defect", exc_info=(kind, error, trace))
