import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import rtde
from drivers.codecs.rtde import Kind, Package, Recipe, Wanted

OFFERED = {"timestamp": "DOUBLE", "robot_mode": "INT32", "pose": "VECTOR6D", "bits": "UINT32"}
packages = st.builds(Package, st.integers(0, 255), st.binary(max_size=40))


@given(st.lists(packages, max_size=5), st.data())
def test_packages_survive_any_cut(sent, data):
    wire = b"".join(package.encode() for package in sent)
    cut = data.draw(st.integers(0, len(wire)))
    first, rest = rtde.split(wire[:cut])
    second, left = rtde.split(rest + wire[cut:])
    assert [*first, *second] == sent
    assert left == b""


def test_an_impossible_size_is_an_error():
    with pytest.raises(ValueError, match="2 bytes"):
        rtde.split(b"\x00\x02V\x00\x02")


def test_golden_requests_of_a_client_in_use():
    wire = bytes.fromhex("0005560002") + bytes.fromhex("000376")
    assert rtde.split(wire)[0] == [Package(Kind.VERSION, b"\0\2"), Package(Kind.CONTROLLER)]
    wanted = Wanted.decode(bytes.fromhex("4049000000000000") + b"timestamp,robot_mode,")
    assert wanted == Wanted(50.0, ("timestamp", "robot_mode"))


@given(st.binary(max_size=7))
def test_a_wish_without_a_rate_is_an_error(payload):
    with pytest.raises(ValueError, match="rate"):
        Wanted.decode(payload)


def test_recipe_tells_types_and_what_is_not_there():
    recipe = Recipe.of(1, Wanted(10.0, ("pose", "actual_q", "bits")), OFFERED)
    assert recipe.answer().encode() == b"\x00\x1dO\x01VECTOR6D,NOT_FOUND,UINT32"
    assert not recipe.complete


def test_data_holds_the_values_in_the_order_of_the_recipe():
    recipe = Recipe.of(3, Wanted(10.0, ("robot_mode", "pose", "timestamp")), OFFERED)
    assert recipe.complete
    values = {"timestamp": 1.5, "pose": (1, 2, 3, 4, 5, 6), "robot_mode": -1, "bits": 0}
    data = recipe.data(values)
    assert data.kind == Kind.DATA
    assert data.payload == b"\x03" + struct.pack(">i6dd", -1, 1, 2, 3, 4, 5, 6, 1.5)
