"""The public Python API: what `import lf_qwen3` offers, and nothing else (docs/api.md)."""
