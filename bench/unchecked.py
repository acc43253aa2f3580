"""What a conversion costs that checks nothing: Polars reads, frames and writes in one streamed query.

python bench/unchecked.py finetome|medical|chat SOURCE OUT

No row is looked at, no duplicate found, nothing split or registered, and a bad row ends it. It is no rival
but a floor: the time of the fastest reader and writer that a Python program can call.
"""

import sys

import polars as pl

kind, source, out = sys.argv[1:]
if kind == "finetome":
    query = pl.scan_parquet(source).select("conversations")
elif kind == "chat":
    message = pl.element().struct.field
    turn = pl.struct(message("role").alias("from"), message("content").alias("value"))
    query = pl.scan_ndjson(source).select(conversations=pl.col("messages").list.eval(turn))
else:
    answer = pl.format("<think>\n{}\n</think>\n\n{}", "think", "answer")
    query = pl.scan_ndjson(source).select(
        pl.concat_list(
            pl.struct(pl.lit("human").alias("from"), pl.col("question").alias("value")),
            pl.struct(pl.lit("gpt").alias("from"), answer.alias("value")),
        ).alias("conversations")
    )
query.sink_ndjson(out)
