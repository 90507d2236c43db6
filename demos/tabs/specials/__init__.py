"""What some views have besides the usual, one module each."""
