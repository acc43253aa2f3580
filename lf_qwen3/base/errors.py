"""The two ways things go wrong: a row is rejected, or the command cannot continue."""


class LfQwen3Error(Exception):
    """Stop the command with a message a person can act on.

    `code` names the error; it is stable and covered by SemVer, the wording is not. `message` says what and
    where; `hint` says which values are accepted or what to type next. The command line prints message and
    hint without a traceback and exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


class UsageError(LfQwen3Error):
    """The command was asked for something it cannot do: wrong option, name or path (exit code 2)."""

    exit_code = 2


class Reject(Exception):  # noqa: N818 - an outcome of one row, not an error of the run
    """Say that one row must not be trained on; the run continues.

    `code` is a key of `lf_qwen3.base.reasons.REJECTED`; `detail` names the field or the text at fault.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
