#!/usr/bin/env bash
# The official Python SDK against a running Orangery: the walk-through, the call it leads to, and everything else the SDK knows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

venv=target/clients/sdk-python
if ! command -v python3 >/dev/null; then
  echo "SKIPPED the Python SDK (python3 is missing)"
  exit 75
fi
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r e2e/sdk/python/requirements.txt

run() {
  export PYTHONDONTWRITEBYTECODE=1
  "$venv/bin/python" e2e/sdk/python/walkthrough.py
  target/debug/orangery hello
  "$venv/bin/python" e2e/sdk/python/surface.py
}
export venv
export -f run
exec e2e/sdk/with-server bash -euo pipefail -c run
