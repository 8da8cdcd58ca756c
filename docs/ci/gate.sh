#!/usr/bin/env bash
# Runs one scenario with two builds, compares the results, and leaves what a
# build server shows:
#   gate.sh BASE HEAD SCENARIO OUT [ARGUMENTS OF `groma compare`]...
# BASE and HEAD are binaries. OUT receives base/ and head/ (results), comment.md,
# junit.xml and comparison.html. Ends as `groma compare` does: 0; 1 a rule is
# broken; 2 the results cannot be compared.
set -euo pipefail
base=$1 head=$2 scenario=$3 out=$4
shift 4

mkdir -p "$out"
run() {
  # A missed target (exit 1) is for the rules to judge; anything worse ends here.
  "$1" run "$scenario" --out "$2" --quiet >"$2.txt" || [ $? -eq 1 ]
}
run "$base" "$out/base"
run "$head" "$out/head"

compare() { "$head" compare "$out/base" "$out/head" "${@}"; }
code=0
compare "$@" || code=$?
if [ "$code" -le 1 ]; then
  for document in markdown:comment.md junit:junit.xml html:comparison.html; do
    compare "$@" --format "${document%%:*}" --out "$out/${document#*:}" 2>/dev/null || [ $? -eq 1 ]
  done
fi
exit "$code"
