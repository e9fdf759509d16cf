from checks import promise, refused
from world import client, zone


def create(name, type="A", content="192.0.2.1", **more):
    return client.dns.records.create(zone_id=zone.id, name=name, type=type, content=content, ttl=more.pop("ttl", 1), **more)


def names():
    return [record.name for record in client.dns.records.list(zone_id=zone.id)]


@promise
def each_type_is_created_read_and_removed():
    for type, content, more in (
        ("A", "192.0.2.7", {}),
        ("AAAA", "2001:db8::7", {}),
        ("CNAME", "target.example.com", {}),
        ("TXT", "v=spf1 -all", {}),
        ("MX", "mail.example.com", {"priority": 10}),
        ("NS", "ns.example.com", {}),
    ):
        made = create(f"each-{type.lower()}", type, content, **more)
        assert (made.name, made.content) == (f"each-{type.lower()}.{zone.name}", content), made
        assert made.proxiable is (type in ("A", "AAAA", "CNAME"))
        assert client.dns.records.get(made.id, zone_id=zone.id).content == content
        assert client.dns.records.delete(made.id, zone_id=zone.id).id == made.id
        refused(404, 81044, lambda: client.dns.records.get(made.id, zone_id=zone.id))


@promise
def a_name_may_be_relative_absolute_or_the_apex():
    for given, kept in (("rel", f"rel.{zone.name}"), (f"ABS.{zone.name}.", f"abs.{zone.name}"), ("@", zone.name)):
        made = create(given)
        assert made.name == kept
        client.dns.records.delete(made.id, zone_id=zone.id)


@promise
def put_replaces_patch_merges_and_the_origin_survives_both_until_it_is_null():
    origin = {"port": 8443, "protocol": "grpcs"}
    made = create("keeps", proxied=True, comment="first", extra_body={"origin": origin})
    put = client.dns.records.update(made.id, zone_id=zone.id, name="keeps", type="A", content="192.0.2.2", ttl=1, proxied=True)
    assert (put.content, put.comment, put.to_dict()["origin"]["port"]) == ("192.0.2.2", None, 8443)
    patched = client.dns.records.edit(made.id, zone_id=zone.id, name="keeps", type="A", ttl=1, comment="second")
    assert (patched.content, patched.comment, patched.proxied) == ("192.0.2.2", "second", True)
    cleared = client.dns.records.edit(made.id, zone_id=zone.id, name="keeps", type="A", ttl=1, extra_body={"origin": None})
    assert not cleared.to_dict().get("origin")
    client.dns.records.delete(made.id, zone_id=zone.id)


@promise
def twins_and_a_cname_beside_an_address_are_refused():
    made = create("twin")
    refused(400, 81058, lambda: create("twin"), "already exist")
    refused(400, 81053, lambda: create("twin", "CNAME", "other.example.com"), "with that host already exists")
    client.dns.records.delete(made.id, zone_id=zone.id)


@promise
def content_that_does_not_fit_its_type_is_refused_by_name():
    refused(400, 9005, lambda: create("bad", "A", "not-an-address"), "valid IPv4 address")
    refused(400, 9006, lambda: create("bad", "AAAA", "192.0.2.1"), "IPv6")
    refused(400, 9007, lambda: create("bad", "CNAME", "sp ace"))
    assert f"bad.{zone.name}" not in names()


@promise
def a_proxied_record_has_ttl_1_and_a_txt_record_cannot_be_proxied():
    made = create("proxied", proxied=True, ttl=300)
    assert (made.proxied, made.ttl) == (True, 1)
    client.dns.records.delete(made.id, zone_id=zone.id)
    try:
        create("text", "TXT", "x", proxied=True)
        raise AssertionError("a proxied TXT record was accepted")
    except Exception as error:
        assert getattr(error, "status_code", None) == 400, error


@promise
def a_txt_record_is_found_with_and_without_its_quotes():
    made = create("_acme-challenge", "TXT", "token-Value_1", ttl=60)
    assert (made.content, made.ttl) == ("token-Value_1", 60)
    for content in ("token-Value_1", '"token-Value_1"'):
        found = client.dns.records.list(zone_id=zone.id, type="TXT", name={"exact": made.name}, content={"exact": content})
        assert [record.id for record in found] == [made.id], content
    client.dns.records.delete(made.id, zone_id=zone.id)


@promise
def listing_records_ends_and_filters_hold():
    made = [create(f"many-{index}", content=f"192.0.2.{index + 1}") for index in range(7)]
    listed = [record.id for record in client.dns.records.list(zone_id=zone.id, name={"startswith": "many-"}, per_page=5)]
    assert sorted(listed) == sorted(record.id for record in made)
    assert client.dns.records.list(zone_id=zone.id, page=99).result == []
    exact = client.dns.records.list(zone_id=zone.id, content={"exact": "192.0.2.3"})
    assert [record.name for record in exact] == [f"many-2.{zone.name}"]
    for record in made:
        client.dns.records.delete(record.id, zone_id=zone.id)


@promise
def the_type_of_a_record_cannot_be_changed():
    made = create("typed")
    try:
        client.dns.records.update(made.id, zone_id=zone.id, name="typed", type="TXT", content="x", ttl=1)
        raise AssertionError("the type was changed")
    except Exception as error:
        assert getattr(error, "status_code", None) == 400, error
    assert client.dns.records.get(made.id, zone_id=zone.id).type == "A"
    client.dns.records.delete(made.id, zone_id=zone.id)


@promise
def records_with_parts_are_sent_as_data_and_come_back_with_content():
    for type, name, data, content in (
        ("SRV", "_sip._tcp", {"priority": 10, "weight": 5, "port": 5060, "target": "sip.example.com"}, "5 5060 sip.example.com"),
        ("CAA", "@", {"flags": 0, "tag": "issue", "value": "letsencrypt.org"}, '0 issue "letsencrypt.org"'),
        ("HTTPS", "svc", {"priority": 1, "target": ".", "value": 'alpn="h3,h2"'}, '1 . alpn="h3,h2"'),
    ):
        made = client.dns.records.create(zone_id=zone.id, name=name, type=type, data=data, ttl=1)
        assert (made.type, made.content, made.data.to_dict()) == (type, content, data), made
        put = client.dns.records.update(made.id, zone_id=zone.id, name=name, type=type, data=data, ttl=60)
        assert (put.ttl, put.content) == (60, content), put
        refused(400, 81058, lambda: client.dns.records.create(zone_id=zone.id, name=name, type=type, data=data, ttl=1))
        bad = data | {"target": "sp ace"} if "target" in data else data | {"flags": 256}
        body = refused(400, 1004, lambda: client.dns.records.create(zone_id=zone.id, name=name, type=type, data=bad, ttl=1))
        assert body["errors"][0]["source"]["pointer"] in ("/data/target", "/data/flags"), body
        client.dns.records.delete(made.id, zone_id=zone.id)


@promise
def a_zone_file_goes_out_comes_in_again_and_is_counted():
    made = create("exported", content="192.0.2.77", comment="kept", proxied=True)
    before = client.dns.usage.zone.get(zone_id=zone.id)
    assert before.record_quota >= before.record_usage > 0, before
    file = client.dns.records.export(zone_id=zone.id)
    assert f"exported.{zone.name}.\t1\tIN\tA\t192.0.2.77 ; kept cf_tags=cf-proxied:true\n" in file, file
    client.dns.records.delete(made.id, zone_id=zone.id)
    assert client.dns.usage.zone.get(zone_id=zone.id).record_usage == before.record_usage - 1
    done = client.dns.records.import_(zone_id=zone.id, file=file, proxied="false")
    assert done.recs_added == 1 and done.total_records_parsed == before.record_usage, done
    again = next(iter(client.dns.records.list(zone_id=zone.id, name={"exact": made.name})))
    assert (again.content, again.comment, again.proxied) == ("192.0.2.77", "kept", True), again
    client.dns.records.delete(again.id, zone_id=zone.id)
    refused(400, 9005, lambda: client.dns.records.import_(zone_id=zone.id, file="ok A 192.0.2.1\nbad A nonsense\n"), "line 2")
