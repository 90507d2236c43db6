"""The tabs: a table of records, one builder for all of them, and what is special in some."""
