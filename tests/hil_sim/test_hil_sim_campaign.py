"""The campaign as QA runs it: what is ordered, what comes out, and what is refused."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil_sim.scenario.campaign import session
from hil_sim.scenario.campaign.profile import ProfileError, in_turn, read_profile, shipped
from hil_sim.scenario.campaign.session import Campaign, run_campaign
from hil_sim.scenario.campaign.variants import BUILDS


def campaign(out, **more):
    asked = {"runs": 2, "days": 0.001, "seed": 4, "faults": "wire", "workers": 1, "blocks": 1}
    return Campaign(**{**asked, "out": Path(out), **more})


def test_the_same_seeds_give_the_same_report(tmp_path):
    bodies = []
    for name in ("one", "two"):
        assert run_campaign(campaign(tmp_path / name)) == 0
        body = json.loads((tmp_path / name / "campaign.json").read_text("utf-8"))
        page = (tmp_path / name / "campaign.html").read_text("utf-8")
        assert "--seed 4" in page and "wire" in page
        bodies.append({k: v for k, v in body.items() if "cpu" not in k and "wall" not in k})
    assert bodies[0]["digests"] == bodies[1]["digests"] and set(bodies[0]["digests"]) == {"4", "5"}
    assert bodies[0] == bodies[1]


def test_a_broken_promise_is_told_with_the_command_that_repeats_it(tmp_path, capfd):
    found = campaign(tmp_path, runs=1, faults="harsh", mutant="narrow-clearance")
    assert run_campaign(found) == session.BROKEN
    said = "".join(capfd.readouterr())
    assert "seed 4: rim: SEAT-HRC-1" in said
    assert "--seed 4" in said and "--mutant narrow-clearance" in said


def test_a_campaign_that_is_broken_off_reports_what_it_has(tmp_path, monkeypatch, capfd):
    work = session.work_here

    def one_and_no_more(orders, workers):
        yield next(iter(work(orders, workers)))
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "work_here", one_and_no_more)
    assert run_campaign(campaign(tmp_path)) == session.INTERRUPTED
    assert "interrupted after 1 run" in capfd.readouterr().err
    assert set(json.loads((tmp_path / "campaign.json").read_text("utf-8"))["digests"]) == {"4"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"faults": "earthquake"}, "give a TOML file or one of calm"),
        ({"mutant": "gremlins"}, "known are resend-on-timeout"),
        ({"config": "no-such-lab.toml"}, "no-such-lab.toml"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_remedy(wrong, said, tmp_path, capfd):
    assert run_campaign(campaign(tmp_path / "out", **wrong)) == session.IMPOSSIBLE
    assert said in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lasts_s = [9, 3]", "write [shortest, longest]"),
        ("earthquakes = 1", "earthquakes: unknown"),
        ('[[chance]]\ndevice = "arm"\nfault = "wire"\nper_hour = 0', "per_hour"),
        ("[[chance]", "correct it"),
    ],
)
def test_a_profile_that_cannot_be_read_is_refused_by_its_line(text, said, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=r"mine\.toml") as refused:
        read_profile(str(file))
    assert said in str(refused.value)


def test_all_profiles_can_be_read_and_the_harsh_ones_hunt_bugs_alone():
    assert all(read_profile(name).name == name for name in shipped())
    assert set(shipped()) - set(in_turn()) == {"harsh", "harsh-cycles"}


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_every_build_of_the_cell_meets_every_profile(seed):
    pairs = BUILDS * len(in_turn())
    orders = campaign("out", runs=pairs, seed=seed, faults="all").orders()
    met = Counter((order.seed % BUILDS, order.profile) for order in orders)
    assert len(met) == pairs
