"""Score, compare and diagnose what a training gave."""
