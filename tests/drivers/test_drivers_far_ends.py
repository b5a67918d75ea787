"""The programs at the far ends use the very addresses and numbers of the tables."""

import re
from enum import IntEnum
from pathlib import Path

import pytest

from drivers.codecs import arm, station
from drivers.codecs.arm import ArmFault, Job
from drivers.codecs.registers import Table
from drivers.codecs.station import Command, Input, Refusal, StationFault
from drivers.interfaces import Activity, CycleEnd

DEPLOY = Path(__file__).parents[2] / "deploy"
ST = (DEPLOY / "plc" / "station.st").read_text(encoding="utf-8")
SCRIPT = (DEPLOY / "ur" / "cell.script").read_text(encoding="utf-8")

ST_ADDRESSES = {
    name: int(address) for name, address in re.findall(r"^\s*(\w+)\s+AT %MW(\d+)\s*:", ST, re.M)
}
ST_NUMBERS = {
    name: int(text.replace("16#", "0x"), 0)
    for name, text in re.findall(r"^\s*([A-Z_]+)\s*: UINT := ([\w#]+);", ST, re.M)
}
SCRIPT_NUMBERS = {
    name: int(number)
    for name, number in re.findall(r"^\s*global ([A-Z]+_\w+) = (\d+)$", SCRIPT, re.M)
}


def addresses(table: Table, prefix: str) -> dict[str, int]:
    """Name every register as the far ends do: u32 as two words, high first."""
    named = {}
    for field in table.fields:
        if field.kind == "u32":
            named[f"{prefix}{field.name}_hi"] = field.address
            named[f"{prefix}{field.name}_lo"] = field.address + 1
        else:
            named[f"{prefix}{field.name}"] = field.address
    return named


def numbers(prefix: str, enum: type[IntEnum]) -> dict[str, int]:
    return {f"{prefix}_{member.name}": int(member) for member in enum}


def chosen(found: dict[str, int], prefix: str) -> dict[str, int]:
    return {name: number for name, number in found.items() if name.startswith(f"{prefix}_")}


def test_the_plc_program_has_every_register_at_its_address_and_no_other() -> None:
    assert {
        **addresses(station.COMMAND, "Cmd_"),
        **addresses(station.MEASURE, "Ask_"),
        **addresses(station.HEARTBEAT, "Bea_"),
        **addresses(station.STATUS, "Sta_"),
        **addresses(station.MEASUREMENT, "Mea_"),
    } == ST_ADDRESSES


@pytest.mark.parametrize(
    ("prefix", "enum"),
    [
        ("CMD", Command),
        ("REF", Refusal),
        ("ACT", Activity),
        ("END", CycleEnd),
        ("FLT", StationFault),
    ],
)
def test_the_plc_program_has_our_numbers(prefix: str, enum: type[IntEnum]) -> None:
    assert chosen(ST_NUMBERS, prefix) == numbers(prefix, enum)


def test_the_plc_program_is_known_by_identity_map_and_scales() -> None:
    assert ST_NUMBERS["IDENTITY"] == station.IDENTITY
    assert ST_NUMBERS["MAP_VERSION"] == station.MAP_VERSION
    assert ST_NUMBERS["SCALE_COUNT"] == max(station.SCALE_CODES.values())
    assert len(set(station.SCALE_CODES.values())) == ST_NUMBERS["SCALE_COUNT"]


def test_the_plc_program_has_the_input_bits_in_order() -> None:
    sum_ = re.search(r"Sta_inputs := (.*?);", ST, re.S).group(1)
    found = {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper(): int(weight or 1)
        for weight, name in re.findall(r"(?:(\d+) \* )?BOOL_TO_UINT\((\w+)\)", sum_)
    }
    assert found == {member.name: 1 << member for member in Input}


def test_the_plc_program_writes_every_status_register_and_no_command() -> None:
    body = ST[ST.index("(* --- interlocks") :]
    written = set(re.findall(r"\b((?:Sta|Mea|Cmd|Ask)_\w+) :=", body))
    assert written == {name for name in ST_ADDRESSES if name.startswith(("Sta_", "Mea_"))}


@pytest.mark.parametrize(
    "name", ["Boot", "Epoch", "Accepted", "Handled", "CycleCount", "CycleEnd", "CycleTag"]
)
def test_the_evidence_of_the_plc_outlives_power(name: str) -> None:
    retained = re.search(r"VAR RETAIN(.*?)END_VAR", ST, re.S).group(1)
    assert re.search(rf"\b{name}\s*:", retained)


def test_the_plc_program_moves_the_fence_and_the_counter_before_the_machine() -> None:
    assert ST.index("Handled := Cmd_sequence;\n  Verdict") < ST.index("Step := 1")
    contact = ST[ST.index("IF ContactSensor") :]
    assert contact.index("CycleCount + 1") < contact.index("Step := 2")


def test_the_script_has_every_register_at_its_address_and_no_other() -> None:
    found = {**chosen(SCRIPT_NUMBERS, "CMD"), **chosen(SCRIPT_NUMBERS, "STA")}
    assert found == {**addresses(arm.COMMAND, "CMD_"), **addresses(arm.STATUS, "STA_")}


@pytest.mark.parametrize(("prefix", "enum"), [("JOB", Job), ("ACT", Activity), ("FLT", ArmFault)])
def test_the_script_has_our_numbers(prefix: str, enum: type[IntEnum]) -> None:
    assert chosen(SCRIPT_NUMBERS, prefix) == numbers(prefix, enum)


def test_the_script_is_known_by_identity_and_map() -> None:
    assert SCRIPT_NUMBERS["MAP_IDENTITY"] == arm.IDENTITY
    assert SCRIPT_NUMBERS["MAP_VERSION"] == arm.MAP_VERSION


def test_the_refusals_of_the_script_are_ours() -> None:
    assert chosen(SCRIPT_NUMBERS, "REF").items() <= numbers("REF", Refusal).items()


def test_the_script_touches_registers_by_name_only_and_uses_each() -> None:
    calls = re.findall(r"(read|write)_port_register\(([^,)]+)", SCRIPT)
    assert {name for kind, name in calls if kind == "read"} == set(addresses(arm.COMMAND, "CMD_"))
    assert {name for kind, name in calls if kind == "write"} == set(addresses(arm.STATUS, "STA_"))


def test_the_blocks_of_the_script_are_closed() -> None:
    code = [line.split("#")[0].strip() for line in SCRIPT.splitlines()]
    opened = sum(bool(re.match(r"(def|if|while|thread) ?.*:$", line)) for line in code)
    assert opened == code.count("end")
    assert code.count("enter_critical") == code.count("exit_critical")


def test_the_blocks_of_the_plc_program_are_closed() -> None:
    code = re.sub(r"\(\*.*?\*\)", "", ST, flags=re.S)
    assert len(re.findall(r"\bIF\b", code)) == code.count("END_IF")
    assert len(re.findall(r"^VAR\b", code, re.M)) == code.count("END_VAR")
    assert len(re.findall(r"\bCASE\b", code)) == code.count("END_CASE")
