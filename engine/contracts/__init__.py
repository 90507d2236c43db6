"""What every room of the engine agrees on: errors, messages, settings, parameters, jobs, tasks. No torch."""
