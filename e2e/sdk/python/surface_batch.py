from checks import promise, refused
from world import client, new_zone

zone = new_zone("sdk-batch")


def batch(**steps):
    return client.dns.records.batch(zone_id=zone.id, **steps)


def state():
    return sorted((record.name.split(".")[0], record.content) for record in client.dns.records.list(zone_id=zone.id))


def post(label, content="192.0.2.1"):
    return {"name": label, "type": "A", "content": content, "ttl": 1, "proxied": False}


def id_of(label):
    return next(iter(client.dns.records.list(zone_id=zone.id, name={"exact": f"{label}.{zone.name}"}))).id


@promise
def a_batch_deletes_patches_puts_and_posts_in_that_order():
    batch(posts=[post("old"), post("patched"), post("put")])
    done = batch(
        deletes=[{"id": id_of("old")}],
        patches=[{"id": id_of("patched"), "content": "192.0.2.2"}],
        puts=[{"id": id_of("put"), **post("put", "192.0.2.3")}],
        posts=[post("old", "192.0.2.1"), post("new", "192.0.2.4")],
    )
    assert [len(done.deletes), len(done.patches), len(done.puts), len(done.posts)] == [1, 1, 1, 2]
    assert state() == [("new", "192.0.2.4"), ("old", "192.0.2.1"), ("patched", "192.0.2.2"), ("put", "192.0.2.3")]


@promise
def a_batch_with_one_bad_step_does_nothing_at_all():
    before = state()
    for bad in (post("bad", "nonsense"), post("new", "192.0.2.4")):
        try:
            batch(deletes=[{"id": id_of("old")}], posts=[post("extra"), bad])
            raise AssertionError("accepted")
        except Exception as error:
            assert getattr(error, "status_code", None) == 400, error
        assert state() == before
    refused(404, 81044, lambda: batch(deletes=[{"id": id_of("old")}, {"id": "0" * 32}]))
    assert state() == before


@promise
def a_batch_of_200_is_one_step():
    done = batch(posts=[post(f"bulk-{index}", f"198.51.100.{index + 1}") for index in range(200)])
    assert len(done.posts) == 200
    listed = list(client.dns.records.list(zone_id=zone.id, name={"startswith": "bulk-"}, per_page=50))
    assert len(listed) == 200
    assert len(batch(deletes=[{"id": record.id} for record in listed]).deletes) == 200
