"""certbot's plugin for Cloudflare proves to an authority that a name is one's own: it writes a TXT record and takes it away again."""

import os
import secrets
import sys
from types import SimpleNamespace

import pytest
from acme import messages
from certbot.achallenges import KeyAuthorizationAnnotatedChallenge
from certbot.display import util as display
from certbot.tests import acme_util
from certbot_dns_cloudflare._internal.dns_cloudflare import Authenticator
from cloudflare import Cloudflare

client = Cloudflare()


@pytest.fixture
def zone():
    account = client.accounts.list().result[0]
    made = client.zones.create(account={"id": account.id}, name=f"certbot-{secrets.token_hex(4)}.test")
    yield made
    client.zones.delete(zone_id=made.id)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """The plugin as the option `--dns-cloudflare-credentials` sets it up; it finds the API by CLOUDFLARE_BASE_URL."""
    credentials = tmp_path / "cloudflare.ini"
    credentials.write_text(f"dns_cloudflare_api_token = {os.environ['CLOUDFLARE_API_TOKEN']}\n")
    credentials.chmod(0o600)
    monkeypatch.setattr(display, "notify", lambda message: print(message, file=sys.stderr))
    options = SimpleNamespace(dns_cloudflare_credentials=str(credentials), dns_cloudflare_propagation_seconds=0)
    return Authenticator(options, "dns-cloudflare")


def challenge(host, question):
    identifier = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=host)
    return KeyAuthorizationAnnotatedChallenge(challb=question, identifier=identifier, account_key=acme_util.JWK)


def texts(zone):
    return {(record.name, record.content) for record in client.dns.records.list(zone_id=zone.id, type="TXT")}


def test_the_answers_to_two_challenges_for_one_name_stand_beside_each_other_until_they_are_cleaned_up(zone, plugin):
    host = f"www.app.{zone.name}"
    both = [challenge(host, acme_util.DNS01_P), challenge(host, acme_util.DNS01_P_2)]
    plugin.perform(both)
    assert texts(zone) == {(f"_acme-challenge.{host}", one.validation(one.account_key)) for one in both}
    plugin.cleanup(both[:1])
    assert texts(zone) == {(f"_acme-challenge.{host}", both[1].validation(both[1].account_key))}
    plugin.cleanup(both[1:])
    assert texts(zone) == set()


def test_an_answer_that_is_left_from_an_earlier_run_is_no_error(zone, plugin):
    again = challenge(zone.name, acme_util.DNS01_P)
    plugin.perform([again])
    plugin.perform([again])
    assert len(texts(zone)) == 1
    plugin.cleanup([again])
    assert texts(zone) == set()
