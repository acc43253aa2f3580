"""lf-qwen3 webui: LLaMA Board with the Qwen3 tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lf_qwen3.base.errors import UsageError
from lf_qwen3.board.start import HOST, PORT
from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.board.install import TabInstallation

GROUP = "board"


@click.command(short_help="Start LLaMA Board with the Qwen3 tab, or add the tab permanently.")
@click.option(
    "--host",
    default=HOST,
    show_default=True,
    envvar="GRADIO_SERVER_NAME",
    show_envvar=True,
    help="Address to listen on; 0.0.0.0 for all.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    envvar="GRADIO_SERVER_PORT",
    show_envvar=True,
    help="Port.",
)
@click.option("--install", is_flag=True, help="Show the tab in the plain llamafactory-cli webui too.")
@click.option("--status", is_flag=True, help="Print whether the tab is installed there.")
@click.option("--uninstall", is_flag=True, help="Remove it there again.")
@click.option("--alone", is_flag=True, help="Serve the tab on its own page, without LLaMA Board.")
@_output.json_option
def command(
    host: str, port: int, install: bool, status: bool, uninstall: bool, alone: bool, as_json: bool
) -> None:
    """Start LLaMA Board with the Qwen3 tab.

    This changes no file. --install writes one line into this environment's site-packages, so that
    llamafactory-cli webui shows the tab as well; LF_QWEN3_WEBUI=0 turns it off for one start.

    The board has no login. It accepts connections only from this machine unless --host is given
    (llamafactory-cli webui accepts them from everywhere), and the tab reads and writes only in the folder
    where it was started and in those of LF_QWEN3_WEBUI_PATHS. It sends requests to models on this machine,
    and at the addresses in LF_QWEN3_WEBUI_SERVERS (ADDRESS, or ADDRESS=VARIABLE with the variable that holds
    its key).

    \b
    lf-qwen3 webui
    lf-qwen3 webui --install && llamafactory-cli webui
    """  # noqa: D301
    from lf_qwen3.board import install as installing
    from lf_qwen3.board import start

    if install + status + uninstall + alone > 1:
        raise UsageError(
            "--install, --status, --uninstall and --alone exclude each other",
            "use one of them",
            code="option_conflict",
        )
    if not (install or status or uninstall):
        what = "the Qwen3 tab" if alone else "LLaMA Board with the Qwen3 tab"
        click.echo(f"starting {what}, which may take a minute; then open {start.url_of(host, port)}")
        (start.serve_tab if alone else start.start_board)(host, port)
        return
    step = (
        installing.install if install else installing.uninstall if uninstall else installing.read_installation
    )
    _show(step(), as_json)


def _show(installation: TabInstallation, as_json: bool) -> None:
    if as_json:
        _output.print_json(
            {"installed": installation.is_there, "file": str(installation.file), "off": installation.is_off}
        )
        return
    if not installation.is_there:
        click.echo("not installed: llamafactory-cli webui shows no Qwen3 tab; lf-qwen3 webui does")
        return
    click.echo(f"installed: llamafactory-cli webui shows the Qwen3 tab ({installation.file})")
    if installation.is_off:
        click.echo("turned off in this shell: LF_QWEN3_WEBUI=0")
    if not installation.is_listed:
        _output.warn(
            "the file is in no RECORD: pip uninstall would leave it; lf-qwen3 webui --uninstall removes it"
        )
