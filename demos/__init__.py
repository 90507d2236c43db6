"""The front rooms: one short file per tab, and what the tabs share. No torch here."""

from demos.quick_start import without_stubs

without_stubs()  # before gradio is imported
