#!/usr/bin/env python3
"""The tables of adversaries.md, from what its runs came to.

    attacks.py ATTACKS FORKING      results of the two scenarios; prints the tables
    attacks.py --check ATTACKS FORKING     ends with 1 if a line is not in adversaries.md
"""

import csv
import json
import pathlib
import sys

COLUMNS = [
    ("left in peace", "no faults"),
    ("silent", "2 of 7 silent"),
    ("late", "2 of 7 late"),
    ("withholding", "2 of 7 withholding"),
    ("flooding", "2 of 7 flooding"),
    ("lying", "2 of 7 lying"),
    ("equivocating", "2 of 7 equivocating"),
]
PROTOCOLS = [
    "pbft",
    "tendermint",
    "hotstuff",
    "jolteon",
    "simplex",
    "narwhal-bullshark",
    "mysticeti",
]


def rows(folder):
    with open(pathlib.Path(folder) / "summary.csv", newline="") as file:
        return {row["run"]: row for row in csv.DictReader(file)}


def milliseconds(text):
    value = float(text)
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"


def percent(text, digits=0):
    return f"{float(text) * 100:.{digits}f} %"


def blocks(text):
    value = float(text)
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def of(runs, attack, protocol):
    """A run's label says more than the attack where that has a number."""
    found = [row for name, row in runs.items() if name.startswith(attack) and name.endswith(f", {protocol}")]
    if len(found) != 1:
        sys.exit(f"{len(found)} runs of {attack}, {protocol}: {', '.join(runs)}")
    return found[0]


def costs(runs):
    def latency(row):
        return f"{float(row['load.goodput_tps']):.0f}, {milliseconds(row['finality_ms.p99'])}"

    def chain(row):
        made = blocks(row["blocks_per_second"])
        share = row["adversary_blocks"]
        return f"{made}, {percent(share)}" if share else made

    for title, cell in (("goodput in TPS, p99", latency), ("blocks/s, adversary's share", chain)):
        yield line([title, *(head for head, _ in COLUMNS)])
        for protocol in PROTOCOLS:
            yield line([protocol, *(cell(of(runs, attack, protocol)) for _, attack in COLUMNS)])
        yield ""


def forks(runs, folder):
    yield line(["", "goodput", "p50", "p99", "chain growth", "views to commit", "adversary's blocks", "proposals forked"])
    for name, row in runs.items():
        record = json.loads((pathlib.Path(folder) / "runs" / row["key"] / "run.json").read_text())
        share = row["adversary_blocks"]
        yield line(
            [
                name,
                f"{float(row['load.goodput_tps']):.0f} TPS",
                milliseconds(row["finality_ms.p50"]),
                f"{float(row['finality_ms.p99']) / 1000:.2f} s",
                percent(row["chain_growth"], 1),
                f"{float(row['views_to_commit']):.2f}",
                percent(share, 1) if share else "–",
                str(record["counts"].get("forked-proposals", "–")),
            ]
        )


def main(arguments):
    check = arguments[0] == "--check"
    attacks, forking = arguments[1:] if check else arguments
    made = [*costs(rows(attacks)), *forks(rows(forking), forking)]
    if not check:
        print("\n".join(made))
        return 0
    page = (pathlib.Path(__file__).parent / "adversaries.md").read_text()
    missing = [one for one in made if one not in page]
    print("\n".join(f"not in adversaries.md: {one}" for one in missing))
    return 1 if missing else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
