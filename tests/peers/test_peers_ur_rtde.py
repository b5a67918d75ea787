"""ur-rtde, somebody else's client of Universal Robots, talks to our simulated arm."""

import ast
import asyncio
import os
from textwrap import dedent

from drivers.timing import ArmTimes
from hil_sim.devices.ur_arm import SimUrArm
from hil_sim.devices.ur_rtde import RtdeServer
from hil_sim.wire import Wires
from hil_sim.world import World
from runtime import Clock
from tests.peers.programs import tell
from tests.processes import free_ports
from tests.rig_modbus import ORIGIN, POSES, clock

DASHBOARD = """
from dashboard_client import DashboardClient
robot = DashboardClient("127.0.0.1", {port})
robot.connect(2000)
def refused(act, *arguments):
    try:
        act(*arguments)
    except RuntimeError as error:
        return str(error)
    return ""
"""

# The client always goes to port 30004: every test process has a host of its own.
RTDE_HOST = f"127.1.{os.getpid() // 250 % 250}.{1 + os.getpid() % 250}"
RTDE = """
from rtde_receive import RTDEReceiveInterface
names = ["timestamp", "actual_TCP_pose", "robot_mode", "safety_mode", "runtime_state"]
def watch(names=names):
    return RTDEReceiveInterface("{host}", 50.0, names)
"""


async def asked(ur_rtde, arm, script):
    """Serve an arm and run a script with `robot` connected; return what it printed last."""
    modbus, dashboard = free_ports(2)
    wires = Wires()
    arm.listen(wires, f"tcp://127.0.0.1:{modbus}", f"tcp://127.0.0.1:{dashboard}")
    await wires.open()
    try:
        head = DASHBOARD.format(port=dashboard)
        code, said = await tell(*ur_rtde, head + dedent(script))
    finally:
        await wires.close()
    assert code == 0, said
    return ast.literal_eval(said.splitlines()[-1])


def arm(**state):
    simulated = SimUrArm(World(), clock(), ArmTimes(), POSES)
    for name, value in state.items():
        setattr(simulated.controller, name, value)
    return simulated


def test_dashboard_reports(ur_rtde):
    async def main():
        said = await asked(
            ur_rtde,
            arm(playing=False, remote=True),
            """
            print([robot.isConnected(), robot.robotmode(), robot.safetystatus(),
                   robot.safetymode(), robot.programState(), robot.running(),
                   robot.isInRemoteControl(), robot.getLoadedProgram()])
            """,
        )
        assert said == [
            True,
            "Robotmode: RUNNING",
            "Safetystatus: NORMAL",
            "Safetymode: NORMAL",
            "STOPPED cell.urp",
            False,
            True,
            "Loaded program: /programs/cell.urp",
        ]

    asyncio.run(main())


def test_dashboard_loads_plays_and_stops(ur_rtde):
    async def main():
        simulated = arm(playing=False)
        said = await asked(
            ur_rtde,
            simulated,
            """
            robot.loadURP("cell.urp")
            missing = refused(robot.loadURP, "absent.urp")
            robot.play()
            playing = robot.running(), robot.programState()
            again = refused(robot.play)
            robot.stop()
            stopped = robot.running()
            robot.play()
            print([missing, playing, again, stopped, robot.running()])
            """,
        )
        again = "Failed to execute: play"
        state = (True, "PLAYING cell.urp")
        assert said == ["File not found: absent.urp", state, again, False, True]
        assert simulated.controller.playing

    asyncio.run(main())


def test_dashboard_refuses_in_local_control_and_after_a_protective_stop(ur_rtde):
    async def main():
        simulated = arm(remote=False, playing=False)
        script = """
            print([robot.isInRemoteControl(), bool(refused(robot.play)), robot.safetystatus()])
            """
        assert await asked(ur_rtde, simulated, script) == [False, True, "Safetystatus: NORMAL"]
        assert not simulated.controller.playing
        simulated = arm()
        simulated.protective_stop()
        script = """
            before = robot.safetystatus(), bool(refused(robot.play))
            robot.unlockProtectiveStop()
            robot.play()
            print([before, robot.safetystatus(), robot.running()])
            """
        stopped = ("Safetystatus: PROTECTIVE_STOP", True)
        assert await asked(ur_rtde, simulated, script) == [stopped, "Safetystatus: NORMAL", True]

    asyncio.run(main())


def test_dashboard_brings_the_arm_back_after_an_emergency_stop(ur_rtde):
    async def main():
        simulated = arm(clock=Clock(ORIGIN, 0.0, speed=50.0))
        simulated.press_e_stop()
        stopped = """
            print([robot.robotmode(), robot.safetystatus(), bool(refused(robot.play))])
            """
        mode, safety = "Robotmode: POWER_OFF", "Safetystatus: ROBOT_EMERGENCY_STOP"
        assert await asked(ur_rtde, simulated, stopped) == [mode, safety, True]
        simulated.release_e_stop()
        back = """
            import time
            def until(mode):
                while robot.robotmode() != "Robotmode: " + mode:
                    time.sleep(0.02)
            robot.powerOn()
            until("IDLE")
            robot.brakeRelease()
            until("RUNNING")
            robot.play()
            print([robot.robotmode(), robot.safetystatus(), robot.running()])
            """
        running = ["Robotmode: RUNNING", "Safetystatus: NORMAL", True]
        assert await asked(ur_rtde, simulated, back) == running

    asyncio.run(main())


async def watched(ur_rtde, simulated, script):
    """Serve an arm's data exchange and run a script over it; return what it printed last."""
    wires = Wires()
    wires.listen(f"tcp://{RTDE_HOST}:30004", RtdeServer(simulated))
    await wires.open()
    try:
        code, said = await tell(*ur_rtde, RTDE.format(host=RTDE_HOST) + dedent(script))
    finally:
        await wires.close()
    assert code == 0, said
    return ast.literal_eval(said.splitlines()[-1])


def test_data_exchange_shows_pose_and_modes(ur_rtde):
    async def main():
        simulated = arm()
        simulated.pose = (-200.0, -450.5, 220.25)
        simulated.protective_stop()
        said = await watched(
            ur_rtde,
            simulated,
            """
            import time
            robot = watch()
            first = robot.getTimestamp()
            end = time.monotonic() + 5
            while robot.getTimestamp() <= first and time.monotonic() < end:
                time.sleep(0.01)
            print([robot.isConnected(), robot.getActualTCPPose(), robot.getRobotMode(),
                   robot.getSafetyMode(), robot.getRuntimeState(), robot.getTimestamp() > first])
            """,
        )
        stopped = 3
        assert said == [True, [-0.2, -0.4505, 0.22025, 0.0, 0.0, 0.0], 7, stopped, 1, True]

    asyncio.run(main())


def test_data_exchange_refuses_what_the_simulated_arm_has_not(ur_rtde):
    async def main():
        said = await watched(
            ur_rtde,
            arm(),
            """
            try:
                watch(["timestamp", "actual_q"])
            except RuntimeError as error:
                print(["[actual_q]" in str(error)], flush=True)
            """,
        )
        assert said == [True]

    asyncio.run(main())
