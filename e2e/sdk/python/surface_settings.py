from typing import Literal, get_args, get_origin

from checks import promise, refused
from cloudflare.types import zones as types
from cloudflare.types.zones.setting_get_response import SettingGetResponse
from world import client, new_zone, zone

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


def _literals(annotation):
    """The values of `Literal[...]`, also inside of `Optional[...]`; none for other types."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [value for part in get_args(annotation) for value in _literals(part)]


@promise
def every_setting_that_the_sdk_knows_is_there_and_takes_every_value_that_the_sdk_knows():
    fresh = new_zone("sdk-settings")
    known, changed = 0, 0
    for model in get_args(SettingGetResponse):
        [setting] = _literals(model.model_fields["id"].annotation)
        first = client.zones.settings.get(setting, zone_id=fresh.id)
        assert (type(first), first.id) == (model, setting), (type(first), setting)
        known += 1
        if setting == "advanced_ddos" or "value" not in model.model_fields:
            continue
        # The default comes last, so that none stands in the way of another.
        values = sorted(_literals(model.model_fields["value"].annotation), key=lambda value: value == first.value)
        for value in values:
            assert client.zones.settings.edit(setting, zone_id=fresh.id, value=value).value == value, (setting, value)
            changed += 1
    assert known > 60 and changed > 150, (known, changed)


@promise
def objects_lists_and_numbers_come_back_typed():
    header = {"enabled": True, "include_subdomains": True, "max_age": 86400, "nosniff": True, "preload": False}
    edit("security_header", {"strict_transport_security": header})
    answer = get("security_header")
    assert isinstance(answer, types.SecurityHeaders), answer
    assert answer.value.strict_transport_security.to_dict() == header
    edit("nel", {"enabled": True})
    assert isinstance(get("nel"), types.NEL) and get("nel").value.enabled is True
    edit("aegis", {"enabled": True, "pool_id": "pool-1"})
    assert get("aegis").value.pool_id == "pool-1"
    ciphers = ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-SHA"]
    edit("ciphers", ciphers)
    assert isinstance(get("ciphers"), types.Ciphers) and get("ciphers").value == ciphers
    assert get("proxy_read_timeout").value == 125
    assert edit("proxy_read_timeout", 300).value == 300
    optimization = {
        "cache_by_device_type": False,
        "cf": True,
        "enabled": True,
        "hostnames": ["www.example.com"],
        "wordpress": True,
        "wp_plugin": True,
    }
    edit("automatic_platform_optimization", optimization)
    assert get("automatic_platform_optimization").value.hostnames == ["www.example.com"]


@promise
def settings_with_a_shape_of_their_own_are_understood():
    edit("development_mode", "on")
    assert 10700 < get("development_mode").time_remaining <= 10800
    client.zones.settings.edit("ssl_recommender", zone_id=zone.id, enabled=True)
    assert isinstance(get("ssl_recommender"), types.SSLRecommender) and get("ssl_recommender").enabled is True
    assert get("advanced_ddos").editable is False
    refused(403, 1015, lambda: edit("advanced_ddos", "on"))


@promise
def the_lowest_version_and_what_forbids_it_refuse_each_other():
    edit("min_tls_version", "1.3")
    refused(400, 1007, lambda: edit("tls_1_3", "off"), "min_tls_version")
    edit("min_tls_version", "1.2")
    edit("tls_1_3", "off")
    refused(400, 1007, lambda: edit("min_tls_version", "1.3"), "tls_1_3")
    edit("tls_1_3", "on")


@promise
def what_has_no_effect_is_listed_for_everybody():
    described = {one["id"]: one for one in client.get("/orangery/settings", cast_to=object)["result"]}
    assert described["websockets"]["enforced"] is True and described["brotli"]["enforced"] is False
    assert get("brotli").value == described["brotli"]["default"]
