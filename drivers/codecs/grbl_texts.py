"""What the error and alarm numbers of GRBL 1.1 mean, in our words."""

from __future__ import annotations

from types import MappingProxyType

ERRORS = MappingProxyType(
    {
        1: "a word lacks its letter",
        2: "a number is missing or cannot be read",
        3: "not a known $ command",
        4: "a value must not be negative",
        5: "homing is switched off ($22)",
        6: "step pulse too short",
        7: "stored settings could not be read",
        8: "only possible when idle",
        9: "locked by an alarm or a jog",
        10: "soft limits need homing",
        11: "line too long",
        12: "step rate too high",
        13: "safety door open",
        14: "stored line too long",
        15: "jog would leave the travel",
        16: "not a valid jog",
        17: "laser mode needs PWM",
        20: "command not supported",
        21: "two commands of one group",
        22: "no feed given",
        23: "value must be whole",
        24: "two commands want the axes",
        25: "a word is repeated",
        26: "axes are missing",
        27: "line number out of range",
        28: "a value is missing",
        29: "work offset not supported",
        30: "G53 needs G0 or G1",
        31: "axes given for nothing",
        32: "arc without axes in its plane",
        33: "target not valid",
        34: "arc radius not possible",
        35: "arc without offsets in its plane",
        36: "unused words",
        37: "tool length axis not possible",
        38: "tool number too high",
    }
)

ALARMS = MappingProxyType(
    {
        1: "hard limit hit; position lost",
        2: "target beyond soft limit; position kept",
        3: "reset while moving; position lost",
        4: "probe in the wrong state at the start",
        5: "probe did not touch",
        6: "homing failed: reset",
        7: "homing failed: door",
        8: "homing failed: switch still closed after pull-off",
        9: "homing failed: switch not found",
        10: "homing failed: second motor's switch not found",
    }
)
