"""The drawn pictures of the site are those of the code."""

import xml.etree.ElementTree as ElementTree

from docs.make import rooms


def test_the_picture_of_the_rooms_is_drawn_from_the_import_test(root):
    text = (root / "docs" / "rooms.svg").read_text("utf-8")
    assert text == rooms.draw(root), "run: make docs"
    names = [node.text for node in ElementTree.fromstring(text).iter() if node.get("class") == "name"]
    assert names == list(rooms.read_rooms(root))[::-1]
