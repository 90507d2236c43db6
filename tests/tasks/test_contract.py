"""Every registered task keeps the contract. A new one is tested as soon as it is registered: it says itself how."""

from __future__ import annotations

import pytest

from engine import TASKS
from engine.contracts.task import TaskSpec
from tests.tasks.contract import TaskContract


@pytest.fixture(scope="session", params=TASKS, ids=lambda task: task.name)
def task(request: pytest.FixtureRequest) -> TaskSpec:
    return request.param


class TestEveryTask(TaskContract):
    pass
