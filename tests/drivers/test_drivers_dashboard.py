import asyncio
from typing import Any

import pytest

from drivers.codecs import dashboard as codec
from drivers.codecs.dashboard import Request
from drivers.dashboard import Dashboard
from drivers.interfaces import Done, Failure, NotDone, Unknown
from drivers.lines import Bench
from runtime import run_virtual
from tests.rig_modbus import DASHBOARD_URL, ArmRig, clock, got

PROGRAM = "cell.urp"


def dashboard(rig: Any) -> Any:
    return Dashboard(rig.bench, DASHBOARD_URL, rig.clock)


@pytest.mark.parametrize(
    ("request_", "text", "said"),
    [
        (Request.ROBOT_MODE, "Robotmode: POWER_OFF", "POWER_OFF"),
        (Request.SAFETY_STATUS, "Safetystatus: PROTECTIVE_STOP", "PROTECTIVE_STOP"),
        (Request.PROGRAM_STATE, "PLAYING cell.urp", "PLAYING cell.urp"),
        (Request.PROGRAM_STATE, "STOPPED", "STOPPED"),
        (Request.LOAD, "Loading program: /programs/cell.urp", "/programs/cell.urp"),
        (Request.LOAD, "File not found: cell.urp", None),
        (Request.LOAD, "Error while loading program: cell.urp", None),
        (Request.PLAY, "Starting program", "Starting program"),
        (Request.PLAY, "Failed to execute: play", None),
        (Request.STOP, "Stopped", "Stopped"),
        (Request.POWER_ON, "Powering on", "Powering on"),
        (Request.POWER_ON, "Powering off", None),
        (Request.BRAKE_RELEASE, "Brake releasing", "Brake releasing"),
        (Request.UNLOCK, "Protective stop releasing", "Protective stop releasing"),
        (Request.REMOTE_CONTROL, "true", "true"),
    ],
)
def test_published_answers_are_understood(request_: Any, text: str, said: Any) -> None:
    assert codec.answer(request_, text + "\r") == said


def test_an_argument_cannot_smuggle_a_second_line() -> None:
    with pytest.raises(ValueError, match="not one line"):
        codec.line(Request.LOAD, "a.urp\npower off")


def test_a_cold_arm_is_brought_to_running_with_the_program_playing() -> None:
    async def main() -> None:
        rig = ArmRig(autostart=False)
        rig.sim.power_loss()
        board = dashboard(rig)
        assert got(await board.read()).robot_mode == "POWER_OFF"
        state = got(await board.ensure_running(PROGRAM))
        assert (state.robot_mode, state.program) == ("RUNNING", "PLAYING cell.urp")
        assert rig.clock.process() >= 7
        assert got(await rig.arm.claim(1)).ready
        assert got(await board.ensure_running(PROGRAM)) == state

    run_virtual(main())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"remote": False}, "local control"),
        ({"safety": "PROTECTIVE_STOP"}, "PROTECTIVE_STOP"),
        ({"files": set(), "playing": False}, "File not found"),
    ],
)
def test_what_only_a_person_can_change_is_said(change: Any, said: Any) -> None:
    async def main() -> None:
        rig = ArmRig()
        for name, value in change.items():
            setattr(rig.sim.controller, name, value)
        outcome = await dashboard(rig).ensure_running(PROGRAM)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY
        assert said in outcome.detail

    run_virtual(main())


def test_a_protective_stop_is_released_only_by_asking() -> None:
    async def main() -> None:
        rig = ArmRig()
        rig.sim.protective_stop()
        board = dashboard(rig)
        assert isinstance(await board.ensure_running(PROGRAM), NotDone)
        assert rig.sim.controller.safety == "PROTECTIVE_STOP"
        got(await board.unlock_protective_stop())
        got(await board.ensure_running(PROGRAM))
        assert isinstance(await board.unlock_protective_stop(), NotDone)
        got(await board.stop())
        assert not rig.sim.controller.playing

    run_virtual(main())


def test_an_arm_that_never_gets_ready_ends_in_unknown() -> None:
    async def main() -> None:
        rig = ArmRig(autostart=False)
        rig.sim.power_loss()
        rig.sim.controller.mode = "POWER_ON"
        outcome = await dashboard(rig).ensure_running(PROGRAM, deadline_s=20)
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.TIMED_OUT
        assert "POWER_ON" in outcome.detail

    run_virtual(main())


class Odd(asyncio.Protocol):
    """A peer that greets and answers as told."""

    def __init__(self, greeting: Any, reply: Any) -> None:
        self.greeting, self.reply = greeting, reply

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        asyncio.get_running_loop().call_soon(transport.write, self.greeting)

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.reply)


BANNER = codec.BANNER.encode() + b"\n"


@pytest.mark.parametrize(
    ("greeting", "reply", "kind", "reason"),
    [
        (b"SSH-2.0-OpenSSH\r\n", b"", NotDone, Failure.BAD_REPLY),
        (b"", b"", NotDone, Failure.NO_LINK),
        (BANNER, b"", Unknown, Failure.NO_REPLY),
        (BANNER, b"Stop", Unknown, Failure.NO_REPLY),
        (BANNER, b"x" * 5000, Unknown, Failure.NO_REPLY),
        (BANNER, b"could not understand\n", NotDone, Failure.NOT_READY),
    ],
)
def test_odd_peers_end_by_deadline_and_never_fill_the_memory(
    greeting: Any, reply: Any, kind: Any, reason: Any
) -> None:
    async def main() -> None:
        bench = Bench()
        bench.listen("memory://odd", lambda: Odd(greeting, reply))
        outcome = await Dashboard(bench, "memory://odd", clock()).stop()
        assert type(outcome) is kind and outcome.reason is reason
        assert asyncio.get_running_loop().time() <= 2.0

    run_virtual(main())


def test_a_late_answer_is_not_taken_for_the_next() -> None:
    async def main() -> None:
        rig = ArmRig()
        board = dashboard(rig)
        got(await board.read())
        rig.sim.dashboard_port.to_client = lambda data, forward: (
            asyncio.get_running_loop().call_later(3.0, forward, data)
        )
        assert isinstance(await board.ask(Request.ROBOT_MODE), Unknown)
        rig.sim.dashboard_port.to_client = lambda data, forward: forward(data)
        await asyncio.sleep(5)
        assert await board.ask(Request.REMOTE_CONTROL) == Done("true")

    run_virtual(main())


def test_an_unplugged_dashboard_is_no_link() -> None:
    async def main() -> None:
        rig = ArmRig()
        rig.sim.dashboard_port.unplug()
        outcome = await dashboard(rig).read()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK

    run_virtual(main())
