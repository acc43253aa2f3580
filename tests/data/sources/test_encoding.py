"""Encodings: read where the bytes leave no doubt, named in a hint where they do not."""

import gzip
import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources import BadRow, columns, cut, describe_reading, find_files, likely_encoding, rows

CHINESE = [
    {"question": "海水为什么是咸的？", "answer": "因为河流把盐分带进了海里。"},
    {"question": "月亮自己会发光吗？", "answer": "不会，它反射太阳的光。"},
]
ENGLISH = [{"question": "Why is the sea salt?", "answer": "Rivers bring salt — and café owners more."}]


def as_csv(table: list[dict[str, str]], delimiter: str = ",") -> str:
    lines = [delimiter.join(table[0]), *(delimiter.join(row.values()) for row in table)]
    return "\n".join(lines) + "\n"


def as_jsonl(table: list[dict[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table)


TEXTS = {
    "x.csv": lambda table: as_csv(table),
    "x.tsv": lambda table: as_csv(table, "\t"),
    "x.jsonl": as_jsonl,
    "x.json": lambda table: json.dumps(table, ensure_ascii=False, indent=2),
}


def read(path: Path, content: bytes):
    path.write_bytes(content)
    [file] = find_files(str(path))
    return file, [item for part in cut(file, 16) for item in rows(part)]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    ("encoding", "mark", "reading"),
    [
        ("gb18030", b"", "GB18030"),
        ("gbk", b"", "GB18030"),
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16"),
        ("utf-16-le", b"", "UTF-16"),
        ("utf-16-be", b"", "UTF-16"),
        ("utf-32-le", b"\xff\xfe\0\0", "UTF-32"),
        ("utf-8", b"", ""),
        ("utf-8", b"\xef\xbb\xbf", ""),
    ],
)
def test_a_sure_encoding_is_read_and_named(tmp_path, name, encoding, mark, reading):
    file, items = read(tmp_path / name, mark + TEXTS[name](CHINESE).encode(encoding))
    assert items == CHINESE
    assert describe_reading(file) == reading
    assert columns(file) == ["question", "answer"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_of_ascii_and_little_else(tmp_path, encoding):
    assert read(tmp_path / "x.csv", as_csv(ENGLISH).replace(",", ";").encode(encoding))[1] == ENGLISH


def test_a_packed_file(tmp_path):
    file, items = read(tmp_path / "x.csv.gz", gzip.compress(as_csv(CHINESE).encode("gbk")))
    assert (file.compression, items) == ("gzip", CHINESE)


def test_a_character_that_reaches_over_blocks(tmp_path):
    table = [
        {"question": "海水为什么咸" * 25_000 + "x" * (number % 2), "answer": "因为如此。"}
        for number in range(9)
    ]
    assert read(tmp_path / "x.csv", as_csv(table).encode("gbk"))[1] == table


def test_a_broken_character_costs_its_row(tmp_path):
    content = as_csv([*CHINESE, *CHINESE]).encode("gbk").replace("发光".encode("gbk"), b"\xff", 1)
    _, items = read(tmp_path / "x.csv", content)
    assert [item.code if isinstance(item, BadRow) else item for item in items] == [
        CHINESE[0],
        "invalid_utf8",
        *CHINESE,
    ]


def test_rows_that_break_in_utf8_stay_rows(tmp_path):
    good = as_jsonl(CHINESE).encode()
    _, items = read(tmp_path / "x.jsonl", good + b'{"question": "\xc4\xe3\xba\xc3", "answer": "a"}\n' + good)
    assert [item.code if isinstance(item, BadRow) else item for item in items] == [
        *CHINESE,
        "invalid_utf8",
        *CHINESE,
    ]


def test_a_nul_in_utf8_is_no_utf16(tmp_path):
    _, items = read(tmp_path / "x.csv", b"question,answer\nq\0,a\nq,a\n")
    assert [type(item) for item in items] == [BadRow, dict]


OTHERS = {
    "BIG5": ("big5", "海水為什麼是鹹的？", "因為河流把鹽分帶進了海裡。"),
    "SHIFT_JIS": ("cp932", "海はなぜ塩辛いのですか。", "川が塩を運ぶからです。"),
    "EUC-JP": ("euc_jp", "海はなぜ塩辛いのですか。", "川が塩を運ぶからです。"),
    "EUC-KR": ("euc_kr", "바닷물은 왜 짭니까?", "강이 소금을 나르기 때문입니다."),
    "CP1251": ("cp1251", "Почему море солёное?", "Реки приносят соль."),
    "KOI8-R": ("koi8_r", "Почему море солёное?", "Реки приносят соль."),
    "CP1252": ("latin-1", "Pourquoi la mer est-elle salée ?", "À cause des rivières, voilà."),
    "CP1254": ("cp1254", "Deniz neden tuzludur, çayı kim içti?", "Irmaklar tuzu taşır; şeker ağırdır."),
    "GB18030": ("gbk", "海水", "盐"),
}


@pytest.mark.parametrize("likely", OTHERS)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_likely_encoding_is_named_and_not_guessed(tmp_path, likely, name):
    encoding, question, answer = OTHERS[likely]
    path = tmp_path / name
    path.write_bytes(TEXTS[name]([{"question": question, "answer": answer}]).encode(encoding))
    assert likely_encoding(path) == likely
    with pytest.raises(UsageError) as caught:
        columns(find_files(str(path))[0])
    assert caught.value.code == "no_rows"
    assert f"iconv -f {likely} -t utf-8 '{path}'" in caught.value.hint


def test_icelandic_is_not_taken_for_turkish(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        TEXTS["x.jsonl"]([{"question": "Það er þýtt?", "answer": "Já, á íslensku."}]).encode("latin-1")
    )
    assert likely_encoding(path) == "CP1252"


def test_a_header_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(as_csv([{"Frage, die ich hätte": "x", "Antwort": "y"}], ";").encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        columns(find_files(str(path))[0])
    assert caught.value.code == "csv_header"
    assert "iconv -f CP1252" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["Une tâche très étrange et déjà réglée là-bas", "Почему море солёное", "Γιατί"]
)
def test_a_broken_row_does_not_make_another_encoding_of_utf8(tmp_path, text):
    table = [{"question": text, "answer": text}] * 3
    content = as_csv(table).encode() + b"\xe9l\xe8ve,\xc4\xe3\n" + as_csv(table).encode()
    file, items = read(tmp_path / "x.csv", content)
    assert file.encoding == ""
    assert sum(item == table[0] for item in items) == 6


SHORT = [
    "高血压患者能吃党参吗？",
    "感冒发烧怎么办",
    "什么是卫星？",
    "你好",
    "请介绍一下自己",
    "今天天气怎么样？",
    "1+1等于几",
    "为什么天空是蓝色的",
]


@pytest.mark.parametrize("question", SHORT)
@pytest.mark.parametrize(
    "answer", ["绕着行星转的天体。", "很高兴见到你！", "我是一个语言模型", "等于2，不客气"]
)
def test_short_chinese_is_read(tmp_path, question, answer):
    table = [{"question": question, "answer": answer}]
    assert read(tmp_path / "x.csv", as_csv(table).encode("gbk"))[1] == table
