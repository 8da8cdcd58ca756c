"""Checks a report in headless Chromium: browser.py BROWSER DIR [SHOTS].

A copy of the page gets a script that looks at the page from inside; what it
saw comes back through --dump-dom. Only the standard library is used.
"""

import base64
import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 5_000_000
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--virtual-time-budget=10000", "--enable-logging=stderr",
]
DARK = ["--blink-settings=preferredColorScheme=0", "--force-dark-mode"]
# The columns that a page of A4 leaves at the report's margins.
PAPER = "<style>body{padding:0 12mm}</style>"

failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def chromium(browser, arguments):
    with tempfile.TemporaryDirectory(prefix="groma-browser-") as profile:
        done = subprocess.run(
            [browser, *FLAGS, f"--user-data-dir={profile}", *arguments],
            capture_output=True, timeout=180, check=False,
        )
    return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def look(browser, page, where, view, width, extra=(), paper=False):
    """Opens a copy of the page and returns what the script inside it saw."""
    inside = (HERE / "browser-inside.js").read_text(encoding="utf-8")
    copy = page
    if paper:
        copy = copy.replace("@media print", "@media all").replace("</head>", PAPER + "</head>", 1)
    # First of all scripts, so that no error is missed.
    copy = copy.replace("<head>", "<head><script>" + inside + "</script>", 1)
    path = where / f"{view}.html"
    path.write_text(copy, encoding="utf-8")
    dom, log = chromium(browser, [f"--window-size={width},1100", *extra, "--dump-dom", path.as_uri()])
    for line in log.splitlines():
        expect("CONSOLE" not in line, f"{view}: console says: {line.strip()}")
    found = re.search(r'<pre id="groma-seen"[^>]*>([^<]*)</pre>', dom)
    if not found:
        failures.append(f"{view}: the page gave no answer:\n{log[-2000:]}")
        return None
    return json.loads(base64.b64decode(found.group(1)).decode("utf-8"))


def check_view(view, seen, width, dark):
    expect(seen["width"] == width, f"{view}: the window is {seen['width']} px wide, not {width}")
    expect(seen["dark"] == dark, f"{view}: dark is {seen['dark']}")
    for error in seen["errors"]:
        failures.append(f"{view}: script error: {error}")
    for name in seen["resources"]:
        failures.append(f"{view}: asks for {name}")
    expect(seen["scroll"] <= width, f"{view}: the page is {seen['scroll']} px wide, the window {width}")
    for name in seen["wide"][:10]:
        failures.append(f"{view}: wider than the page: {name}")
    for text in seen["faint"][:10]:
        failures.append(f"{view}: too little contrast: {text}")
    expect(len(seen["charts"]) == seen["expected"],
           f"{view}: {len(seen['charts'])} charts, {seen['expected']} expected")
    for chart in seen["charts"]:
        name = f"{view}: chart {chart['name']!r}"
        expect(chart["width"] > 150 and chart["height"] > 60, f"{name} is not drawn")
        expect(chart["shapes"] >= 4, f"{name} has {chart['shapes']} shapes")
        expect(chart["data"] >= 1, f"{name} shows no data")
        expect(chart["name"] != "", f"{name} has no name")
        expect(not chart["black"], f"{name}: colours without a meaning: {chart['black']}")
        expect(not chart["cut"], f"{name}: cut labels: {chart['cut']}")
        expect(not chart["met"], f"{name}: labels upon each other: {chart['met']}")


def check_zoom(view, page, zoom):
    """A chart of a course of time opens, follows a drag, and goes again."""
    wanted = page.count('class="zoomable"')
    expect(zoom["buttons"] == wanted, f"{view}: {zoom['buttons']} charts can be zoomed, not {wanted}")
    if not zoom["buttons"]:
        return
    expect(zoom.get("drawn", 0) > 500, f"{view}: the zoomed chart is empty: {zoom}")
    expect(zoom.get("picture") == "none", f"{view}: picture and zoom stand together: {zoom}")
    part = zoom.get("part") or 0
    expect(0.2 < part < 0.4, f"{view}: a drag over 30 % shows {part} of the time")
    expect(all(abs((other or 0) - part) < 0.02 for other in zoom.get("others", [])),
           f"{view}: the panels do not zoom together: {zoom}")
    expect(zoom.get("back") is True, f"{view}: the picture does not come back: {zoom}")


# Figures of a page that are quotients of two that the record holds.
DERIVED = {
    "blocks_per_second": lambda r: r["blocks"] / r["load"]["measured_seconds"],
    "chain_growth": lambda r: r["heights"] / r["counts"]["blocks-settled"],
    "views_to_commit": lambda r: r["counts"]["views-to-commit"] / max(r["heights"], 1),
    "adversary_blocks": lambda r: r["counts"].get("adversary-blocks", 0) / max(r["heights"], 1),
}


def resolve(record, path):
    """The value at a path whose keys may themselves hold dots."""
    if path.startswith("max:"):
        role, part = path[4:].split(".")
        return max(m[part] for m in record["machines"] if m["role"] == role)
    if path in DERIVED:
        return DERIVED[path](record)
    value, rest = record, path.split(".")
    while rest:
        if isinstance(value, list):
            value, rest = value[int(rest[0])], rest[1:]
            continue
        for length in range(len(rest), 0, -1):
            key = ".".join(rest[:length])
            if key in value:
                value, rest = value[key], rest[length:]
                break
        else:
            raise KeyError(path)
    return value


def shown(text):
    """The figure that a reader sees."""
    found = re.search(r"−?[\d,]+(\.\d+)?", text)
    return float(found.group(0).replace(",", "").replace("−", "-")) if found else None


SCALES = [1.0, 100.0, 1e-3, 1e3, 1e-6, 1e-9, 1e-12]


def agrees(text, value):
    """Whether the text is the value, rounded, in some unit."""
    figure = shown(text)
    if figure is None:
        return False
    if value == 0 or figure == 0:
        return abs(value) < 1e-3 and figure == 0
    if text.lstrip("★ ").startswith(("<", ">")):
        return True
    return any(abs(figure - value * scale) <= 0.006 * abs(value * scale) + 0.051 * (abs(figure) < 10)
               for scale in SCALES)


def check_figures(seen, records):
    compared = dict.fromkeys(records, 0)
    for run, path, value, text in seen["figures"]:
        if run not in records:
            failures.append(f"figure {path} names an unknown run {run}")
            continue
        try:
            truth = resolve(records[run], path)
        except (KeyError, ValueError, IndexError):
            failures.append(f"{run}: {path} is not in run.json")
            continue
        expect(truth is not None and float(value) == float(truth),
               f"{run}: {path} is {value} in the page, {truth} in run.json")
        expect(agrees(text, float(value)), f"{run}: {path} reads {text!r}, but is {value}")
        compared[run] += 1
    for run, count in compared.items():
        expect(count >= 20, f"{run}: only {count} figures in the page")
    return sum(compared.values())


def check_file(page, size):
    expect(size < LIMIT, f"report.html has {size} bytes, the limit is {LIMIT}")
    reader = Reader()
    reader.feed(page)
    for what in reader.loads:
        failures.append(f"report.html may load something: {what}")


class Reader(html.parser.HTMLParser):
    """Finds what a page could load. Text between tags may say what it likes."""

    TAGS = {"link", "iframe", "object", "embed", "img", "image", "use", "video", "audio", "base"}
    PLACES = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "background"}
    CODE = re.compile(r"@import|url\(\s*(?![\"']?data:)|\b(?:fetch|XMLHttpRequest|WebSocket|importScripts|import)\b")

    def __init__(self):
        super().__init__()
        self.loads, self.inside = [], None

    def handle_starttag(self, tag, attrs):
        self.inside = tag if tag in ("style", "script") else None
        if tag in self.TAGS:
            self.loads.append(f"<{tag}>")
        for name, value in attrs:
            if name in self.PLACES and not (value or "").startswith("#"):
                self.loads.append(f"{name}={value}")
            if name == "style" and "url(" in (value or ""):
                self.loads.append(f"{name}={value}")

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.loads.extend(self.CODE.findall(data))


def shots(browser, page, folder):
    folder.mkdir(parents=True, exist_ok=True)
    target = page.resolve().as_uri()
    for name, extra in (("light", []), ("dark", DARK)):
        chromium(browser, ["--window-size=1280,9000", *extra,
                           f"--screenshot={folder / (name + '.png')}", target])
    chromium(browser, ["--no-pdf-header-footer", f"--print-to-pdf={folder / 'a4.pdf'}", target])


def check_paper(browser, page, where):
    path = where / "paper.pdf"
    chromium(browser, ["--no-pdf-header-footer", f"--print-to-pdf={path}", page.resolve().as_uri()])
    expect(path.exists(), "the page cannot be printed")
    if path.exists():
        boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", path.read_bytes())
        sizes = {(round(float(w)), round(float(h))) for w, h in boxes}
        expect(sizes == {(595, 842)}, f"printed pages are not A4: {sizes}")
        return len(boxes)
    return 0


def main():
    browser, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    path = folder / "report.html"
    page = path.read_text(encoding="utf-8")
    records = {}
    for file in sorted(folder.glob("runs/*/run.json")):
        record = json.loads(file.read_text(encoding="utf-8"))
        records[record["key"]] = record
    # A page of certificates alone has no runs and no figures of theirs.
    expect(records or 'id="runs"' not in page, f"no run.json under {folder}/runs")
    check_file(page, os.path.getsize(path))
    where = pathlib.Path(tempfile.mkdtemp(prefix="groma-report-"))
    try:
        figures = 0
        for view, width, extra, paper in (
            ("light", 1280, [], False), ("dark", 1280, DARK, False), ("paper", 794, [], True),
        ):
            seen = look(browser, page, where, view, width, extra, paper)
            if seen is None:
                continue
            check_view(view, seen, width, extra is DARK)
            if not paper:
                check_zoom(view, page, seen["zoom"])
            if view == "light":
                figures = check_figures(seen, records)
                charts = len(seen["charts"])
                least = 3 * min(len(records), 12)
                expect(charts >= least, f"{charts} charts for {len(records)} runs, {least} expected at least")
        pages = check_paper(browser, path, where)
    finally:
        shutil.rmtree(where, ignore_errors=True)
    if len(sys.argv) > 3:
        shots(browser, path, pathlib.Path(sys.argv[3]).resolve())
    if failures:
        for failure in failures[:60]:
            print(f"browser test: {failure}")
        print(f"browser test: FAILED, {len(failures)} finding(s) in {path}")
        return 1
    print(f"browser test: passed, {len(records)} run(s), {charts} charts, {figures} figures equal to run.json, "
          f"{pages} pages of A4, {os.path.getsize(path)} bytes")
    return 0


sys.exit(main())
