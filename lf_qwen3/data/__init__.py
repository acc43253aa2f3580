"""Raw data in, registered records out."""
