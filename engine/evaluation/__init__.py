"""The papers' tables: a task's methods measured on a folder of pictures."""
