#!/usr/bin/env bash
# Every Rust test of the workspace, all of them on one throwaway PostgreSQL.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

run=(cargo test --workspace --no-fail-fast)
# A database that is given is used as it is.
[ -n "${DATABASE_URL:-}" ] && exec "${run[@]}"
exec cargo run --quiet --bin orangery-dev-postgres -- --fast -- "${run[@]}"
