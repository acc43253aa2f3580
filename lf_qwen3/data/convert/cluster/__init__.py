"""Convert on a Ray cluster: the functions of its tasks, and the engine that puts them together."""
