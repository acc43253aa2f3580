"""From a tuned adapter to a quantised GGUF that is proven to have kept its tuning.

    work.make_gguf(run_dir, "Q4_K_M") -> GgufResult

Six steps, each verified before the next: merge, test in transformers, convert, test the F16 file, quantise
and test, write what serves it. `work.py` runs them in order and `steps.py` keeps what is finished.
"""
