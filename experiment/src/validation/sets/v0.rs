//! V0, closed forms: what theory says exactly, where a system is simple enough.

use crate::validation::oracle::{Path, Weave};
use crate::validation::{Class, Figure, Prior, Published, Reading, Row, Set, Tolerance};

/// A row that must be exact at one protocol.
const fn exact(
    id: &'static str,
    metric: &'static str,
    at: &'static [(&'static str, &'static str)],
    figure: Figure,
    value: f64,
) -> Row {
    Row {
        id,
        metric,
        at,
        figure,
        published: Published::Value(value),
        tolerance: Tolerance::Exact,
        prior: Prior::Blind,
        fast: true,
    }
}

/// Messages that each further committed block costs: the slope over runs of
/// different length, so that neither start nor end of a run counts.
const fn messages(kinds: &'static [&'static str], per: &'static str) -> Figure {
    Figure::Slope {
        y: kinds,
        x: per,
        scale: 1.0,
    }
}

const PER_BLOCK: &str = "messages per block";
const N: f64 = 7.0;

/// Messages per committed block, n = 7.
pub(super) const MESSAGES: Set = Set {
    id: "v0-messages",
    title: "Messages per committed block without faults, n = 7",
    source: "the protocols' papers, counted: each unicast once, nothing to oneself",
    class: Class::ClosedForm,
    scenario: include_str!("../../../../scenarios/validation/v0-messages.yaml"),
    beside: false,
    rows: &[
        exact(
            "pbft",
            PER_BLOCK,
            &[("protocol", "pbft")],
            messages(
                &[
                    "messages.pre-prepare",
                    "messages.prepare",
                    "messages.commit",
                ],
                "heights",
            ),
            (N - 1.0) + (N - 1.0) * (N - 1.0) + N * (N - 1.0),
        ),
        exact(
            "hotstuff",
            "messages per view",
            &[("protocol", "hotstuff")],
            messages(&["messages.proposal", "messages.vote"], "views"),
            2.0 * (N - 1.0),
        ),
        exact(
            "tendermint",
            PER_BLOCK,
            &[("protocol", "tendermint")],
            messages(
                &[
                    "messages.proposal",
                    "messages.prevote",
                    "messages.precommit",
                ],
                "heights",
            ),
            (N - 1.0) + 2.0 * N * (N - 1.0),
        ),
        exact(
            "raft",
            PER_BLOCK,
            &[("protocol", "{raft: {commit_notify: piggyback}}")],
            messages(&["messages.append", "messages.append-reply"], "heights"),
            2.0 * (N - 1.0),
        ),
        exact(
            "raft-eager",
            PER_BLOCK,
            &[("protocol", "{raft: {commit_notify: eager}}")],
            messages(&["messages.append", "messages.append-reply"], "heights"),
            4.0 * (N - 1.0),
        ),
    ],
};

const D_MS: f64 = 0.25;
pub(super) const QUORUM_MS: &str = "proposal to commit at n - f replicas, ms";
const FIRST_MS: &str = "proposal to first commit, ms";

/// Latency of a commit in one-way delays.
pub(super) const LATENCY: Set = Set {
    id: "v0-latency",
    title: "Commit latency at free CPU, infinite bandwidth and a constant one-way delay of 0.25 ms, n = 7",
    source: "the protocols' papers: message delays on the path of a decision",
    class: Class::ClosedForm,
    scenario: include_str!("../../../../scenarios/validation/v0-latency.yaml"),
    beside: false,
    rows: &[
        exact(
            "pbft",
            QUORUM_MS,
            &[("protocol", "pbft")],
            Figure::At("beside.quorum_ms_mean"),
            3.0 * D_MS,
        ),
        exact(
            "hotstuff",
            QUORUM_MS,
            &[("protocol", "hotstuff")],
            Figure::At("beside.quorum_ms_mean"),
            7.0 * D_MS,
        ),
        exact(
            "hotstuff-two-chain",
            QUORUM_MS,
            &[("protocol", "{hotstuff: {commit_rule: two-chain}}")],
            Figure::At("beside.quorum_ms_mean"),
            5.0 * D_MS,
        ),
        exact(
            "tendermint",
            QUORUM_MS,
            &[("protocol", "tendermint")],
            Figure::At("beside.quorum_ms_mean"),
            3.0 * D_MS,
        ),
        exact(
            "raft",
            FIRST_MS,
            &[("protocol", "raft")],
            Figure::At("consensus_ms.mean"),
            2.0 * D_MS,
        ),
    ],
};

/// Service time of the M/D/1 lane, in nanoseconds.
const SERVICE_NS: f64 = 100_000.0;

/// One utilisation of the M/D/1 lane.
const fn utilised(
    id: &'static str,
    at: &'static [(&'static str, &'static str)],
    share: f64,
) -> Row {
    Row {
        id,
        metric: "mean wait for the lane, ns",
        at,
        figure: Figure::At("beside.lane_wait_ns.intake"),
        published: Published::Value(share * SERVICE_NS / (2.0 * (1.0 - share))),
        tolerance: Tolerance::Relative(0.02),
        prior: Prior::Blind,
        fast: false,
    }
}

/// M/D/1: 20 million arrivals a row.
pub(super) const MD1: Set = Set {
    id: "v0-md1",
    title: "M/D/1: Poisson arrivals at one lane with a service of 100 us, 2e7 arrivals a row",
    source: "Pollaczek-Khinchine: mean wait = rho S / (2 (1 - rho))",
    class: Class::ClosedForm,
    scenario: include_str!("../../../../scenarios/validation/v0-md1.yaml"),
    beside: false,
    rows: &[
        utilised("30", &[("load", "[{for: 6700s, tps: 3000}]")], 0.3),
        utilised("60", &[("load", "[{for: 3350s, tps: 6000}]")], 0.6),
        utilised("90", &[("load", "[{for: 2240s, tps: 9000}]")], 0.9),
    ],
};

const fn little(id: &'static str, at: &'static [(&'static str, &'static str)]) -> Row {
    Row {
        id,
        metric: "transactions in flight, mean over time",
        at,
        figure: Figure::At("beside.in_flight_mean"),
        published: Published::Law(rate_times_latency),
        tolerance: Tolerance::Relative(0.005),
        prior: Prior::Blind,
        fast: true,
    }
}

fn rate_times_latency(run: &Reading) -> Option<f64> {
    // A refusal is an answer too: what counts is what leaves the loop.
    let answered = run.get("load.final")? + run.get("load.rejected")?;
    let rate = answered / run.get("load.measured_seconds")?;
    Some(rate * run.get("finality_ms.mean")? / 1e3)
}

/// Little's law in closed loops of 300.
pub(super) const LITTLE: Set = Set {
    id: "v0-little",
    title: "Little's law in closed loops of 300 transactions",
    source: "Little 1961: N = X R, with N averaged over time, apart from X and R",
    class: Class::ClosedForm,
    scenario: include_str!("../../../../scenarios/validation/v0-little.yaml"),
    beside: false,
    rows: &[
        little("pbft", &[("protocol", "pbft")]),
        little("hotstuff", &[("protocol", "hotstuff")]),
        // The warm-up was lengthened past Raft's election after a run at 4 %.
        Row {
            prior: Prior::Seen,
            ..little("raft", &[("protocol", "raft")])
        },
    ],
};

const fn random(
    id: &'static str,
    metric: &'static str,
    at: &'static [(&'static str, &'static str)],
    figure: &'static str,
    path: Path,
) -> Row {
    Row {
        id,
        metric,
        at,
        figure: Figure::At(figure),
        published: Published::Oracle(path),
        tolerance: Tolerance::Relative(0.01),
        prior: Prior::Blind,
        fast: false,
    }
}

/// Latency of a commit when delays are random.
pub(super) const RANDOM: Set = Set {
    id: "v0-random",
    title: "Commit latency at one-way delays Normal(10 ms, 1 ms) drawn for each message, n = 7, 11,000 decisions",
    source: "independent Monte Carlo of the quorums' order statistics, 200,000 decisions",
    class: Class::ClosedForm,
    scenario: include_str!("../../../../scenarios/validation/v0-random.yaml"),
    beside: false,
    rows: &[
        random(
            "pbft",
            QUORUM_MS,
            &[("protocol", "pbft")],
            "beside.quorum_ms_mean",
            Path::TwoRounds {
                apart: false,
                shown: false,
            },
        ),
        random(
            "hotstuff",
            QUORUM_MS,
            &[("protocol", "hotstuff")],
            "beside.quorum_ms_mean",
            Path::Chain(3),
        ),
        random(
            "hotstuff-two-chain",
            QUORUM_MS,
            &[("protocol", "{hotstuff: {commit_rule: two-chain}}")],
            "beside.quorum_ms_mean",
            Path::Chain(2),
        ),
        random(
            "tendermint",
            QUORUM_MS,
            &[("protocol", "tendermint")],
            "beside.quorum_ms_mean",
            Path::TwoRounds {
                apart: true,
                shown: false,
            },
        ),
        random(
            "raft",
            FIRST_MS,
            &[("protocol", "raft")],
            "consensus_ms.mean",
            Path::Majority,
        ),
    ],
};

/// The same for the rest of the family, and no part of what was to be reproduced.
pub(super) const PATHS: Set = Set {
    id: "v0-paths",
    title: "Happy paths of further protocols at one-way delays Normal(10 ms, 1 ms) drawn for each message, n = 7",
    source: "independent Monte Carlo of the happy path",
    class: Class::ClosedForm,
    scenario: include_str!("../../../../scenarios/validation/v0-paths.yaml"),
    beside: true,
    rows: &[
        random(
            "qbft",
            QUORUM_MS,
            &[("protocol", "qbft")],
            "beside.quorum_ms_mean",
            Path::TwoRounds {
                apart: true,
                shown: false,
            },
        ),
        random(
            "simplex",
            QUORUM_MS,
            &[("protocol", "simplex")],
            "beside.quorum_ms_mean",
            Path::TwoRounds {
                apart: true,
                shown: true,
            },
        ),
        random(
            "hotstuff-2",
            QUORUM_MS,
            &[("protocol", "hotstuff-2")],
            "beside.quorum_ms_mean",
            Path::Chain(2),
        ),
        random(
            "jolteon",
            QUORUM_MS,
            &[("protocol", "jolteon")],
            "beside.quorum_ms_mean",
            Path::Chain(2),
        ),
        random(
            "streamlet",
            QUORUM_MS,
            &[("protocol", "{streamlet: {delta: 20ms}}")],
            "beside.quorum_ms_mean",
            Path::Epochs(40),
        ),
        random(
            "primary-backup",
            FIRST_MS,
            &[("protocol", "{primary-backup: {acks: all}}")],
            "consensus_ms.mean",
            Path::All,
        ),
        random(
            "mysticeti",
            QUORUM_MS,
            &[("protocol", "{mysticeti: {leaders: 1, idle_interval: 1us}}")],
            "beside.quorum_ms_mean",
            Path::Graph(Weave::Plain),
        ),
        random(
            "bullshark",
            QUORUM_MS,
            &[(
                "protocol",
                "{narwhal-bullshark: {idle_interval: 1ms, max_header_delay: 1ms, parents_delay: 0s}}",
            )],
            "beside.quorum_ms_mean",
            Path::Graph(Weave::Certified),
        ),
    ],
};

const fn bound(id: &'static str, at: &'static [(&'static str, &'static str)]) -> Row {
    Row {
        id,
        metric: "goodput, tx/s",
        at,
        figure: Figure::At("load.goodput_tps"),
        published: Published::Law(leaders_link),
        tolerance: Tolerance::Below(0.03),
        prior: Prior::Blind,
        fast: true,
    }
}

/// What a leader's outgoing link carries: each transaction to each of the
/// others, its share of their frames and handles with it, and one reply.
fn leaders_link(run: &Reading) -> Option<f64> {
    const FRAME_AND_HANDLE: f64 = 78.0 + 40.0;
    let plan = run.plan();
    let batch = f64::from(plan.batch.max_txs);
    let others = f64::from(plan.replicas() - 1);
    let sent = run.get("storage.block_bytes")? / run.get("storage.executed_txs")?;
    let each = sent + FRAME_AND_HANDLE / batch;
    let reply = f64::from(plan.client.reply_bytes) + 78.0 / batch;
    Some(plan.machine.egress_bps as f64 / 8.0 / (others * each + reply))
}

/// A leader whose outgoing link is what binds.
pub(super) const EGRESS: Set = Set {
    id: "v0-egress",
    title: "A leader whose outgoing link of 50 Mbit/s binds, n = 7",
    source: "egress / ((n - 1) bytes of a transaction with headers + bytes of its reply)",
    class: Class::ClosedForm,
    scenario: include_str!("../../../../scenarios/validation/v0-egress.yaml"),
    beside: false,
    rows: &[
        bound(
            "pbft",
            &[("protocol", "{pbft: {view_timeout: 60s, retransmit: 60s}}")],
        ),
        bound(
            "hotstuff",
            &[(
                "protocol",
                "{hotstuff: {leader: stable, view_timeout: 60s}}",
            )],
        ),
    ],
};
