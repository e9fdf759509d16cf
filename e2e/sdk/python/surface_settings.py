from checks import promise, refused
from world import client, zone

ENFORCED = {
    "ssl": ["off", "flexible", "full", "strict"],
    "http2": ["off", "on"],
    "min_tls_version": ["1.0", "1.1", "1.2", "1.3"],
    "always_use_https": ["on", "off"],
    "origin_max_http_version": ["1", "2"],
}


def edit(setting, value):
    return client.zones.settings.edit(setting, zone_id=zone.id, value=value)


def get(setting):
    return client.zones.settings.get(setting, zone_id=zone.id)


@promise
def every_enforced_setting_takes_and_returns_each_of_its_values():
    for setting, values in ENFORCED.items():
        for value in values:
            assert edit(setting, value).value == value, setting
            assert (get(setting).id, get(setting).value) == (setting, value)
    edit("min_tls_version", "1.2")


@promise
def grpc_goes_on_under_full_and_strict_and_only_there():
    for mode in ("full", "strict"):
        edit("ssl", mode)
        assert edit("grpc", "on").value == "on"
        assert edit("grpc", "off").value == "off"
    for mode in ("off", "flexible"):
        edit("ssl", mode)
        refused(400, 1007, lambda: edit("grpc", "on"), "ssl")
    edit("ssl", "full")


@promise
def a_bad_value_is_refused_and_changes_nothing():
    before = {setting: get(setting).value for setting in ENFORCED}
    for setting in ENFORCED:
        for bad in ("nonsense", 7, None, {"on": True}):
            refused(400, 1007, lambda: edit(setting, bad))
    refused(400, 1007, lambda: edit("origin_max_http_version", "3"), "must either be `1` or `2`")
    assert {setting: get(setting).value for setting in ENFORCED} == before


@promise
def a_setting_nobody_knows_is_refused():
    refused(400, 1006, lambda: edit("grpc_over_pigeons", "on"))
    refused(400, 1006, lambda: get("grpc_over_pigeons"))


@promise
def the_batch_takes_all_or_nothing_and_judges_the_final_state():
    def batch(*items):
        body = {"items": [{"id": setting, "value": value, "editable": False} for setting, value in items]}
        return client.patch(f"/zones/{zone.id}/settings", body=body, cast_to=object)

    edit("ssl", "flexible")
    batch(("grpc", "on"), ("ssl", "full"))
    assert (get("ssl").value, get("grpc").value) == ("full", "on")
    refused(400, 1007, lambda: batch(("http2", "off"), ("ssl", "flexible")))
    assert (get("ssl").value, get("http2").value) == ("full", "on")
    batch(("ssl", "flexible"), ("grpc", "off"))
    assert (get("ssl").value, get("grpc").value) == ("flexible", "off")


@promise
def the_dashboards_flag_is_the_same_toggle():
    edit("ssl", "full")
    path = f"/zones/{zone.id}/flags"
    client.post(f"{path}/products/protocols/changes", body={"feature": "gRPC", "value": True}, cast_to=object)
    assert get("grpc").value == "on"
    assert client.get(path, cast_to=object)["result"]["protocols"]["gRPC"] is True
    edit("grpc", "off")
