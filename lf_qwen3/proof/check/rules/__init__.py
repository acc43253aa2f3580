"""The checks of `lf-qwen3 check`, one function each."""
