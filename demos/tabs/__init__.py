"""One file a tab: its record, and what is special about it."""
