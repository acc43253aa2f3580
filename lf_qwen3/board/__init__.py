"""The Qwen3 tab of LLaMA Board.

    hook -> attach -> tab -> sections/NAME (gradio, thin) -> handlers/NAME (plain functions) -> the library

`hook` waits for the board's module and wraps its `create_ui`; `attach` puts the tab into the finished page,
or leaves the page as it was; `tab` builds the frame and the sections, and a page of its own of the same.

A section is a pair of modules, its templates and its texts:

- `handlers/NAME.py`: what the section does, without gradio. Functions return plain values, typed as a dict.
  Long work is a function `name(request, progress)`, which runs in a separate process (`buttons.add_work`,
  `jobs`, `worker`): it belongs to the server, can be cancelled and leaves nothing behind; `strip` shows it.
- `sections/NAME.py`: `def build(frame: Frame) -> None`, the elements and their events. Elements are made by
  `frame.add("name", gr.Textbox, ...)`; that gives them their texts in the language of the page.
- `web/board/NAME/VIEW.html`: the template of `frame.view("VIEW")`, which shows what a handler returned
  (`pages`).
- `web/strings/LANGUAGE.json`: a block NAME, with `title` and `help` of the section and one entry for each
  element; the same keys in every language, which a test holds.

The section's name then goes into `sections.ORDER`.
"""
