"""The Qwen3 tab of LLaMA Board.

    hook -> graft -> tab -> sections/NAME (gradio, thin) -> handlers/NAME (plain functions) -> the library

`hook` waits for the board's module and wraps its `create_ui`; `graft` puts the tab into the finished page, or
leaves the page as it was; `tab` builds the frame and the sections. `standalone` makes a page of its own of
the same tab.

A section is a pair of modules and its texts:

- `handlers/NAME.py`: what the section does, without gradio. Functions return plain values or, by `markup`,
  HTML in which every text of the data is escaped. Long work is a function `name(request, tell)`, which runs
  in a process of its own (`jobs.Job`, `working.add_work`): it can be cancelled and leaves nothing behind.
- `sections/NAME.py`: `def build(frame: Frame) -> None`, the elements and their events. Elements are made by
  `frame.add("name", gr.Textbox, ...)`; that gives them their texts in the language of the page.
- `web/strings/LANGUAGE.json`: a block NAME, with `title` and `help` of the section and one entry for each
  element; the same keys in every language, which a test holds.

The section's name then goes into `sections.ORDER`.
"""
