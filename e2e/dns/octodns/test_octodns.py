"""octoDNS keeps zones as their YAML says, by its own commands and in the order in which people use them: plan, apply, correct, remove."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from cloudflare import Cloudflare

HERE = Path(__file__).parent
ZONES = sorted(path.stem for path in (HERE / "zones").glob("*.yaml"))
client = Cloudflare()


class Octodns:
    """The commands of octoDNS over one zone file, and the zone that they keep."""

    def __init__(self, zone, folder):
        self.zone = zone
        self.folder = folder
        self.source = folder / "zones" / f"{zone}.yaml"
        self.source.parent.mkdir()
        shutil.copy(HERE / "zones" / self.source.name, self.source)

    def run(self, command, *arguments):
        environment = {
            **os.environ,
            "ORANGERY_ZONES": str(self.source.parent),
            "ORANGERY_PLAN": str(self.folder / "plan.json"),
        }
        program = Path(sys.executable).with_name(command)
        line = [program, "--config-file", HERE / "octodns.yaml", *arguments]
        return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120)

    def sync(self, *arguments):
        """What was planned: the kind of each change, and the name and type of its record."""
        done = self.run("octodns-sync", *arguments)
        assert done.returncode == 0, last_line(done)
        plans = json.loads((self.folder / "plan.json").read_text())
        changes = plans.get("orangery", {}).get(f"{self.zone}.", {}).get("changes", [])
        return sorted((change["type"], change["name"], change["record_type"]) for change in changes)

    def id(self):
        found = client.zones.list(name=self.zone).result
        return found[0].id if found else None

    def label(self, record):
        return record.name.removesuffix(self.zone).removesuffix(".")

    def records(self):
        return list(client.dns.records.list(zone_id=self.id()))


def last_line(done):
    """Where Python says why a program ended."""
    return done.stderr.strip().rpartition("\n")[2]


@pytest.fixture(scope="module", params=ZONES)
def octodns(request, tmp_path_factory):
    octodns = Octodns(request.param, tmp_path_factory.mktemp(request.param))
    yield octodns
    if octodns.id():
        client.zones.delete(zone_id=octodns.id())


def names_and_types(source):
    """What a zone file holds, in the form in which a plan says it; one name may hold a list of records."""
    held = yaml.safe_load(source.read_text())
    return sorted(
        (name, record["type"])
        for name, records in held.items()
        for record in (records if isinstance(records, list) else [records])
    )


def test_a_plan_names_every_record_and_writes_nothing(octodns):
    planned = octodns.sync()
    assert {kind for kind, _, _ in planned} == {"create"}
    assert [(name, type) for _, name, type in planned] == names_and_types(octodns.source)
    assert octodns.id() is None


def test_applying_makes_the_zone_and_its_records(octodns):
    octodns.sync("--doit")
    assert len(octodns.records()) >= len(names_and_types(octodns.source))


def test_after_that_there_is_nothing_to_do(octodns):
    assert octodns.sync() == []


def test_the_zone_read_back_is_the_file_it_came_from(octodns):
    done = octodns.run("octodns-dump", "--output-dir", octodns.folder / "dump", f"{octodns.zone}.", "orangery")
    assert done.returncode == 0, last_line(done)
    dumped = octodns.folder / "dump" / octodns.source.name
    assert names_and_types(dumped) == names_and_types(octodns.source)


def test_a_change_from_outside_is_seen_and_corrected(octodns):
    zone_id = octodns.id()
    sets = Counter((record.name, record.type) for record in octodns.records())
    alone = [record for record in octodns.records() if record.ttl != 1 and sets[record.name, record.type] == 1]
    changed, removed = alone[:2]
    client.patch(f"/zones/{zone_id}/dns_records/{changed.id}", body={"ttl": 7200}, cast_to=object)
    client.dns.records.delete(removed.id, zone_id=zone_id)
    client.dns.records.create(zone_id=zone_id, name="stranger", type="A", content="192.0.2.99", ttl=300)
    planned = octodns.sync("--doit")
    assert planned == sorted(
        [
            ("create", octodns.label(removed), removed.type),
            ("delete", "stranger", "A"),
            ("update", octodns.label(changed), changed.type),
        ]
    )
    assert octodns.sync() == []


def test_an_edited_file_is_applied(octodns):
    held = yaml.safe_load(octodns.source.read_text())
    first = next(iter(name for name in held if name not in ("", "*.wild")))
    del held[first]
    held["zz-new"] = {"type": "A", "values": ["192.0.2.11", "192.0.2.12"]}
    octodns.source.write_text(yaml.safe_dump(held))
    planned = octodns.sync("--doit")
    assert ("create", "zz-new", "A") in planned
    assert {(kind, name) for kind, name, _ in planned} == {("create", "zz-new"), ("delete", first)}
    assert octodns.sync() == []


def test_an_emptied_file_empties_the_zone_only_by_force(octodns):
    octodns.source.write_text("--- {}\n")
    assert octodns.run("octodns-sync", "--doit").returncode != 0
    assert octodns.records()
    assert {kind for kind, _, _ in octodns.sync("--doit", "--force")} == {"delete"}
    assert octodns.records() == []
