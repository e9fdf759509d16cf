#!/usr/bin/env bash
# The form of the code and what the linter says of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo fmt --all --check
cargo clippy --quiet --workspace --all-targets -- --deny warnings
echo "formatted, and without a warning"
