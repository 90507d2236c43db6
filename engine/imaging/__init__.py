"""Pictures: the one door that they come in by, their files, colours, sizes, masks, and what is measured on them."""
