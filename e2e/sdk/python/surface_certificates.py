import pems
from checks import promise
from cryptography import x509
from world import client, new_zone

zone = new_zone("sdk-certificates")
hosts = [zone.name, f"*.{zone.name}"]


def upload(certificate, private_key, **more):
    return client.custom_certificates.create(zone_id=zone.id, certificate=certificate, private_key=private_key, **more)


def is_refused(call):
    try:
        call()
    except Exception as error:
        assert getattr(error, "status_code", None) == 400, error
        assert error.body["errors"][0]["message"], error.body
        return
    raise AssertionError("accepted")


@promise
def an_uploaded_certificate_is_listed_replaced_and_removed_and_never_shows_its_key():
    key = pems.key()
    made = upload(pems.certificate(key, hosts), pems.key_pem(key), bundle_method="force")
    assert (made.status, sorted(made.hosts)) == ("active", sorted(hosts))
    assert [one.id for one in client.custom_certificates.list(zone_id=zone.id)] == [made.id]
    assert "PRIVATE KEY" not in client.custom_certificates.with_raw_response.get(made.id, zone_id=zone.id).text()
    newer = pems.key()
    client.custom_certificates.edit(
        made.id, zone_id=zone.id, certificate=pems.certificate(newer, [zone.name]), private_key=pems.key_pem(newer)
    )
    listed = list(client.custom_certificates.list(zone_id=zone.id))
    assert [one.hosts for one in listed] == [[zone.name]], listed
    assert client.custom_certificates.delete(listed[0].id, zone_id=zone.id).id == listed[0].id
    assert list(client.custom_certificates.list(zone_id=zone.id)) == []


@promise
def a_certificate_that_cannot_serve_the_zone_is_refused():
    key, other = pems.key(), pems.key()
    good = pems.certificate(key, hosts)
    is_refused(lambda: upload("nonsense", pems.key_pem(key)))
    is_refused(lambda: upload(good, "nonsense"))
    is_refused(lambda: upload(good, pems.key_pem(other)))
    is_refused(lambda: upload(pems.certificate(key, hosts, days=-1), pems.key_pem(key)))
    is_refused(lambda: upload(pems.certificate(key, ["www.example.com"]), pems.key_pem(key)))
    assert list(client.custom_certificates.list(zone_id=zone.id)) == []


@promise
def what_is_issued_is_a_universal_pack_and_what_is_uploaded_a_pack_of_its_own():
    packs = client.ssl.certificate_packs
    [universal] = list(packs.list(zone_id=zone.id, status="all"))
    assert (universal.type, universal.status, sorted(universal.hosts)) == ("universal", "active", sorted(hosts))
    assert (universal.certificate_authority, universal.validity_days) == ("orangery", 90)
    key = pems.key()
    made = upload(pems.certificate(key, hosts), pems.key_pem(key), type="legacy_custom")
    assert [pack.type for pack in packs.list(zone_id=zone.id, per_page=1)] == ["legacy_custom", "universal"]
    assert packs.get(universal.id, zone_id=zone.id).primary_certificate == universal.certificates[0].id
    assert packs.quota.get(zone_id=zone.id).advanced.allocated == 0
    [verification] = client.ssl.verification.get(zone_id=zone.id)
    assert (verification.cert_pack_uuid, verification.certificate_status) == (universal.id, "active")
    client.custom_certificates.delete(made.id, zone_id=zone.id)


@promise
def packs_are_neither_ordered_nor_deleted():
    packs = client.ssl.certificate_packs
    is_refused(
        lambda: packs.create(
            zone_id=zone.id,
            type="advanced",
            hosts=hosts,
            certificate_authority="lets_encrypt",
            validation_method="txt",
            validity_days=90,
        )
    )
    [universal] = list(packs.list(zone_id=zone.id))
    is_refused(lambda: packs.delete(universal.id, zone_id=zone.id))
    assert [pack.id for pack in packs.list(zone_id=zone.id)] == [universal.id]


@promise
def universal_ssl_is_turned_off_and_on_again():
    settings = client.ssl.universal.settings
    assert settings.get(zone_id=zone.id).enabled is True
    assert settings.edit(zone_id=zone.id, enabled=False).enabled is False
    assert list(client.ssl.certificate_packs.list(zone_id=zone.id)) == []
    assert settings.edit(zone_id=zone.id, enabled=True).enabled is True
    assert [pack.type for pack in client.ssl.certificate_packs.list(zone_id=zone.id)] == ["universal"]


@promise
def the_trust_store_keeps_a_root_until_it_is_deleted():
    root = pems.certificate(pems.key(), ["A root of one's own"], authority=True)
    store = client.acm.custom_trust_store
    made = store.create(zone_id=zone.id, certificate=root)
    assert [one.id for one in store.list(zone_id=zone.id)] == [made.id]
    assert store.get(made.id, zone_id=zone.id).certificate.strip() == root.strip()
    assert store.delete(made.id, zone_id=zone.id).id == made.id
    assert list(store.list(zone_id=zone.id)) == []
    is_refused(lambda: store.create(zone_id=zone.id, certificate="nonsense"))


@promise
def the_origin_ca_signs_a_request_for_names_of_the_zone():
    key = pems.key()
    made = client.origin_ca_certificates.create(
        csr=pems.request(key, hosts), hostnames=hosts, request_type="origin-ecc", requested_validity=365
    )
    leaf = x509.load_pem_x509_certificate(made.certificate.encode())
    assert leaf.public_key() == key.public_key()
    assert leaf.serial_number == int(made.id)
    assert made.id in [one.id for one in client.origin_ca_certificates.list(zone_id=zone.id)]
    assert client.origin_ca_certificates.get(made.id).hostnames == hosts
    client.origin_ca_certificates.delete(made.id)
    assert made.id not in [one.id for one in client.origin_ca_certificates.list(zone_id=zone.id)]


@promise
def the_origin_ca_signs_nothing_for_names_of_others():
    names = ["www.example.com"]
    is_refused(
        lambda: client.origin_ca_certificates.create(
            csr=pems.request(pems.key(), names), hostnames=names, request_type="origin-ecc", requested_validity=365
        )
    )
