"""How command groups, single commands and their examples are made, so that all look and behave alike."""

import typer


def command_group(summary: str) -> typer.Typer:
    """Make an empty command group, such as ``io-coding taxonomy``.

    Parameters
    ----------
    summary : str
        One sentence: what its commands are about.

    Returns
    -------
    typer.Typer
        A group, even where it gets one command only.
    """
    group = _plain(summary)

    @group.callback()
    def _keep_a_group() -> None:
        pass

    return group


def single_command() -> typer.Typer:
    """Make the holder of one command without sub-commands, such as ``io-coding suggest``."""
    return _plain(None)


def _plain(summary: str | None) -> typer.Typer:
    """Make an app with plain help, whose tracebacks never show the values of variables."""
    return typer.Typer(
        help=summary,
        no_args_is_help=summary is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def example(*lines: str) -> str:
    """Lay out the example that closes the help of a command.

    Parameters
    ----------
    *lines : str
        Commands, starting with ``$ io-coding``, each followed by what it prints, if that is short.

    Returns
    -------
    str
        The ``epilog`` of the command; its line breaks are kept.
    """
    return "\n".join(["\b", "Example:", *(f"  {line}" for line in lines)])
