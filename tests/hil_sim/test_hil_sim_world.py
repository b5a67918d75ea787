import json
from dataclasses import asdict
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import IO, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.interfaces import SIZING, TESTER, VISION, Place, Station
from hil_sim.physics import HardnessField
from hil_sim.world import GRIPPER, Indentation, World, WorldBlock


def block(name: str) -> WorldBlock:
    field = HardnessField.random(61.2, 0.1, Random(name))
    return WorldBlock(name, "HRC", field, f"编号 {name}", marks=[Indentation(1, 2, 0.5, "HRC")])


def truth(world: World) -> dict[str, Any]:
    return {
        "blocks": {name: b.to_json() for name, b in world.blocks.items()},
        "where": dict(world.where),
        "retentive": dict(world.retentive),
        "accidents": list(world.accidents),
    }


PLACES = st.sampled_from([SIZING, VISION, TESTER, Place(Station.SLOT, 1), Place(Station.SLOT, 2)])
STEPS = st.one_of(
    st.tuples(st.just("grip"), PLACES),
    st.tuples(st.just("let_go"), PLACES),
    st.tuples(st.just("indent"), st.integers(1, 9)),
    st.tuples(st.just("complete"), st.integers(1, 9)),
    st.tuples(st.just("retain"), st.integers(0, 3)),
    st.tuples(st.just("accident"), st.just("door \u2028 torn\n off")),
)


def do(world: World, step: tuple[str, Any]) -> None:
    match step:
        case "indent", cycle:
            world.indent(Indentation(3.0, -4.5, 0.6, "HRC", cycle, 12.5, complete=False))
        case "retain", count:
            world.retain(cycle_count=count, boot=7)
        case name, argument:
            getattr(world, name)(argument)


class Watched(World):
    """Remembers the truth after each change."""

    def __init__(self, log: IO[str] | None = None) -> None:
        super().__init__(log)
        self.seen = [truth(self)]

    def _do(self, change: dict[str, Any]) -> None:
        super()._do(change)
        self.seen.append(truth(self))


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=12), st.data())
def test_a_killed_world_comes_back_as_it_was_at_its_last_whole_line(
    steps: list[tuple[str, Any]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "world.jsonl"
        world = Watched.open(path)
        world.add(block("A"), Place(Station.SLOT, 1))
        world.add(block("B"), TESTER)
        for step in steps:
            do(world, step)
        world.close()
        written = path.read_bytes()
        length = data.draw(st.integers(0, len(written)))
        path.write_bytes(written[:length])
        again = World.open(path)
        assert isinstance(world, Watched)
        assert truth(again) == world.seen[written[:length].count(b"\n")]
        # Life goes on after the torn line, and survives the next death as well.
        again.retain(boot=99)
        again.close()
        last = World.open(path)
        assert truth(last) == truth(again)
        assert last.retentive["boot"] == 99
        last.close()


def test_each_change_is_one_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "world.jsonl"
    world = World.open(path)
    world.add(block("A"), TESTER)
    world.accident("line one\nline two")
    world.close()
    assert [json.loads(line)["do"] for line in path.read_text().splitlines()] == ["add", "accident"]


def test_an_unchanged_retentive_value_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "world.jsonl"
    world = World.open(path)
    world.retain(boot=1)
    size = path.stat().st_size
    world.retain(boot=1)
    assert path.stat().st_size == size
    world.close()


def test_a_block_travels_by_gripper_and_is_in_one_place_only() -> None:
    world = World()
    world.add(block("A"), Place(Station.SLOT, 1))
    assert world.occupied(Station.SLOT) == {1}
    assert world.grip(Place(Station.SLOT, 1))
    assert world.occupied(Station.SLOT) == frozenset()
    held = world.occupant(GRIPPER)
    assert held is not None and held.name == "A"
    world.let_go(TESTER)
    assert world.occupant(GRIPPER) is None
    assert world.occupant(TESTER) is held
    assert world.accidents == []


def test_what_must_never_happen_is_recorded() -> None:
    world = World()
    world.add(block("A"), TESTER)
    world.add(block("B"), SIZING)
    world.grip(SIZING)
    assert world.grip(TESTER)
    world.let_go(TESTER)
    world.carry_away("A")
    world.carry_away("B")
    world.indent(Indentation(0, 0, 0.5, "HRC", 3))
    assert len(world.accidents) == 3
    assert "bare anvil" in world.accidents[-1]


def test_only_indentations_of_this_world_are_told_and_force_completes_them() -> None:
    world = World()
    world.add(block("A"), TESTER)
    world.indent(Indentation(5, 6, 0.5, "HRC", 4, complete=False))
    world.indent(Indentation(7, 8, 0.5, "HRC", 5, complete=False))
    world.complete(4)
    assert [(m.cycle, m.complete) for _, m in world.indentations()] == [(4, True), (5, False)]


def test_a_block_is_the_same_after_json() -> None:
    original = block("A")
    again = WorldBlock.from_json(json.loads(json.dumps(original.to_json())))
    assert asdict(again) == asdict(original)
