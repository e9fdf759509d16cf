from checks import promise, refused
from world import account, client, name, new_zone, zone


@promise
def a_zone_is_active_at_once_and_has_name_servers():
    got = client.zones.get(zone_id=zone.id)
    assert (got.name, got.status, got.paused) == (name("sdk-python"), "active", False)
    assert len(got.name_servers) >= 2
    assert got.account.id == account.id


@promise
def a_zone_is_found_by_name_and_nothing_by_a_name_nobody_has():
    assert [found.id for found in client.zones.list(name=zone.name)] == [zone.id]
    assert list(client.zones.list(name="_acme-challenge.nobody.example")) == []


@promise
def listing_zones_ends_whatever_the_page_size():
    extra = [new_zone(f"page-{index}") for index in range(3)]
    for per_page in (5, 50):
        listed = [found.id for found in client.zones.list(per_page=per_page)]
        assert len(listed) == len(set(listed))
        assert {zone.id, *(one.id for one in extra)} <= set(listed)


@promise
def a_page_past_the_end_is_empty_and_still_says_how_many_there_are():
    page = client.zones.list(page=9999, per_page=5)
    assert page.result == []
    assert page.result_info.page == 9999


@promise
def a_zone_can_be_paused_and_resumed():
    assert client.zones.edit(zone_id=zone.id, paused=True).paused is True
    assert client.zones.edit(zone_id=zone.id, paused=False).paused is False


@promise
def a_name_that_exists_is_refused():
    refused(400, 1061, lambda: client.zones.create(account={"id": account.id}, name=zone.name), "already exists")


@promise
def a_name_that_is_no_domain_is_refused():
    for bad in ("", "localhost", "-bad-.test", "a" * 300 + ".test", "sp ace.test", "nul\0.test"):
        try:
            refused(400, 1002, lambda: client.zones.create(account={"id": account.id}, name=bad))
        except AssertionError as error:
            # A string with NUL is refused before anybody asks whether it is a domain.
            assert "\0" in bad and "400" in str(error), f"{bad!r}: {error}"


@promise
def activation_and_plans_are_answered():
    assert client.zones.activation_check.trigger(zone_id=zone.id).id == zone.id
    assert list(client.zones.plans.list(zone_id=zone.id))


@promise
def a_deleted_zone_is_gone():
    doomed = new_zone("doomed")
    assert client.zones.delete(zone_id=doomed.id).id == doomed.id
    assert list(client.zones.list(name=doomed.name)) == []
    try:
        client.zones.get(zone_id=doomed.id)
        raise AssertionError("the zone still answers")
    except Exception as error:
        assert getattr(error, "status_code", None) in (403, 404), error
