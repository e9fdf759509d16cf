#!/usr/bin/env bash
# Builds the gRPC clients of other stacks, with which e2e proves its promises. A missing toolchain is named and skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

built=target/clients
skipped=()
mkdir -p "$built"

build_python() {
  [ -x "$built/python/bin/python" ] || python3 -m venv "$built/python"
  "$built/python/bin/pip" install --quiet --disable-pip-version-check -r e2e/clients/python/requirements.txt
}

build_node() {
  mkdir -p "$built/node"
  cp e2e/clients/node/{package.json,package-lock.json,.npmrc,client.js,protocol.js} "$built/node/"
  npm ci --prefix "$built/node" --ignore-scripts --no-audit --no-fund --loglevel=error
}

build_go() {
  go build -C e2e/clients/go -o "$PWD/$built/go/client" .
}

# A build that fails leaves no old client behind, so that no promise is proved with one.
build() {
  local stack=$1 tool=$2
  if ! command -v "$tool" >/dev/null; then
    skipped+=("$stack ($tool is missing)")
    return
  fi
  local wanted found
  wanted=$(sed -n 's/^go //p' "e2e/clients/$stack/go.mod" 2>/dev/null) || true
  found=$([ -z "$wanted" ] || GOTOOLCHAIN=local go env GOVERSION)
  if [ "$(printf '%s\n' "$wanted" "${found#go}" | sort -V | head -n 1)" != "$wanted" ]; then
    skipped+=("$stack (go $wanted is needed, and this is $found)")
    return
  fi
  echo "building the $stack client"
  "build_$stack" || { rm -rf "${built:?}/$stack"; echo "the $stack client does not build" >&2; exit 1; }
}

build python python3
build node npm
build go go

for stack in "${skipped[@]}"; do
  echo "SKIPPED client: $stack"
done
# 75 (EX_TEMPFAIL) tells script/test that this step was not done in full.
[ ${#skipped[@]} -eq 0 ] || exit 75
