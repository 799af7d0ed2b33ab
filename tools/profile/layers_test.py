"""What was measured is joined with the right layers, and nothing is lost or counted twice."""

from __future__ import annotations

import copy
import csv
import io

import pytest

from tools.profile import sample_run, table
from tools.profile.layers import COPIES, LAUNCH, SPENT, EntryProfile, busy_cycles, profiles
from tools.profile.measurement import Copy, Measurement, ProfileError


def sample(*, accelerated: bool = False) -> EntryProfile:
    measurement = Measurement(sample_run.profile(accelerated=accelerated))
    memory = sample_run.memory(accelerated=accelerated)
    (found,) = profiles(memory, sample_run.mapping(), measurement)
    return found


def test_only_entry_points_that_ran_and_their_last_call() -> None:
    found = sample()
    assert (found.network, found.name, found.workers) == ("net", "decode", 2)
    assert found.simulated == sample_run.END - sample_run.BEGIN
    assert found.predicted == 810 + 90


def test_cycles_of_layers_add_up() -> None:
    found = sample()
    layers = {layer.name: layer for layer in found.layers}
    assert list(layers) == [COPIES, "first", "second", LAUNCH]
    assert sum(layer.simulated for layer in found.layers) == found.simulated
    assert sum(layer.predicted for layer in found.layers) == found.predicted
    ends = sample_run.STEP_ENDS
    assert layers[COPIES].simulated == ends[1] - ends[0] + ends[4] - ends[3]
    # The third step belongs to both, in proportion to what was predicted: 100 and 200 cycles.
    assert layers["first"].simulated == ends[2] - ends[1] + 100
    assert layers["second"].simulated == 200
    assert layers["first"].nodes == ["conv", "relu"]
    assert layers["first"].multiply_accumulates == 2000
    assert layers["first"].rate == 2000 / layers["first"].simulated


def test_every_core_cycle_is_spent_on_one_thing() -> None:
    found = sample()
    for step in found.steps:
        assert set(step.measured.core_cycles) == set(SPENT)
        assert sum(step.measured.core_cycles.values()) == found.workers * step.measured.cycles
    waits = found.steps[0].measured
    # The control core comes 180 cycles after the last worker, for both of which that is exposed.
    assert waits.exposed == 180 and waits.core_cycles["copies"] == 360
    assert waits.core_cycles["bank conflict"] == 4 and waits.core_cycles["load"] == 6
    assert found.steps[1].measured.exposed == 0


def test_copies_and_memory() -> None:
    found = sample()
    layers = {layer.name: layer for layer in found.layers}
    assert layers[COPIES].dma_busy == (1295 - 1110) + (1895 - 1815)
    assert layers[COPIES].bytes_loaded == 512
    assert layers["first"].l1_bytes == 768 and layers["second"].l1_bytes == 256
    copies = [Copy(True, 8, 10, 30), Copy(True, 8, 20, 25), Copy(False, 8, 40, 60)]
    assert busy_cycles(copies, 0, 100) == 40
    assert busy_cycles(copies, 28, 50) == 12


def test_another_plan_is_refused() -> None:
    memory = sample_run.memory()
    memory["maps"][0]["steps"] = memory["maps"][0]["steps"][:1]
    with pytest.raises(ProfileError, match="1 steps, but the cluster met 5 times"):
        profiles(memory, sample_run.mapping(), Measurement(sample_run.profile()))
    other = copy.deepcopy(sample_run.profile())
    other["format"] = 1
    with pytest.raises(ProfileError, match="format 1"):
        Measurement(other)


def test_jobs_belong_to_the_calls_that_they_are_for() -> None:
    found = sample(accelerated=True)
    layers = {layer.name: layer for layer in found.layers}
    first, second = layers["first"], layers["second"]
    assert (first.engine, first.jobs, first.accelerator_busy) == ("cores", 0, 0)
    assert (second.engine, second.jobs) == ("accelerator", 2)
    assert second.accelerator_busy == 99 + 149
    assert second.accelerator_idle == 300 - second.accelerator_busy
    # Nothing runs while the first one is configured; the second one hides behind it.
    assert (second.configuration, second.configuration_exposed) == (30 + 53, 30)
    assert (second.accelerator_stalls, second.weight_stalls) == (9, 4)
    assert sum(layer.simulated for layer in found.layers) == found.simulated
    (step,) = (step for step in found.steps if step.job_calls)
    assert step.jobs == (("second", 0),) * 2
    assert (step.predicted_cores, step.predicted_jobs) == (100, 200)


def test_who_waits_for_the_accelerator() -> None:
    (step,) = (step.measured for step in sample(accelerated=True).steps if step.job_calls)
    # The workers are done at 1600, the jobs at 1790; no copy comes.
    assert step.exposed == 0
    assert (step.core_cycles["accelerator"], step.core_cycles["copies"]) == (2 * 200, 0)
    engines = sample(accelerated=True).engines()
    assert engines["accelerator"]["busy"] + engines["accelerator"]["idle"] == 1000
    assert engines["accelerator"]["configuration_hidden"] == 53
    cores = engines["cores"]
    assert cores["busy"] + sum(cores["waits"].values()) == 2 * 1000
    # A copy that comes after the last job: from then on it is waited for.
    late = sample_run.profile(accelerated=True)
    late["transfers"].append([sample_run.CONTROL, 1, 8, 1600, 1700, 1795])
    (found,) = profiles(
        sample_run.memory(accelerated=True), sample_run.mapping(), Measurement(late)
    )
    (step,) = (step.measured for step in found.steps if step.job_calls)
    assert (step.exposed, step.core_cycles["accelerator"]) == (10, 2 * 190)


def test_a_job_that_is_configured_in_an_earlier_step() -> None:
    prepared = sample_run.profile(accelerated=True)
    prepared["jobs"][0] |= {"acquired": 1400, "configured": 1480, "triggered": 1520}
    (found,) = profiles(
        sample_run.memory(accelerated=True), sample_run.mapping(), Measurement(prepared)
    )
    (job, _) = next(step.measured.jobs for step in found.steps if step.job_calls)
    # Its step begins at 1505.
    assert (job.hidden, job.exposed) == (80, 15)


def test_another_number_of_jobs_is_refused() -> None:
    other = sample_run.profile(accelerated=True)
    other["jobs"].pop()
    with pytest.raises(ProfileError, match="has 2 jobs for the accelerator, but it was given 1"):
        profiles(sample_run.memory(accelerated=True), sample_run.mapping(), Measurement(other))


def test_table_of_an_accelerated_run() -> None:
    found = sample(accelerated=True)
    text = table.text([found], [])
    assert "accelerator: busy 24.8 %, 2 jobs" in text
    assert "configuration 5.3 % hidden, 3.0 % exposed" in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert "engine" not in table.text([sample()], [])
    rows = {row["layer"]: row for row in csv.DictReader(io.StringIO(table.to_csv([found])))}
    assert rows["second"]["accelerator_busy"] == "248" and rows["second"]["jobs"] == "2"
    assert rows["second"]["engine"] == "accelerator"


def test_a_run_that_brings_its_tables() -> None:
    loading = sample_run.profile()
    loading["transfers"].insert(0, [sample_run.CONTROL, 1, 320, 1020, 1030, 1080])
    (found,) = profiles(sample_run.memory(), sample_run.mapping(), Measurement(loading))
    assert found.predicted == sample().predicted + 40
    assert sum(layer.predicted for layer in found.layers) == found.predicted


def test_table_and_csv() -> None:
    found = sample()
    text = table.text([found], ["l1: 1 of 2 bytes used"])
    assert text.startswith("net, decode: 1,000 cycles simulated, 900 predicted (-10.0 %)\n")
    assert all(line == line.rstrip() for line in text.splitlines())
    rows = list(csv.DictReader(io.StringIO(table.to_csv([found]))))
    assert [row["layer"] for row in rows] == [layer.name for layer in found.layers]
    assert sum(int(row["simulated_cycles"]) for row in rows) == found.simulated
    assert rows[1]["nodes"] == "conv relu"
