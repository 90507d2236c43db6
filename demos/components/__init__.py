"""Components that the tabs are built from."""
