#!/usr/bin/env bash
# Runs the walk-through of README.md against an Orangery of its own and compares what is printed there with what is seen. In the README an
# ellipsis stands for anything; rays differ from run to run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ "${1:-}" != --inside ]; then
  exec e2e/sdk/with-server "$PWD/script/test.d/60-readme.sh" --inside
fi

same() { # expected, seen
  local pattern
  pattern=$(printf %s "$1" | sed -e 's/[][\\*?]/\\&/g' -e 's/…/*/g' -e 's/ray [0-9a-f]\{16\}/ray */g')
  # shellcheck disable=SC2053 # The right side is a pattern on purpose.
  [[ $2 == $pattern ]]
}

passed=0 failed=0 command='' expected=''
check() {
  [ -n "$command" ] || return 0
  local seen
  # Not in a subshell: commands of the walk-through define what later ones use.
  eval "$command" >target/readme.out 2>&1 || true
  seen=$(cat target/readme.out)
  if [ -z "$expected" ] || same "$expected" "$seen"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n  README: %s\n  seen:   %s\n' "$command" "$expected" "$seen"
  fi
  command='' expected=''
}

console=no
while IFS= read -r line; do
  case $line in
    '```console') console=yes ;;
    '```') check; console=no ;;
    '$ set -a;'*) ;; # The environment is that of with-server.
    '$ '*) check; if [ $console = yes ]; then command=${line#'$ '}; fi ;;
    *) if [ $console = yes ] && [ -n "$command" ]; then expected+=${expected:+$'\n'}$line; fi ;;
  esac
done <README.md
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -ge 10 ]
