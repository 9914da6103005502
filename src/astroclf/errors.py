"""What a user is told when something they gave cannot be used."""


class UserError(Exception):
    """A refusal, in one sentence that names the key or file, what was found, and what would do.

    `run.py` prints it without a traceback and exits with code 2; `HYDRA_FULL_ERROR=1` shows the
    traceback as well.
    """


def one_line(error: Exception, longest: int = 200) -> str:
    """What an error says, in one line of so many characters; the name of its class if it says nothing."""
    return " ".join(str(error).split())[:longest] or type(error).__name__
