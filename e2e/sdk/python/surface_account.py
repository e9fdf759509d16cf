import os

from checks import promise, refused
from cloudflare import Cloudflare
from world import account, client

BASE_URL = os.environ["CLOUDFLARE_BASE_URL"]
SENTENCE = "This API Token is valid and active"


@promise
def a_good_token_verifies_and_says_the_sentence_that_scripts_grep_for():
    assert client.user.tokens.verify().status == "active"
    raw = client.user.tokens.with_raw_response.verify()
    assert raw.http_response.json()["messages"] == [{"code": 10000, "message": SENTENCE, "type": None}]


@promise
def an_unknown_token_is_told_so():
    stranger = Cloudflare(api_token="x" * 40, max_retries=0)
    refused(401, 1000, stranger.user.tokens.verify)


@promise
def a_malformed_token_is_told_so_in_the_error_chain():
    stranger = Cloudflare(api_token="not a token", max_retries=0)
    body = refused(400, 6003, stranger.user.tokens.verify)
    assert body["errors"][0]["error_chain"][0]["code"] == 6111


@promise
def an_unknown_key_pair_is_told_so():
    stranger = Cloudflare(api_token=None, api_email="nobody@example.com", api_key="0" * 37, max_retries=0)
    stranger.api_token = None
    refused(403, 9103, stranger.user.get)


@promise
def the_user_the_account_and_the_membership_are_listed():
    assert client.user.get().id
    assert client.accounts.get(account_id=account.id).id == account.id
    assert [membership.account.id for membership in client.memberships.list()] == [account.id]


@promise
def the_addresses_of_the_edge_are_public():
    assert isinstance(client.ips.list().ipv4_cidrs, list)


@promise
def an_unknown_path_is_a_404_in_the_envelope():
    body = refused(404, 7003, lambda: client.get("/no/such/path", cast_to=object))
    assert [error["code"] for error in body["errors"]] == [7003, 7000]
