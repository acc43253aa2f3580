"""A file on disk against what the hub states: sums from other programs (sha256sum, git hash-object)."""

import pytest

from lf_qwen3.data.download.checksum import FileState, verify
from lf_qwen3.data.download.hub import RemoteFile

CONTENT = b"abc\n"
SHA256 = "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb"
GIT_SHA1 = "8baef1b4abc478178b004d62031cf7fe6db6f903"
OTHER = "0" * 64
ZEROS = "2cb74edba754a81d121c9db6833704a8e7d417e5b13d1a19f4a52f007d644264"
"""The sha256 of 2**20 + 1 bytes of 0."""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_bytes(CONTENT)
    return tmp_path


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({}, id="size alone"),
        pytest.param({"sha256": SHA256}, id="sha256"),
        pytest.param({"sha256": SHA256.upper()}, id="sha256 in capitals"),
        pytest.param({"git_sha1": GIT_SHA1}, id="git"),
        pytest.param({"git_sha1": GIT_SHA1.upper()}, id="git in capitals"),
        pytest.param({"sha256": SHA256, "git_sha1": GIT_SHA1}, id="both"),
    ],
)
def test_a_whole_file(folder, stated):
    state = verify(folder, RemoteFile("sub/a.txt", 4, **stated))
    assert state == FileState(is_there=True, damage="")
    assert state.is_whole


@pytest.mark.parametrize(
    ("size", "stated", "said"),
    [
        pytest.param(3, {}, "it has 4 bytes, but the hub states 3", id="longer"),
        pytest.param(5000, {"sha256": SHA256}, "it has 4 bytes, but the hub states 5,000", id="shorter"),
        pytest.param(
            4, {"sha256": OTHER}, "its sha256 differs from the one that the hub states", id="sha256"
        ),
        pytest.param(
            4, {"git_sha1": OTHER[:40]}, "its content differs from the one that the hub states", id="git"
        ),
        pytest.param(
            4,
            {"sha256": SHA256, "git_sha1": OTHER[:40]},
            "its content differs from the one that the hub states",
            id="one of two",
        ),
    ],
)
def test_a_damaged_file(folder, size, stated, said):
    state = verify(folder, RemoteFile("sub/a.txt", size, **stated))
    assert state == FileState(is_there=True, damage=said)
    assert not state.is_whole


@pytest.mark.parametrize("path", ["b.txt", "sub"], ids=["nothing", "a folder"])
def test_a_file_that_is_not_there(folder, path):
    state = verify(folder, RemoteFile(path, 4))
    assert state == FileState(is_there=False, damage="")
    assert not state.is_whole


def test_a_file_of_several_blocks_is_summed_up_whole(tmp_path):
    (tmp_path / "zeros").write_bytes(bytes((1 << 20) + 1))
    whole = RemoteFile("zeros", (1 << 20) + 1, ZEROS)
    assert verify(tmp_path, whole).is_whole
    (tmp_path / "zeros").write_bytes(bytes(1 << 20) + b"1")
    assert verify(tmp_path, whole).damage
