"""The file that the tests of the registry change."""

import pytest


@pytest.fixture
def config(tmp_path):
    return tmp_path / "dataset_info.json"
