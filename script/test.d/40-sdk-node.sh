#!/usr/bin/env bash
# The official npm SDK against a running Orangery: the walk-through, the call it leads to, and everything else the SDK knows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

built=target/clients/sdk-node
if ! command -v npm >/dev/null; then
  echo "SKIPPED the npm SDK (npm is missing)"
  exit 75
fi
mkdir -p "$built"
cp e2e/sdk/node/{package.json,package-lock.json,.npmrc} e2e/sdk/node/*.js "$built/"
npm ci --prefix "$built" --ignore-scripts --no-audit --no-fund --loglevel=error

run() {
  node "$built/walkthrough.js"
  target/debug/orangery hello
  node "$built/surface.js"
}
export built
export -f run
exec e2e/sdk/with-server bash -euo pipefail -c run
