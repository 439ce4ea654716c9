"""What the program writes to its log: lines for people in development, JSON for machines in production."""

import logging

import structlog


def configure(level: str, *, production: bool) -> None:
    """Every logger of the process writes through one handler, unless the process has set up its own already."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _say_once,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    # structlog would show what every variable of a traceback holds: bodies, and passwords.
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer() if production else console
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([structlog.processors.format_exc_info] if production else []),
            renderer,
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper())
    logging.getLogger("uvicorn.access").disabled = True  # its line per request says less than ours


def _say_once(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drops the copy with colours that uvicorn adds to some messages."""
    event.pop("color_message", None)
    return event
