"""The front rooms: one short file per tab, and what the tabs share. No torch here."""
