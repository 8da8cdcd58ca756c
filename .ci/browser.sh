#!/usr/bin/env bash
# Opens a report in headless Chromium and checks it: browser.sh DIR [SHOTS]
# DIR holds report.html and runs/*/run.json; SHOTS receives pictures and a PDF.
# Without a browser, and without a way to install one, says so and passes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: browser.sh DIR [SHOTS]}

find_browser() {
  local name
  for name in ${CHROMIUM:-} chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

if ! browser=$(find_browser); then
  echo "browser test: no Chromium here, trying to install it" >&2
  log=$(mktemp)
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 &&
    { apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-noto-cjk; } >"$log" 2>&1; then
    browser=$(find_browser) || browser=
  else
    tail -n 3 "$log" >&2
    browser=
  fi
fi
if [ -z "$browser" ]; then
  echo "browser test: SKIPPED, as Chromium is not here and cannot be installed"
  exit 0
fi
if ! command -v python3 >/dev/null 2>&1; then
  echo "browser test: SKIPPED, as python3 is not here"
  exit 0
fi

exec python3 "$here/browser.py" "$browser" "$folder" ${2:+"$2"}
