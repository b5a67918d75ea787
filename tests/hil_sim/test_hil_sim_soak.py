"""A soak counts what it saw and keeps it; what grows is called wrong."""

import json

from controller.events import AlarmRaised, DecisionAsked
from controller.journal import GENESIS
from controller.journal_row import next_row
from hil_sim.scenario.soak_report import keep, picture, verdict
from hil_sim.scenario.soak_run import Soaked
from hil_sim.scenario.soak_samples import Sample, add_to, courses
from hil_sim.world import World


def samples(process="daemon", megabytes=lambda hour: 140.0, descriptors=lambda hour: 38):
    hours = [i / 10 for i in range(240)]
    return [Sample(h, process, megabytes(h), descriptors(h), 12, 18) for h in hours]


def rows_of(*events):
    rows, head = [], GENESIS
    for seq, event in enumerate(events, start=1):
        rows.append(next_row(head, seq, "2026-01-05T08:00:00.000+00:00", event))
        head = rows[-1].hash
    return rows


def test_a_quiet_day_has_nothing_wrong_and_is_kept(tmp_path):
    asked = DecisionAsked(
        "q-0001", "reject_row_full", "", "", "full", ("emptied",), "emptied", "", ""
    )
    quiet = Soaked(samples(), trays=17, exit_codes={"daemon": 0, "recorder": 0})
    found = verdict(quiet, rows_of(asked), World())
    assert found.wrong == () and found.questions == {"reject_row_full": 1}
    keep(tmp_path, found, quiet.samples)
    kept = json.loads((tmp_path / "soak.json").read_text())
    assert kept["trays"] == 17 and kept["questions"] == {"reject_row_full": 1}
    assert picture(quiet.samples).count("<polyline") == 6


def test_what_grows_fails_or_complains_is_called_wrong():
    growing = samples(megabytes=lambda hour: 140 + hour, descriptors=lambda hour: 38 + int(hour))
    alarm = AlarmRaised("device-no-reply", "arm", "silent")
    found = verdict(Soaked(growing, exit_codes={"daemon": 1}), rows_of(alarm), World())
    text = "\n".join(found.wrong)
    assert "alarm device-no-reply:arm, 1 times" in text and "daemon ended with 1" in text
    assert "resident_mb rose" in text and "descriptors rose" in text
    # The simulator keeps the truth of every block there ever was.
    simulator = samples("sim", megabytes=lambda hour: 140 + hour)
    assert verdict(Soaked(simulator), [], World()).wrong == ()


def test_the_rise_of_a_day_is_told_without_the_warm_up():
    warm = samples(megabytes=lambda hour: 100 + 40 * min(hour, 2.0) / 2 + 0.5 * hour)
    course = next(c for c in courses(warm) if c.quantity == "resident_mb")
    assert abs(course.per_day - 12.0) < 0.1 and course.last > course.first


def test_samples_are_in_the_file_as_soon_as_they_are_taken(tmp_path):
    file = tmp_path / "soak.csv"
    first, second = samples()[:2]
    add_to(file, [first])
    add_to(file, [second])
    assert [line.split(",")[0] for line in file.read_text().splitlines()] == ["hour", "0.0", "0.1"]
