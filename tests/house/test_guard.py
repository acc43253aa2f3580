"""The test run cannot leave this machine."""

import socket

import pytest


@pytest.mark.parametrize("connect", ["connect", "connect_ex"])
def test_a_connection_elsewhere_is_refused(connect: str) -> None:
    with socket.socket() as client, pytest.raises(AssertionError, match="without the mark `network`"):
        getattr(client, connect)(("192.0.2.1", 80))


def test_a_connection_to_this_machine_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()
