"""What keeps the simulator from running: exit code 125, every problem at once, no files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.simulator.bad_input.damaged_elf import EXIT_CODE, EXIT_NOT_RUN, valid_elf
from tests.simulator.harness.installed_tools import simulator, soc_description


def run(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [simulator(), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )


def refused(run: subprocess.CompletedProcess[str], code: str, *texts: str) -> None:
    assert run.returncode == EXIT_NOT_RUN, run.stderr
    assert run.stdout == ""
    assert f"error {code}: " in run.stderr
    for text in texts:
        assert text in run.stderr


@pytest.fixture(scope="module", name="elf")
def fixture_elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("valid") / "firmware.elf"
    file.write_bytes(valid_elf(file.parent))
    return file


def test_help() -> None:
    result = run("--help")
    assert result.returncode == 0
    for option in [
        *["elf", "soc", "arguments", "stats", "trace", "energy", "instruction-trace"],
        *["profile", "profile-function"],
        *["max-cycles", "allow-l1-alias", "no-run-ahead", "gdb"],
    ]:
        assert f"--{option} " in result.stdout


def test_nothing_given() -> None:
    refused(run(), "TW-1001", "--elf is missing", "--soc is missing")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--nonsense"], "no option '--nonsense'"),
        (["firmware.elf"], "no option 'firmware.elf'"),
        (["--max-cycles", "many"], "--max-cycles takes a number of cycles, not 'many'"),
        (["--max-cycles=-1"], "not '-1'"),
        (["--max-cycles", "99999999999999999999"], "a number of cycles"),
        (["--gdb", "65536"], "a port from 0 to 65535, not '65536'"),
        (["--no-run-ahead=1"], "takes no value"),
        (["--stats="], "--stats takes a file"),
        (["--stats"], "--stats takes a file"),
        (["--profile-function", "main"], "--profile-function needs --profile"),
    ],
)
def test_bad_options(elf: Path, options: list[str], text: str) -> None:
    refused(run("--elf", elf, "--soc", soc_description(), *options), "TW-1001", text)


def test_all_problems_at_once() -> None:
    result = run("--nonsense", "--gdb", "x")
    refused(result, "TW-1001", "--nonsense", "--gdb", "--elf", "--soc")
    assert len(result.stderr.splitlines()) == 4


def test_missing_files(elf: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    result = run("--elf", nowhere, "--soc", nowhere)
    refused(result, "TW-1003", str(nowhere))
    refused(result, "TW-1004", str(nowhere))
    result = run("--elf", elf, "--soc", soc_description(), "--arguments", nowhere)
    refused(result, "TW-1002", str(nowhere))
    refused(run("--elf", tmp_path, "--soc", soc_description()), "TW-1004")


def test_output_that_cannot_be_written(elf: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    nowhere = tmp_path / "nowhere" / "stats"
    options = ["--trace", trace, "--stats", nowhere]
    refused(run("--elf", elf, "--soc", soc_description(), *options), "TW-1002", str(nowhere))
    assert not trace.exists()


def test_a_full_disk_is_an_error(elf: Path) -> None:
    result = run("--elf", elf, "--soc", soc_description(), "--stats", "/dev/full")
    assert result.returncode == EXIT_NOT_RUN
    assert "error TW-1002: /dev/full: cannot be written" in result.stderr


def test_no_files_of_firmware_that_does_not_run(elf: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.elf"
    # The first segment's address: outside of memory.
    contents = bytearray(elf.read_bytes())
    contents[64:68] = (0x20000000).to_bytes(4, "little")
    contents[24:28] = (0x20000000).to_bytes(4, "little")
    damaged.write_bytes(contents)
    stats = tmp_path / "stats"
    refused(run("--elf", damaged, "--soc", soc_description(), "--stats", stats), "TW-1004")
    assert not stats.exists()


def soc_with(tmp_path: Path, change: dict[str, str]) -> Path:
    text = soc_description().read_text()
    for pattern, replacement in change.items():
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count
    file = tmp_path / "soc.yaml"
    file.write_text(text)
    return file


def test_every_missing_fact_is_named(elf: Path, tmp_path: Path) -> None:
    soc = soc_with(
        tmp_path,
        {
            r"^clock_hertz:.*\n": "",
            r"^  burst: .*\n": "",
            r"^  wake: .*\n": "",
            r"^  instruction: .*\n": "",
            r", size: 0x40000": "",
        },
    )
    result = run("--elf", elf, "--soc", soc)
    refused(result, "TW-1003", "clock_hertz is missing", "dma.burst is missing")
    refused(result, "TW-1003", "neureka.wake is missing", "energy.instruction is missing")
    refused(result, "TW-1003", "memories[3].size is missing")


def test_a_chip_needs_no_accelerator(elf: Path, tmp_path: Path) -> None:
    """Nor its weight memory, and nobody says what they would cost."""
    soc = soc_with(
        tmp_path,
        {
            r"^  - \{name: weight_memory.*\n": "",
            r"^weight_memory:\n(  .*\n)+": "",
            r"^neureka:\n(  .*\n)+": "",
            r"^  neureka: .*\n": "",
            r"^  (weight_memory_byte|accelerator_cycle|accelerator_mac): .*\n": "",
        },
    )
    result = run("--elf", elf, "--soc", soc)
    assert (result.returncode, result.stderr) == (EXIT_CODE, "")


@pytest.mark.parametrize(
    ("pattern", "replacement", "text"),
    [
        (r"^cores: 8", "cores: eight", "cores is 'eight', supported: integers from 1 to"),
        (r"^cores: 8", "cores: 500", "integers from 1 to"),
        (r"^cores: 8", "cores: 4", "cluster.control_core is 8"),
        (r"banks: 16", "banks: 12", "l1.banks is 12, supported: powers of two"),
        (r"base: 0x10000000", "base: 0x1c000000", "overlaps"),
        (r"name: weight_memory", "name: weights", "no memory weight_memory"),
        (r"name: l2_private1", "name: l2_private0", "there twice"),
        (r"l2_byte: .*", "l2_byte: -1.5", "energy.l2_byte is '-1.5', supported: numbers from 0"),
        (r"^dma:", "dma: 1\nxdma:", "dma.counters is missing"),
        (r"^name: siracusa", "name: [siracusa]", "name is a list"),
        (r"^isa: .*", "isa: 'open", "closing ' is missing"),
    ],
)
def test_malformed_facts(
    elf: Path, tmp_path: Path, pattern: str, replacement: str, text: str
) -> None:
    soc = soc_with(tmp_path, {pattern: replacement})
    result = run("--elf", elf, "--soc", soc)
    refused(result, "TW-1003", text)
    assert re.search(rf"{re.escape(str(soc))}(:\d+)?: ", result.stderr)


def test_a_valid_command_runs(elf: Path) -> None:
    result = run(f"--elf={elf}", f"--soc={soc_description()}")
    assert (result.returncode, result.stderr) == (EXIT_CODE, "")
