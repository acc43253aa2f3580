"""GRPO recipes: prompts with gold answers that were checked, and the config of a trainer that has GRPO.

A trainer is one file here (`trainer.py` says what it has to state); it is found by being there.
"""
