import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import detect
from lf_qwen3.data.converters.instances import convert
from lf_qwen3.data.converters.source_row import Reading, SourceRow

ROW = {
    "id": "seed_1",
    "name": "rhymes",
    "instruction": "Name a rhyme.",
    "instances": [{"input": "day", "output": "may", "note": "n"}, {"input": "", "output": "tree"}],
}


def test_the_first_instance_is_taken_and_the_others_are_named():
    assert detect(ROW).name == "instances"
    row = SourceRow(ROW)
    assert convert(row) == Conversation([Turn("user", "Name a rhyme.\nday"), Turn("assistant", "may")])
    assert (row.repairs, row.attempts) == ({"first_of_several"}, 1)
    assert set(row.use().left) == {"id", "name", "instances[].note", "instances[].others"}


def test_every_instance_is_a_record_on_request():
    row = SourceRow(ROW, reading=Reading(every=True))
    convert(row)
    assert row.attempts == 2
    row.attempt = 1
    assert convert(row).turns == [Turn("user", "Name a rhyme."), Turn("assistant", "tree")]
    assert row.repairs == set()


@pytest.mark.parametrize(
    ("instances", "code"),
    [
        ([], "not_text"),
        ("may", "not_text"),
        ([{"input": "day"}], "missing_field"),
        ([{"output": 3}], "not_text"),
    ],
)
def test_what_is_no_instance(instances, code):
    with pytest.raises(Reject) as caught:
        convert(SourceRow({**ROW, "instances": instances}))
    assert caught.value.code == code
