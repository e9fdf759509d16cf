"""The walk-through of the README with the official Python SDK: three switches of demo.test, in the order that makes sense."""

from checks import promise, refused, run
from cloudflare import Cloudflare

client = Cloudflare()
zone = next(iter(client.zones.list(name="demo.test")))
record = next(iter(client.dns.records.list(zone_id=zone.id, name={"exact": "grpc.demo.test"})))


def setting(name):
    return client.zones.settings.get(name, zone_id=zone.id).value


def edit(name, value):
    return client.zones.settings.edit(name, zone_id=zone.id, value=value).value


def proxied(value):
    return client.dns.records.edit(
        record.id, zone_id=zone.id, name=record.name, type=record.type, content=record.content, ttl=1, proxied=value
    ).proxied


@promise
def the_zone_begins_with_every_switch_off():
    assert edit("grpc", "off") == "off"
    assert edit("ssl", "flexible") == "flexible"
    assert proxied(False) is False


@promise
def the_record_gets_its_orange_cloud():
    assert proxied(True) is True
    assert client.dns.records.get(record.id, zone_id=zone.id).proxied is True


@promise
def grpc_is_refused_while_ssl_is_flexible_and_the_message_names_what_to_change():
    body = refused(400, 1007, lambda: edit("grpc", "on"), "ssl")
    assert "full" in body["errors"][0]["message"]
    assert setting("grpc") == "off"


@promise
def ssl_becomes_full_and_then_grpc_can_be_on():
    assert edit("ssl", "full") == "full"
    assert edit("grpc", "on") == "on"
    assert (setting("ssl"), setting("grpc")) == ("full", "on")


@promise
def ssl_cannot_be_lowered_while_grpc_is_on():
    refused(400, 1007, lambda: edit("ssl", "flexible"), "grpc")
    assert setting("ssl") == "full"


run()
