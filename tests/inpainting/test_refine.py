"""Texture refinement: which patches may be taken, what may change, and that it gets nearer to them."""

from __future__ import annotations

import numpy
import pytest
import torch

from engine import Job, Runtime, StepRun
from engine.imaging.tensors import to_tensor
from engine.inpainting.hole_energy import CONTENT_LAYER, PATCH_LAYERS, HoleEnergy, Refinement, depth, known_patches
from engine.inpainting.refine import Refined, _Window, refine, refinement_gflop, scales_of
from engine.perceptual.matching import Allowed, Matches, PatchBank
from engine.perceptual.network import PerceptualNetwork, perceptual_network
from engine.perceptual.patch_search import PatchSearch
from engine.perceptual.patches import PatchTerm, patch_target
from tests.support import pictures

QUICK = Refinement(iterations=6, scales=2, rematch=3)


@pytest.fixture(scope="module")
def network(runtime: Runtime) -> PerceptualNetwork:
    return perceptual_network("vgg19-normalised", runtime.nets)


def broken(side: int = 160) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy waves with a flat grey square in them, and where it is."""
    part = to_tensor(pictures.painting(side, side))
    hole = torch.zeros(side, side, dtype=torch.bool)
    hole[side // 3 : 2 * side // 3, side // 3 : 2 * side // 3] = True
    part[..., hole] = part.mean(dim=(2, 3))[..., None]
    return part, hole


def refined(network: PerceptualNetwork, settings: Refinement, job: Job | None = None) -> Refined:
    part, hole = broken()
    return StepRun(refine(part, hole, hole, settings, network, job or Job())).finish()


@pytest.mark.parametrize("layer", PATCH_LAYERS)
def test_patches_on_unknown_pixels_are_not_allowed(network: PerceptualNetwork, layer: str) -> None:
    part, hole = broken(96)
    bank = PatchBank([network.targets(part, [layer])[layer]])
    step = {"relu3_1": 4, "relu4_1": 8}[layer]
    height, width = bank.shapes[0]
    expected = []
    for row in range(height - 2):
        for column in range(width - 2):
            pixels = hole[step * row : step * (row + 3), step * column : step * (column + 3)]
            expected.append(not bool(pixels.any()))
    known = known_patches(hole[None, None].float(), bank)
    assert known.tolist() == expected
    assert 0 < known.sum() < len(known)


def test_no_patch_is_taken_from_the_hole(network: PerceptualNetwork) -> None:
    part, hole = broken(96)
    layer = "relu3_1"
    features = network.targets(part, [layer])[layer]
    bank = PatchBank([features])
    allowed = known_patches(hole[None, None].float(), bank)
    matches = bank.search(features, allowed=Allowed(allowed[None]))
    assert bool(allowed[matches.index.flatten()].all())
    assert not bool(allowed[bank.search(features).index.flatten()].all()), "without the rule, patches match themselves"


def test_what_a_picture_has_outside_of_the_hole_changes_nothing(network: PerceptualNetwork) -> None:
    part, hole = broken(96)
    energy = HoleEnergy(network, QUICK, part, hole[None, None].float(), part, hole[None, None].float())
    picture = part.clone().requires_grad_()
    total = torch.stack(list(energy(picture).values())).sum()
    (gradient,) = torch.autograd.grad(total, picture)
    assert gradient[..., ~hole].abs().max() == 0
    assert gradient[..., hole].abs().max() > 0
    other = part.clone()
    other[..., ~hole] = 0.5
    assert torch.equal(torch.stack(list(energy(other).values())).sum(), total)


def test_only_the_hole_changes_and_the_patches_get_nearer(network: PerceptualNetwork) -> None:
    part, hole = broken()
    result = refined(network, QUICK)
    assert torch.equal(result.part[..., ~hole], part[..., ~hole])
    assert not torch.equal(result.part[..., hole], part[..., hole])
    assert result.facts["losses_last"]["patches"] < result.facts["losses_first"]["patches"]
    assert len(result.stages) == 2
    assert all(each.size == (part.shape[3], part.shape[2]) for each in result.stages.values())


def test_texture_grows_in_a_flat_hole(network: PerceptualNetwork) -> None:
    part, hole = broken()
    result = refined(network, Refinement(iterations=25, scales=2, content=0, rematch=5))
    assert part[..., hole].std(dim=2).max() < 1e-3
    assert result.part[..., hole].std(dim=2).min() > 0.01


def test_previews_show_the_part_no_larger_than_they_have_to(
    network: PerceptualNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.inpainting.refine.SHOWN_SIDE", 80)
    part, hole = broken()
    run = StepRun(refine(part, hole, hole, QUICK, network, Job()))
    shown = [step.preview() for step in run if step.preview]
    assert {each.size for each in shown} == {(80, 80)}
    last = to_tensor(shown[-1])
    known = ~hole[::2, ::2]
    known[20:60, 20:60] = False  # whatever the enlarged change may reach
    before = torch.nn.functional.interpolate(part, size=(80, 80), mode="bicubic", antialias=True).clamp(0, 1)
    assert (last - before)[..., known].abs().max() < 0.01
    assert (last - before)[..., 30:50, 30:50].abs().max() > 0.01


def test_a_stop_keeps_the_best_at_full_size(network: PerceptualNetwork) -> None:
    part, hole = broken()
    job = Job()
    run = StepRun(refine(part, hole, hole, QUICK, network, job))
    steps = iter(run)
    for _ in range(2):
        next(steps)
    job.stop()
    assert list(steps) == []
    assert len(run.result.stages) == 1, "a scale that was not reached is no stage"
    assert run.result.part.shape == part.shape
    assert torch.equal(run.result.part[..., ~hole], part[..., ~hole])


def test_a_stop_waits_for_no_finer_scale(network: PerceptualNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    energies: list[tuple[int, int]] = []
    energy_at = _Window.energy_at

    def noted(self: _Window, at: tuple[int, int]) -> HoleEnergy:
        energies.append(at)
        return energy_at(self, at)

    monkeypatch.setattr(_Window, "energy_at", noted)
    part, hole = broken()
    job = Job()
    run = StepRun(refine(part, hole, hole, QUICK, network, job))
    for _ in run:
        job.stop()
    assert len(set(energies)) == 1, "the finer scale's features and patches are not looked for"


def test_a_large_part_is_refined_at_the_finest_size_allowed() -> None:
    scales = scales_of((1000, 800), (2000, 1600), Refinement(finest=1024))
    assert scales[-1].size == (512, 410)
    assert [each.iterations for each in scales] == [20, 6, 2]
    assert [each.size[0] for each in scales] == sorted(each.size[0] for each in scales)


def test_the_arithmetic_grows_with_iterations_and_size() -> None:
    small = refinement_gflop((200, 200), (400, 400), Refinement(rematch=20))
    assert refinement_gflop((400, 400), (800, 800), Refinement(rematch=20)) == pytest.approx(4 * small, rel=0.05)
    assert 1.5 * small < refinement_gflop((200, 200), (400, 400), Refinement(iterations=40, rematch=40)) < 2 * small


def test_a_finer_scale_begins_with_the_detail_of_known_patches(network: PerceptualNetwork) -> None:
    part, hole = broken()
    known = hole[None, None].float()
    energy = HoleEnergy(network, QUICK, part, known, part, known)
    picture = energy.detailed(part)
    assert torch.equal(picture[..., ~hole], part[..., ~hole])
    assert picture[..., hole].std(dim=2).min() > 0.01
    assert energy(picture)["patches"] < energy(part)["patches"]
    everywhere = HoleEnergy(network, QUICK, part, torch.ones_like(known), part, known)
    assert torch.equal(everywhere.detailed(part), part), "nothing is known, so there is no detail to take"


def test_depth_is_the_distance_from_what_is_known() -> None:
    hole = torch.zeros(1, 1, 30, 40)
    hole[..., 5:25, 10:31] = 1
    inside = depth(hole)[0, 0]
    assert inside.max() == pytest.approx(10, abs=0.3)
    assert inside[15, 10] == inside[15, 30] == inside[5, 20] == 1
    assert not bool(inside[hole[0, 0] == 0].any())


def test_means_of_patches_that_disagree_get_their_length_back() -> None:
    values = torch.rand(1, 5, 7, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    bank = PatchBank([values])
    index = torch.randint(0, len(bank), (1, 4, 6), generator=torch.Generator().manual_seed(1))
    target = patch_target(bank, Matches(index, torch.ones(index.shape)), full_length=True)
    plain = patch_target(bank, Matches(index, torch.ones(index.shape)))
    lengths = numpy.zeros((6, 8))
    _, rows, columns = bank.places(index[0])
    for row in range(4):
        for column in range(6):
            top, left = int(rows[row, column]), int(columns[row, column])
            lengths[row : row + 3, column : column + 3] += (
                values[0, :, top : top + 3, left : left + 3].square().sum(0).numpy()
            )
    expected = numpy.sqrt(lengths / plain.count.numpy())
    assert numpy.allclose(target.blend[0].norm(dim=0).numpy(), expected)
    assert torch.allclose(
        torch.nn.functional.cosine_similarity(target.blend, plain.blend), torch.ones(1, 6, 8, dtype=torch.float64)
    )


def test_a_patch_term_looks_for_patches_every_so_many_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.rand(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    searches = []
    search = PatchBank.search
    monkeypatch.setattr(
        PatchBank, "search", lambda *arguments, **named: searches.append(1) or search(*arguments, **named)
    )
    term = PatchTerm({"relu3_1": PatchSearch([values])}, rematch=3)
    for _ in range(7):
        term({"relu3_1": values})
    assert len(searches) == 3
    assert term({"relu3_1": values}).item() == pytest.approx(0, abs=1e-5)


def test_a_part_without_known_patches_keeps_to_its_content(network: PerceptualNetwork) -> None:
    part, _ = broken(64)
    everywhere = torch.ones(1, 1, 64, 64)
    energy = HoleEnergy(network, QUICK, part, everywhere, part, everywhere)
    terms = energy(part)
    assert "patches" not in terms
    assert terms["content"].item() == pytest.approx(0, abs=1e-6)
    assert CONTENT_LAYER not in PATCH_LAYERS
