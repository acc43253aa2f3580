"""What every room uses: errors, reasons, conversations, files."""
