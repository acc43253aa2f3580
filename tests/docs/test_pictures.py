"""The drawn pictures of the site are those of the code."""

import xml.etree.ElementTree as ElementTree

from docs.make import rooms, terminal

TEXT = "{http://www.w3.org/2000/svg}text"


def test_the_picture_of_the_rooms_is_drawn_from_the_import_test(root):
    text = (root / "docs" / "rooms.svg").read_text("utf-8")
    assert text == rooms.draw(root), "run: make docs"
    names = [node.text for node in ElementTree.fromstring(text).iter() if node.get("class") == "name"]
    assert names == list(rooms.read_rooms(root))[::-1]


def test_the_picture_of_a_terminal_shows_what_the_commands_print(root):
    shown = _words((root / "docs" / "terminal.svg").read_text("utf-8"))
    assert shown == _words(terminal.draw()), "run: make docs"
    assert [command for command, _ in terminal.run_commands() if command.replace(" ", "") not in shown] == []


def _words(picture: str) -> str:
    """Return all text of a picture, without white space."""
    texts = [node.text or "" for node in ElementTree.fromstring(picture).iter(TEXT)]
    return "".join("".join(texts).split())
