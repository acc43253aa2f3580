"""The real LLaMA Board with the tab, and a real browser.

The tab is installed in a venv that sees all packages of this one and holds lf-qwen3's metadata alone, so that
`lf-qwen3 webui --install` does there what it does for a user, and nothing here is touched.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import WARM
from tests.e2e.tab import PAGE_SECONDS, WORK_SECONDS, Tab
from tests.needs import require

ROOT = Path(__file__).parents[2]
CHROMIUM = "chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # the board asks for fonts from elsewhere
)
START_SECONDS = 180
IMPATIENT = "localhost is not accessible"
"""What gradio says when it ends a board whose first page took more than three seconds."""


@pytest.fixture(scope="session")
def own_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a throwaway environment that lf-qwen3 seems to be installed in."""
    require("llamafactory")
    folder = tmp_path_factory.mktemp("own env")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    metadata_folder = Path(str(metadata.distribution("lf-qwen3").locate_file("."))) / "."
    for one in metadata_folder.glob("lf_qwen3-*.dist-info"):
        shutil.copytree(one, packages / one.name)
    (packages / "base.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n", "utf-8")
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def installed_python(own_python: Path) -> Path:
    """Return that Python after `lf-qwen3 webui --install`."""
    command = [str(own_python), "-m", "lf_qwen3", "webui", "--install"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return own_python


class Board:
    """A running board: its address and the folder it was started in."""

    def __init__(self, port: int, folder: Path, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self.log = log

    def forget_language(self) -> None:
        """Let the next page open in English: the board keeps the language that was chosen last."""
        (self.folder / "llamaboard_cache" / "user_config.yaml").unlink(missing_ok=True)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    """Return True when a board answers, and False when gradio has ended it because its page came late.

    Fails with the output of the process when it ends otherwise or takes too long.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:  # the page last: gradio asks for it too, and each that is made makes it wait longer
            for path in ("theme.css", ""):
                urllib.request.urlopen(f"{url}/{path}", timeout=30).close()
            return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    said = log.read_text("utf-8", "replace")
    if IMPATIENT not in said:
        pytest.fail(f"the board does not answer; its output:\n{said}")
    return False


@pytest.fixture(scope="session")
def serve(
    tmp_path_factory: pytest.TempPathFactory, trainer_server: str, cache_home: Path, qwen_tokenizer: Path
) -> Iterator[Callable[..., Board]]:
    """Return a function that starts a board; all are ended with the session.

    What they train is forked; Qwen's tokenizer is in the cache that they look into.
    """
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str, **variables: str) -> Board:
        folder = tmp_path_factory.mktemp("board")
        (folder / "raw").mkdir()
        for name in ("sample_medical_r1.jsonl", "sample_finetome.parquet"):
            shutil.copy(ROOT / "dataset_info" / name, folder / "raw" / name)
        port, log = free_port(), folder / "board.log"
        fixed = {
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_TEMP_DIR": str(folder / "uploads"),
            "BROWSER": "true",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(WARM), os.environ.get("PYTHONPATH")))),
            "WARM_TRAINER": trainer_server,
            "XDG_CACHE_HOME": str(cache_home),
        }
        words = [word.format(port=port) for word in command]
        environment = {**os.environ, **fixed, **variables}
        board = Board(port, folder, log)
        for _ in range(3):
            with log.open("wb") as sink:
                started.append(subprocess.Popen(words, cwd=folder, env=environment, stdout=sink, stderr=sink))
            if answers(board.url, started[-1], log):
                return board
        pytest.fail("gradio ended the board three times: its page takes more than three seconds")

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def board(serve: Callable[..., Board]) -> Board:
    """Return the board that `lf-qwen3 webui` shows; it is forked, and so there at once.

    That the tab stands in an unmodified `llamafactory-cli webui`, too, is for test_board_whole.py to say.
    """
    return serve(sys.executable, "-m", "lf_qwen3", "webui", "--port", "{port}", LF_QWEN3_WEBUI="0")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a headless Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = shutil.which(CHROMIUM)
    if path is None:
        pytest.skip(f"the browser is missing: apt-get install {CHROMIUM} fonts-noto-cjk")
    api.expect.set_options(timeout=1000 * WORK_SECONDS)  # its own 5 seconds pass on a busy machine
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def window(browser: Any) -> Any:
    """Return a browser window whose cache all pages share; to gradio each page is a session of its own."""
    made = browser.new_context(viewport={"width": 1400, "height": 1000})
    made.set_default_timeout(1000 * PAGE_SECONDS)
    return made


def go_to_tab(page: Any, board: Board) -> Tab:
    """Load the board in a page, and open the tab there."""
    page.goto(board.url, wait_until="commit")
    tab = Tab(page)
    tab.wait_for_page()
    return tab


@contextlib.contextmanager
def opening(board: Board, window: Any) -> Iterator[Callable[[], Tab]]:
    """Lend a function that opens the tab on a page of its own, in whose scripts nothing may fail."""
    pages: list[Any] = []
    errors: list[str] = []

    def open_one() -> Tab:
        window.clear_cookies()  # as in a browser of its own, to which no earlier work belongs
        page = window.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return go_to_tab(page, board)

    board.forget_language()
    yield open_one
    for page in pages:
        page.close()
    assert not errors


@pytest.fixture
def open_tab(board: Board, window: Any) -> Iterator[Callable[[], Tab]]:
    """Return a function that opens the tab on a page of its own."""
    with opening(board, window) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def shared_tab(board: Board, window: Any) -> Iterator[Tab]:
    """Return the tab, in English, on one page for all tests of a file: a page takes seconds to open."""
    with opening(board, window) as open_one:
        yield open_one()
