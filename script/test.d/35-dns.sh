#!/usr/bin/env bash
# DNS clients that people use, octoDNS and certbot's plugin, against a running Orangery.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

venv=target/clients/dns
if ! command -v python3 >/dev/null; then
  echo "SKIPPED octoDNS and certbot (python3 is missing)"
  exit 75
fi
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r e2e/dns/requirements.txt

export PYTHONDONTWRITEBYTECODE=1
exec e2e/sdk/with-server "$venv/bin/python" -m pytest -p no:cacheprovider --tb=short -v e2e/dns
