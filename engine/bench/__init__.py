"""Measuring tasks on this machine. No torch before something is measured."""
