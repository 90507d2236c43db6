"""The tasks of the hub, in the order of the tabs."""

from __future__ import annotations

from engine.contracts.task import Registry
from engine.tasks.face_swap import FACE_SWAP
from engine.tasks.face_swap_comparison import FACE_SWAP_COMPARISON
from engine.tasks.find_faces import FIND_FACES
from engine.tasks.inpainting import INPAINTING
from engine.tasks.inpainting_comparison import INPAINTING_COMPARISON
from engine.tasks.main_subject import MAIN_SUBJECT
from engine.tasks.pixel_super_resolution import PIXEL_SUPER_RESOLUTION
from engine.tasks.reconstruction import RECONSTRUCTION
from engine.tasks.style_comparison import STYLE_COMPARISON
from engine.tasks.style_v1 import STYLE_V1
from engine.tasks.style_v2 import STYLE_V2
from engine.tasks.style_v2_video import STYLE_V2_VIDEO
from engine.tasks.style_v3 import STYLE_V3
from engine.tasks.super_resolution import SUPER_RESOLUTION
from engine.tasks.super_resolution_comparison import SUPER_RESOLUTION_COMPARISON
from engine.tasks.super_resolution_video import SUPER_RESOLUTION_VIDEO
from engine.tasks.teach_style import TEACH_STYLE

TASKS = Registry(
    STYLE_V1, STYLE_V2, STYLE_V2_VIDEO, TEACH_STYLE, STYLE_V3, STYLE_COMPARISON, RECONSTRUCTION,
    SUPER_RESOLUTION, SUPER_RESOLUTION_COMPARISON, SUPER_RESOLUTION_VIDEO, PIXEL_SUPER_RESOLUTION, INPAINTING,
    INPAINTING_COMPARISON, MAIN_SUBJECT, FACE_SWAP, FACE_SWAP_COMPARISON, FIND_FACES,
)  # fmt: skip
"""Every task; a new one is added here."""
