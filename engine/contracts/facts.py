"""Facts about a finished run, as types; programs and files get them as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.contracts.messages import Message


@dataclass(frozen=True, kw_only=True)
class MethodFacts:
    """One method of a comparison."""

    title: Message
    """For a person."""
    seconds: float
    memory_bytes: int | None = None
    """Most memory in use meanwhile, beyond what was in use before it."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready values of its own, such as PSNR and losses."""
    name: str = ""
    """For a program: its key in JSON, which stays when the title is changed; empty for the title in English."""

    @property
    def key(self) -> str:
        """See :attr:`name`."""
        return self.name or str(self.title)

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"seconds": round(self.seconds, 3), "memory_bytes": self.memory_bytes, **self.figures}


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """Facts that the task itself reports about its run."""

    unfinished: Message | None = None
    """The part of the work that was left undone because the run was stopped; None when all of it was done."""
    hints: Sequence[Message] = ()
    """Remarks for a person about the result, such as that it is soft because a picture was small."""
    methods: Sequence[MethodFacts] = ()
    """Facts about every method that a comparison has tried; empty for other tasks."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready values of its own, such as iterations and losses."""

    def json(self) -> dict[str, Any]:
        """JSON-ready values; what does not apply is left out."""
        return {
            **self.figures,
            **({"unfinished": str(self.unfinished)} if self.unfinished else {}),
            **({"hints": [str(hint) for hint in self.hints]} if self.hints else {}),
            **({"methods": {each.key: each.json() for each in self.methods}} if self.methods else {}),
        }


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """Facts that the runner records about a run, with those of the task."""

    recipe: Mapping[str, Any]
    """See :class:`engine.runtime.runner.RunResult`."""
    seconds: float
    """From having the device to the result."""
    steps: int
    stopped: bool
    size: tuple[int, int]
    """Width and height of the result."""
    device: Message
    """For a person: ``"NVIDIA H200"``, ``"CPU, 2 threads"``."""
    dtype: str
    """Number format of the perceptual network: ``"bfloat16"``."""
    peak_memory_bytes: int
    """Most memory in use meanwhile: allocated on a GPU, resident in the process on a CPU."""
    torch: str
    """Version."""
    notes: Mapping[str, Sequence[Sequence[str]]]
    """Input -> for each of its pictures, what the door has done with it."""
    task: TaskFacts
    """Facts that the task itself reports."""

    def json(self) -> dict[str, Any]:
        """JSON-ready values, flat, as programs get them."""
        own = {
            name: getattr(self, name)
            for name in ("steps", "stopped", "dtype", "peak_memory_bytes", "torch")
        }  # fmt: skip
        return {
            **self.recipe,
            "seconds": round(self.seconds, 3),
            "size": list(self.size),
            "device": str(self.device),
            **own,
            "notes": {name: [list(each) for each in notes] for name, notes in self.notes.items()},
            **self.task.json(),
        }
