"""What every room stands on: errors, reasons, conversations, files."""
