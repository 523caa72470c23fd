"""JSON logs on standard error. They carry ids and counts, never names, images or embeddings."""

import logging
import logging.config

import structlog
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError

_SHARED: tuple[structlog.types.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def _expected_in_one_line(logger: object, name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:  # noqa: ARG001
    """That the database does not answer, or a wrong host name, is no fault of the code: where in the code it was noticed is noise."""
    about = event.get("exc_info")
    error = about[1] if isinstance(about, tuple) else about
    if isinstance(error, (OperationalError, InterfaceError, DisallowedHost)):
        del event["exc_info"]
        event["error"] = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return event


def logging_config() -> None:
    """Route structlog and the standard library's loggers through one JSON formatter."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_SHARED, structlog.stdlib.ExtraAdder()],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _expected_in_one_line,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": logging.INFO},
            "loggers": {
                "botocore": {"level": "WARNING"},
                "boto3": {"level": "WARNING"},
                "django.server": {"level": "WARNING"},
                "django.security.DisallowedHost": {"level": "ERROR"},
            },
        }
    )
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
