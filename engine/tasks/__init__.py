"""The tasks of the hub, in the order of the tabs."""

from __future__ import annotations

from engine.registry import Registry
from engine.tasks.reconstruction import RECONSTRUCTION
from engine.tasks.style_v1 import STYLE_V1

TASKS = Registry(STYLE_V1, RECONSTRUCTION)
"""Every task; a new one is added here."""
