"""What the promises share: a client, and zones of this run, which are removed at its end."""

import atexit
import secrets

from cloudflare import Cloudflare

client = Cloudflare()
account = next(iter(client.accounts.list()))
run_id = secrets.token_hex(4)


def name(label):
    return f"{label}-{run_id}.test"


def new_zone(label):
    zone = client.zones.create(account={"id": account.id}, name=name(label), type="full")
    atexit.register(_remove, zone.id)
    return zone


def _remove(zone_id):
    try:
        client.zones.delete(zone_id=zone_id)
    except Exception:
        pass  # The promises about deletion have removed it.


zone = new_zone("sdk-python")
