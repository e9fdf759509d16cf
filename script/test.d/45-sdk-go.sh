#!/usr/bin/env bash
# The official Go SDK against a running Orangery: the walk-through, the call it leads to, everything else the SDK knows, and its first
# generation, which Terraform v4 uses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

source=e2e/sdk/go
built=$PWD/target/clients/sdk-go
wanted=$(sed -n 's/^go //p' $source/go.mod)
found=$(command -v go >/dev/null && GOTOOLCHAIN=local go env GOVERSION || true)
if [ -z "$found" ]; then
  echo "SKIPPED the Go SDK (go is missing)"
  exit 75
fi
if [ "$(printf '%s\n' "$wanted" "${found#go}" | sort -V | head -n 1)" != "$wanted" ]; then
  echo "SKIPPED the Go SDK (go $wanted is needed, and this is $found)"
  exit 75
fi
# The first build of the SDK, which is one package for the whole API, takes one to two minutes.
for program in walkthrough surface legacy; do
  go test -C $source -c -o "$built/$program" ./$program
done

run() {
  "$built/walkthrough" -test.v
  target/debug/orangery hello
  "$built/surface" -test.v
  "$built/legacy" -test.v
}
export built
export -f run
exec e2e/sdk/with-server bash -euo pipefail -c run
