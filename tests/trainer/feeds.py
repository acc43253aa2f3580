"""What the installed trainer's own processors feed of one record."""

import dataclasses

SIDES = ("input_ids", "labels")


def trainer_processor(kind, options, trainer_tokenizer):
    from llamafactory.data.template import TEMPLATES
    from llamafactory.hparams import DataArguments

    data_args = DataArguments(
        template=options.name,
        cutoff_len=options.cutoff_len,
        train_on_prompt=options.train_on_prompt,
        mask_history=options.mask_history,
    )
    template = dataclasses.replace(
        TEMPLATES[options.name],
        enable_thinking=options.enable_thinking,
        preserve_thinking=options.preserve_thinking,
        default_system=options.default_system,
    )
    return kind(template=template, tokenizer=trainer_tokenizer, processor=None, data_args=data_args)


def trainer_feeds(kind, options, record, trainer_tokenizer):
    """What the trainer's processor makes of one record, as plain lists by name."""
    answers = [record.messages[-1], *([record.rejected] if record.rejected else [])]
    processor = trainer_processor(kind, options, trainer_tokenizer)
    fed = processor.preprocess_dataset(
        {
            "_prompt": [record.messages[:-1]],
            "_response": [answers],
            "_system": [record.system],
            "_tools": [record.tools],
            "_images": [None],
            "_videos": [None],
            "_audios": [None],
        }
    )
    return {name: values[0] for name, values in fed.items() if name.endswith(SIDES)}
