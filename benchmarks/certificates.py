"""What a certificate costs, from the approved record to the message in the outbox.

Run: python -m benchmarks.certificates [how many]. Every step is the program's own; a record is
read back from its file, the XML certificate written, checked against the schemas where they are
named by DCC_XSD_DIR, and signed, the pages set as PDF/A-3, sealed, kept, and released at the desk
with a message to one destination, each in its durable transaction.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from lims_bridge.documents.setting import Typesetter
from lims_bridge.issuing import Issued, IssuingOffice
from lims_bridge.laboratory import read_laboratory
from lims_bridge.press import Press
from lims_bridge.sealing.demo import demo_seal, write_root
from lims_bridge.verifying import verify_pdf
from tests.lims_bridge.office import TESTER, open_office
from tests.lims_bridge.papers.specimens import keep_picture, specimen

LABORATORY = Path(__file__).parents[1] / "examples" / "laboratory.toml"


def main(count: int) -> None:
    """Issue so many certificates and print what one takes."""
    with tempfile.TemporaryDirectory() as folder, Typesetter() as typesetter:
        office = open_office(Path(folder) / "office").staffed()
        keep_picture(Path(folder) / "pictures")
        seal = replace(demo_seal(), demo=False)
        press = Press(typesetter, Path(folder) / "pictures", seal)
        bureau = IssuingOffice(office.desk, office.registry, read_laboratory(LABORATORY), press)
        keys = [office.approved(specimen(number=f"R-{i}", tester=TESTER)).key for i in range(count)]
        walls, cpus = [], []
        for key in keys:
            wall, cpu = perf_counter(), process_time()
            done = bureau.issue(key, "benchmark")
            walls.append(perf_counter() - wall)
            cpus.append(process_time() - cpu)
            assert isinstance(done, Issued), done
        root = write_root(demo_seal(), Path(folder))
        began = process_time()
        assert verify_pdf("last", done.pdf, root).good
        checked = process_time() - began
        print(f"{count} certificates of {len(done.pdf) / 1000:.0f} kB, record to outbox:")
        print(f"  wall: median {median(walls):.3f} s, largest {max(walls):.3f} s")
        print(f"  CPU:  median {median(cpus):.3f} s, mean {sum(cpus) / count:.3f} s")
        print(f"  verifying one: {checked:.3f} s CPU")
        office.engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
