"""What the command line's parser complains about, in our own sentences.

The parser's exceptions have no public classes but the base, so they are told apart by what they carry.
"""

import re

import typer

from t2i_studio.brief.values import shown
from t2i_studio.cli.console import complain
from t2i_studio.errors import StudioError


def explain(error: typer.TyperException) -> int:
    """Say what is wrong and return the exit code; a group without a command shows its help instead."""
    context = getattr(error, "ctx", None)
    if context is not None and error.message == context.get_help():
        print(error.message)
        return 0
    return complain(usage_error(error))


def usage_error(error: typer.TyperException) -> StudioError:
    """The sentence for a command line that does not parse."""
    context = getattr(error, "ctx", None)
    help_ = f"{context.command_path if context else 'python -m t2i_studio'} --help"
    message, option = error.format_message(), getattr(error, "option_name", None)
    if hasattr(error, "possibilities"):
        return StudioError("cli.no_such_option", option=shown(option), help=help_)
    if option is not None:
        key = "cli.option_takes_none" if "does not take" in message else "cli.option_needs_value"
        return StudioError(key, option=shown(option), help=help_)
    if hasattr(error, "param_type"):  # a missing parameter
        name = error.param.name if getattr(error, "param", None) else message  # type: ignore[attr-defined]
        return StudioError("cli.missing", name=str(name).upper(), help=help_)
    if parameter := getattr(error, "param", None):
        return StudioError("cli.bad_value", option=parameter.opts[0], reason=shown(error.message), help=help_)
    if found := re.match(r"No such command '(.*?)'\.", message, re.DOTALL):
        commands = ", ".join(context.command.list_commands(context)) if context else ""
        return StudioError("cli.no_such_command", command=shown(found[1]), commands=commands)
    if found := re.search(r"extra argument\(s\) \((.*)\)", message, re.DOTALL):
        return StudioError("cli.extra", words=shown(found[1]), help=help_)
    return StudioError("cli.usage", reason=shown(message), help=help_)
