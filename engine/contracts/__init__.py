"""Contracts between all packages of the engine: errors, messages, settings, parameters, jobs, tasks. No torch."""
