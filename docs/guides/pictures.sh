#!/usr/bin/env bash
# Makes the pictures of the architect's and the researcher's guide: the first
# page of a report each. The engineer's are drawn by `groma trace` and checked
# by a test.
#   docs/guides/pictures.sh GROMA [FOLDER]     FOLDER: here, by default
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
groma=$(realpath "${1:?usage: pictures.sh GROMA [FOLDER]}")
folder=${2:-$here}
for name in ${CHROMIUM:-} chromium chromium-browser google-chrome none; do
  command -v "$name" >/dev/null 2>&1 && break
done
if [ "$name" = none ]; then
  echo "SKIPPED: no Chromium to take pictures with"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here/../.."

# picture PAGE FILE WIDTH HEIGHT [ANCHOR]
picture() {
  "$name" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
    --hide-scrollbars --force-device-scale-factor=1 --user-data-dir="$work/profile" \
    --window-size="$3,$4" --screenshot="$2" "file://$1" >/dev/null 2>&1
  test -s "$2"
  echo "wrote $2"
}

"$groma" capacity scenarios/guides/city.yaml --width 5% --out "$work/city" --quiet >/dev/null
picture "$work/city/report.html" "$folder/architect.png" 1180 1120
"$groma" run scenarios/guides/distance.yaml --out "$work/distance" --quiet >/dev/null
picture "$work/distance/report.html" "$folder/researcher.png" 1180 1120
