"""What the sections do, as plain functions without gradio; one module for each section."""
