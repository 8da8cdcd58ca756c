//! The tables of keys: what a scenario may say, with bounds and defaults.
//!
//! The reader, its messages and `groma schema` all work from these tables. A
//! default without a source is an estimate, and its help says so.

use super::shape::make::{may, moment, need, number, number_or, or};
use super::shape::{Number, Shape, Shelf, Table};
use super::unit::Unit;

/// Replicas of a committee at most.
pub(crate) const MAX_REPLICAS: u64 = 4_096;
/// Regions of a committee at most; a plan holds their square.
pub(crate) const MAX_REGIONS: usize = 128;
/// Regions of a network file at most.
pub(crate) const MAX_NETWORK_REGIONS: usize = 500;
/// Faults at most.
pub(crate) const MAX_FAULTS: usize = 1_000;
/// Entries of the load at most; a curve, a trace and a day are one.
pub(crate) const MAX_ENTRIES: usize = 10_000;
/// Phases that they come to at most.
pub(crate) const MAX_PHASES: usize = 100_000;
/// Links of a network given as a graph at most.
pub(crate) const MAX_LINKS: usize = 10_000;
/// Paths that `vary` may name.
pub(crate) const MAX_AXES: usize = 32;
/// Plans that `vary` may make.
pub(crate) const MAX_PLANS: usize = 10_000;

const NS: u64 = 1;
const US: u64 = 1_000;
const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;
/// The last instant of a day at which something may begin.
const LAST: u64 = DAY - 1_000_000;
/// Longest phase, drain or fault.
const LONGEST: u64 = 30 * DAY;
/// 10 million transactions per second, in thousandths.
const MAX_MTPS: u64 = 10_000_000_000;

const REPLICAS_ONE_REGION: Shape = number(Unit::Count, 1, MAX_REPLICAS);
const TPS: Shape = number(Unit::Decimal, 0, MAX_MTPS);
const LATENCY: Shape = number(Unit::Duration, 0, 60 * SECOND);
const PRICE: Shape = number(Unit::Duration, 0, SECOND);
const PRICE_PER_BYTE: Shape = number(Unit::FineDuration, 0, 1_000_000);
const NIC: Shape = number_or(Unit::Bandwidth, 1_000, 100_000_000_000_000, "infinite");
const MATRIX: Shape = Shape::List(&Shape::List(&number(Unit::Milliseconds, 0, 60 * SECOND)));

/// Inhabitants.
const PEOPLE: Number = Number { unit: Unit::Count, min: 1, max: 10_000_000_000, zero: None };

/// The whole file.
pub(crate) static SCENARIO: Table = Table {
    what: "a scenario",
    one_of: &[],
    keys: &[
        need("name", Shape::Name, "Name of the scenario: lower-case letters, digits and hyphens."),
        or("why", Shape::Text, "", "The question that the scenario asks."),
        need("seed", number(Unit::Count, 0, u64::MAX), "The only source of randomness."),
        need("committee", Shape::Map(&REPLICAS_ONE_REGION), "Replicas by region of the network."),
        or("seating", Shape::Choice(&["by-region", "interleaved", "shuffled"]), "by-region", "How replica ids, and the turns of rotating leaders, fall on the regions."),
        or("network", Shape::Shelf(Shelf::Networks), "china-cities", "Latency between regions: a name, or the keys of a network file."),
        or("machine", Shape::Shelf(Shelf::Machines), "server-8c", "The machine under every replica: a name, or the keys of a machine file."),
        or("costs", Shape::Shelf(Shelf::Costs), "reference", "The price list: a name, or the keys of a price file."),
        or("replicas_per_machine", number(Unit::Count, 1, 64), "1", "Replicas of a region that share one machine."),
        need("protocol", Shape::Protocol, "Consensus protocol: a name, or { name: { parameter: value } }."),
        may("batch", Shape::Object(&BATCH), "When a replica closes a batch."),
        may("mempool", Shape::Object(&MEMPOOL), "Transactions that wait at a replica."),
        need("workload", Shape::Workload, "What is submitted: a name, or { mix: { name: weight } }, with shares of those who cheat (attack: 0.5%) and err (mistake: 2.1%)."),
        or("population", Shape::NumberOrMap(PEOPLE), "1_000_000", "Inhabitants, each with an account: of the city, or by region."),
        or("scale", number(Unit::Decimal, 1, 1_000_000_000), "1", "Multiplies every rate of the open loop."),
        need("load", Shape::List(&Shape::Object(&PHASE)), "Phases of the load, in order."),
        may("faults", Shape::List(&Shape::Object(&FAULT)), "Scheduled faults."),
        or("drain", number(Unit::Duration, 0, DAY), "10s", "Time after the last phase; what is not final by then is expired."),
        may("crypto", Shape::Object(&CRYPTO), "Signatures on transactions."),
        or("dissemination", Shape::Choice(&["in-proposal", "clients-to-all", "workers", "broadcast"]), "in-proposal", "How the bodies of batches reach the replicas."),
        may("client", Shape::Object(&CLIENT), "How citizens reach the replicas."),
        may("target", Shape::Object(&TARGET), "What the run must reach."),
        or("expect", Shape::WordOr(&["sustained", "unsustained", "violated"], &EXPECT), "sustained", "The verdict that the scenario expects; { violated: [agreement] } names the checks that must find it."),
        may("limits", Shape::Object(&LIMITS), "Safety limits of the run itself."),
        may("vary", Shape::Vary, "Paths with lists of values; the cross product is the set of plans."),
    ],
};

static BATCH: Table = Table {
    what: "a batch",
    one_of: &[],
    keys: &[
        or("max_txs", number(Unit::Count, 1, 1_000_000), "1000", "Close at this many transactions."),
        or("max_wait", number(Unit::Duration, US, 3_600 * SECOND), "20ms", "Close when the first transaction has waited this long."),
        or("max_bytes", number(Unit::Size, 1 << 10, 1 << 30), "1MiB", "Close at this many bytes."),
    ],
};

static MEMPOOL: Table = Table {
    what: "a mempool",
    one_of: &[],
    keys: &[or("max_txs", number(Unit::Count, 1, 100_000_000), "200_000", "Transactions that a replica holds before it sheds.")],
};

/// One entry of `load`.
pub(crate) static PHASE: Table = Table {
    what: "a phase",
    one_of: &["tps", "ramp", "per_day", "day", "curve", "trace", "profile", "in_flight"],
    keys: &[
        may("for", number(Unit::Duration, 1_000_000, LONGEST), "Length of the phase; a day, a curve, a trace and a profile have their own."),
        may("tps", TPS, "Open loop: transactions per second."),
        may("ramp", Shape::Object(&RAMP), "Open loop: a rate that rises or falls evenly."),
        may("per_day", number(Unit::Decimal, 1, 100_000_000), "Open loop: transactions per inhabitant and day, the same at all hours."),
        may("day", Shape::Object(&DAY_OF_CITY), "Open loop: a day of the city from midnight to midnight, by its calendar."),
        may("curve", Shape::Text, "Open loop: a published curve of rates, by name: `groma list curves`."),
        may("trace", Shape::Text, "Open loop: a CSV file beside the scenario, with `time` or `rate`, and perhaps `type` and `key`."),
        may("profile", Shape::Object(&PROFILE), "Open loop: the form of an acceptance test."),
        may("in_flight", number(Unit::Count, 1, 10_000_000), "Closed loop: transactions in flight in all. Hides outages; for comparisons only."),
        or("arrivals", Shape::WordOr(&["poisson", "even"], &ARRIVALS), "poisson", "How open-loop arrivals fall: poisson, even, or { burst: { every: 1s } }."),
        or("measure", Shape::Flag, "true", "Whether the phase counts in the summary figures."),
    ],
};

/// A day of the city.
pub(crate) static DAY_OF_CITY: Table = Table {
    what: "a day",
    one_of: &[],
    keys: &[
        or("per_day", number_or(Unit::Decimal, 1, 100_000_000, "catalogue"), "catalogue", "Transactions per inhabitant and day; by the catalogue, each workload of the mix at its own rate whatever its share."),
        or("hours", Shape::Text, "by-workload", "How it spreads over the hours and weekdays: a pattern of `groma list calendars`, or each workload by its own."),
        may("weights", Shape::List(&number(Unit::Decimal, 0, 1_000_000_000)), "Weights of the 24 hours, in place of those of `hours`."),
        may("weekday", Shape::Choice(&WEEKDAYS), "The weekday; a day that stands for all of them where it is left out."),
        may("month", Shape::Text, "How it spreads over a month: month-end, quarter-end."),
        may("date", number(Unit::Count, 1, 31), "The day of that month."),
        may("events", Shape::List(&Shape::WordOr(&OCCASIONS, &EVENT)), "What strikes on top: occasions by name, or { spike: {} } and { batch: {} }."),
        or("compress", number(Unit::Count, 1, 1_440), "1", "So many seconds pass in one; rates stay what they are, and what is over within ten minutes is played in its own time."),
    ],
};

/// Weekdays as a scenario writes them, Monday first.
pub(crate) const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Names of the calendar's occasions; a test holds them to it.
pub(crate) const OCCASIONS: [&str; 4] = ["singles-day", "new-year", "court-filing", "nightly-ingest"];

/// What strikes on a day.
pub(crate) static EVENT: Table = Table {
    what: "an event",
    one_of: &["spike", "batch"],
    keys: &[
        may("spike", Shape::Object(&SPIKE), "A rush that fades."),
        may("batch", Shape::Object(&BATCH_OF_DAY), "So many at once."),
    ],
};

pub(crate) static SPIKE: Table = Table {
    what: "a spike",
    one_of: &[],
    keys: &[
        need("at", moment(0, LAST), "When it begins, since midnight: 20h, or 20:00."),
        or("rise", number(Unit::Duration, 0, DAY), "0s", "How long it rises, evenly; 0s: it is there at once."),
        need("times", number(Unit::Decimal, 1, 1_000_000), "What it adds at its height, in multiples of the rate of that hour."),
        need("decay", number(Unit::Duration, SECOND, DAY), "After each of these, an e-th (37 %) of it is left."),
        may("workload", Shape::Text, "The workload of the mix that it strikes, or a step of it such as evidence.submit_to_court; all of them where it is left out."),
    ],
};

pub(crate) static EXPECT: Table = Table {
    what: "an expectation",
    one_of: &["violated"],
    keys: &[
        may("violated", Shape::List(&Shape::Choice(CHECKS)), "Checks that must find a violation; others may."),
    ],
};

/// The checks of a run, as its record names them.
pub(crate) const CHECKS: &[&str] = &[
    "agreement", "contiguous", "validity", "exactly_once", "state_root", "finality",
    "conservation", "intrusion", "progress", "balance", "audit",
];

pub(crate) static BATCH_OF_DAY: Table = Table {
    what: "a batch",
    one_of: &[],
    keys: &[
        need("at", moment(0, LAST), "When it begins, since midnight: 20h, or 20:00."),
        need("txs", number(Unit::Count, 1, 1_000_000_000), "How many transactions."),
        or("within", number(Unit::Duration, 1_000_000, DAY), "1s", "How long they take, at an even rate."),
        may("workload", Shape::Text, "The workload of the mix that they are of, or a step of it such as evidence.submit_to_court; all of them in proportion where it is left out."),
    ],
};

/// Acceptance tests as Chinese buyers know them (docs/sources.md CAICT).
pub(crate) static PROFILE: Table = Table {
    what: "a profile",
    one_of: &["caict-stress", "caict-spike", "caict-stability"],
    keys: &[
        may("caict-stress", Shape::Object(&CAICT), "A minute at the rate: at least 95 % must succeed."),
        may("caict-spike", Shape::Object(&CAICT), "A third of the time at the rate, a third at twice that, a third at the rate: at least 75 % must succeed."),
        may("caict-stability", Shape::Object(&CAICT), "Ten minutes at a fifth of the rate: at least 95 % must succeed."),
    ],
};

pub(crate) static CAICT: Table = Table {
    what: "a profile",
    one_of: &[],
    keys: &[
        need("tps", number(Unit::Decimal, 1, MAX_MTPS), "The rate that the system claims to sustain."),
        may("for", number(Unit::Duration, SECOND, LONGEST), "How long it is tested; a minute, and ten for stability."),
    ],
};

/// The rates of `ramp`.
pub(crate) static RAMP: Table = Table {
    what: "a ramp",
    one_of: &[],
    keys: &[
        need("from", TPS, "Transactions per second at the start."),
        need("to", TPS, "Transactions per second at the end."),
    ],
};

/// Arrivals that need more than a word.
pub(crate) static ARRIVALS: Table = Table {
    what: "a law of arrivals",
    one_of: &["burst"],
    keys: &[may("burst", Shape::Object(&BURST), "All arrivals of each period at its start.")],
};

/// The period of bursts.
pub(crate) static BURST: Table = Table {
    what: "a burst",
    one_of: &[],
    keys: &[need("every", number(Unit::Duration, 1_000_000, DAY), "The period.")],
};

/// One entry of `faults`.
pub(crate) static FAULT: Table = Table {
    what: "a fault",
    one_of: &[
        "crash", "restart", "isolate", "partition", "slow_link", "slow_machine", "loss", "silent", "late", "withhold",
        "lazy", "flood", "wrong_root", "fork", "equivocate", "twins", "selfish",
    ],
    keys: &[
        need("at", moment(0, LONGEST), "When it strikes, from the start of the run, or by the clock of the load's day: 09:00."),
        may("for", number(Unit::Duration, NS, LONGEST), "How long it lasts; to the end of the run if left out."),
        may("until", moment(NS, LONGEST), "When it heals, as `at`; instead of `for`."),
        may("crash", Shape::Replicas, "Stop; back when the fault ends, with what its disk holds."),
        may("restart", Shape::Replicas, "Start crashed replicas again."),
        may("isolate", Shape::Replicas, "Each of these is alone: cut off from all others, clients included."),
        may("partition", Shape::List(&Shape::Replicas), "Groups that cannot reach each other; the replicas in none form one more."),
        may("slow_link", Shape::Object(&SLOW_LINK), "Added one-way latency on what some replicas send."),
        may("slow_machine", Shape::Object(&SLOW_MACHINE), "CPU slower by a factor."),
        may("loss", Shape::Object(&LOSS), "Messages to and from some replicas are lost."),
        may("silent", Shape::Replicas, "Byzantine: say nothing to other replicas; listen, execute and answer clients."),
        may("late", Shape::Object(&LATE), "Byzantine: say everything later than a correct replica would."),
        may("withhold", Shape::Object(&WITHHOLD), "Byzantine: send proposals to a few replicas only."),
        may("lazy", Shape::Replicas, "Byzantine: vote without checking anything."),
        may("flood", Shape::Object(&FLOOD), "Byzantine: say everything many times."),
        may("wrong_root", Shape::Replicas, "Byzantine: name a state that they do not have, to replicas and clients."),
        may("fork", Shape::Replicas, "Byzantine: propose on an older block, to undo those since (chained protocols)."),
        may("equivocate", Shape::Replicas, "Byzantine: different proposals and votes to different replicas."),
        may("twins", Shape::Object(&TWINS), "Byzantine: run twice, each instance in a network of its own."),
        may("selfish", Shape::Replicas, "Byzantine: keep own blocks back to undo those of others (longest chains)."),
    ],
};

/// A late replica.
pub(crate) static LATE: Table = Table {
    what: "a late replica",
    one_of: &[],
    keys: &[
        need("replicas", Shape::Replicas, "The replicas."),
        need("by", number(Unit::Duration, NS, 3_600 * SECOND), "How much later every message leaves."),
    ],
};

/// A withholding replica.
pub(crate) static WITHHOLD: Table = Table {
    what: "a withholding replica",
    one_of: &[],
    keys: &[
        need("replicas", Shape::Replicas, "The replicas."),
        or("reach", number(Unit::Count, 0, MAX_REPLICAS), "1", "How many replicas hear a proposal: the next ones by index."),
    ],
};

/// A flooding replica.
pub(crate) static FLOOD: Table = Table {
    what: "a flooding replica",
    one_of: &[],
    keys: &[
        need("replicas", Shape::Replicas, "The replicas."),
        need("copies", number(Unit::Count, 2, 1_000), "How many times every message is sent."),
    ],
};

/// Twins.
pub(crate) static TWINS: Table = Table {
    what: "twins",
    one_of: &[],
    keys: &[
        need("replicas", Shape::Replicas, "The replicas that run twice."),
        need("side", Shape::Replicas, "Correct replicas that only the second instances reach; the others hear only the first ones, and the two sides do not hear each other."),
    ],
};

/// A slow link.
pub(crate) static SLOW_LINK: Table = Table {
    what: "a slow link",
    one_of: &[],
    keys: &[
        need("replicas", Shape::Replicas, "The replicas."),
        need("added", number(Unit::Duration, NS, 3_600 * SECOND), "Added to every message, one way."),
    ],
};

/// A slow machine.
pub(crate) static SLOW_MACHINE: Table = Table {
    what: "a slow machine",
    one_of: &[],
    keys: &[
        need("replicas", Shape::Replicas, "The replicas."),
        need("factor", number(Unit::Decimal, 1_000, 1_000_000), "Work takes so many times as long."),
    ],
};

/// Lost messages.
pub(crate) static LOSS: Table = Table {
    what: "a loss",
    one_of: &[],
    keys: &[
        need("replicas", Shape::Replicas, "The replicas."),
        need("share", number(Unit::Share, 1, 1_000_000), "Share of the messages that are lost."),
    ],
};

static CRYPTO: Table = Table {
    what: "crypto",
    one_of: &[],
    keys: &[
        or("scheme", Shape::Choice(&["ed25519"]), "ed25519", "Signature scheme (RFC 8032)."),
        or("mode", Shape::Choice(&["modelled", "real"]), "modelled", "Signatures priced only, or really made and verified; the results agree."),
        or("keys", number(Unit::Count, 1, 1_000_000), "64", "Custodial wallet keys: account a signs with key a modulo this (estimate)."),
        or("transactions", Shape::Choice(&["signed", "unsigned"]), "signed", "Whether replicas verify the signatures of transactions."),
    ],
};

static CLIENT: Table = Table {
    what: "the clients",
    one_of: &[],
    keys: &[
        or("gateways_per_region", number(Unit::Count, 1, 256), "1", "Hosts that submit for the citizens of each region."),
        or("bandwidth", NIC, "10Gbps", "Incoming and outgoing bandwidth of a gateway (estimate)."),
        or("reply_bytes", number(Unit::Count, 0, 1 << 20), "256", "Bytes of one reply: a receipt with its signature (estimate)."),
        or("resend_after", number_or(Unit::Duration, 1_000_000, 3_600 * SECOND, "never"), "4s", "Resend to the next replica after this long without finality (estimate)."),
        or("request_bytes", number_or(Unit::Size, 1, 1 << 24, "workload"), "workload", "Bytes of one request, instead of those of the workload's transactions."),
        may("one_way", LATENCY, "Gateways stand at this one-way latency from every replica, instead of in the regions."),
        or("submit_to", Shape::Choice(&["spread", "first"]), "spread", "Who batches what a gateway submits: the replicas of its region, or the committee's first, who leads first."),
        or("replies", Shape::Choice(&["block", "transaction"]), "block", "What one message of replies answers."),
    ],
};

/// Targets: rates at least, latencies at most.
pub(crate) static TARGET: Table = Table {
    what: "the target",
    one_of: &[],
    keys: &[
        may("goodput_tps", number(Unit::Decimal, 1, MAX_MTPS), "Transactions applied per second, at least."),
        may("success", number(Unit::Share, 1, 1_000_000), "Share of what was offered that was answered before the end, at least."),
        may("finality_mean", LATENCY_BOUND, "Mean of intended send to finality at the client, at most."),
        may("finality_p50", LATENCY_BOUND, "Median of the same, at most."),
        may("finality_p90", LATENCY_BOUND, "90th percentile of the same, at most."),
        may("finality_p99", LATENCY_BOUND, "99th percentile of the same, at most."),
        may("finality_p999", LATENCY_BOUND, "99.9th percentile of the same, at most."),
        may("finality_max", LATENCY_BOUND, "Largest of the same, at most."),
        may("commit_mean", LATENCY_BOUND, "Mean of intended send to commit at the first replica, at most."),
        may("commit_p50", LATENCY_BOUND, "Median of the same, at most."),
        may("commit_p90", LATENCY_BOUND, "90th percentile of the same, at most."),
        may("commit_p99", LATENCY_BOUND, "99th percentile of the same, at most."),
        may("commit_p999", LATENCY_BOUND, "99.9th percentile of the same, at most."),
        may("commit_max", LATENCY_BOUND, "Largest of the same, at most."),
        may("consensus_mean", LATENCY_BOUND, "Mean of block creation to first commit, at most."),
        may("consensus_p50", LATENCY_BOUND, "Median of the same, at most."),
        may("consensus_p90", LATENCY_BOUND, "90th percentile of the same, at most."),
        may("consensus_p99", LATENCY_BOUND, "99th percentile of the same, at most."),
        may("consensus_p999", LATENCY_BOUND, "99.9th percentile of the same, at most."),
        may("consensus_max", LATENCY_BOUND, "Largest of the same, at most."),
    ],
};

const LATENCY_BOUND: Shape = number(Unit::Duration, US, DAY);

static LIMITS: Table = Table {
    what: "the limits",
    one_of: &[],
    keys: &[
        or("max_events", number(Unit::Count, 1, u64::MAX), "4_000_000_000", "Events of the simulation, at most."),
        or("retain_blocks", number(Unit::Count, 1, 1_000_000), "512", "Executed blocks that a replica keeps for others to catch up from."),
    ],
};

/// A network file.
pub(crate) static NETWORK: Table = Table {
    what: "a network",
    one_of: &["rtt_ms", "one_way_ms", "law", "links"],
    keys: &[
        may("like", Shape::Name, "Start from the keys of this network."),
        or("source", Shape::Text, "stated in the scenario", "Where the figures come from."),
        or("summary", Shape::Text, "", "One line for `groma list`."),
        may("regions", Shape::List(&Shape::Text), "Names of the regions, in the order of rows and columns."),
        may("rtt_ms", MATRIX, "Round trips between regions, row by row: medians."),
        may("one_way_ms", MATRIX, "One-way latencies between regions, row by row: medians."),
        may("p90_ms", MATRIX, "90th percentiles of the same matrix; drawn once per link and run."),
        may("tail", Shape::Object(&TAIL), "Each message draws from a Pareto law around the matrix's figure."),
        may("law", Shape::Object(&LAW), "One law for every pair of regions, one way."),
        may("links", Shape::List(&Shape::Object(&LINK)), "A graph of links; messages take the shortest path."),
        or("stretch", number(Unit::Decimal, 10, 100_000), "1", "Every latency between two regions becomes so many times as long."),
        may("intra_rtt", LATENCY, "Round trip within a region; the matrix's diagonal, or else 0.2ms."),
        or("jitter", number(Unit::Duration, 0, SECOND), "0", "Standard deviation of a message's latency around its link's."),
        or("loss", number(Unit::Share, 0, 1_000_000), "0", "Share of messages lost."),
        or("overhead", number(Unit::Duration, 0, SECOND), "0", "Added to the latency of every message, as the hosts' own handling."),
        may("up", Shape::List(&NIC), "Outgoing bandwidth of a machine's access line in each region, in their order; the NIC's where it is less."),
        may("down", Shape::List(&NIC), "Incoming bandwidth of the same."),
        or("transport", Shape::Choice(&["unlimited", "tcp"]), "unlimited", "What limits a connection: only bandwidth, or TCP's congestion window as well."),
        or("max_window", number(Unit::Size, 14_600, 1 << 30), "4MiB", "The largest window of a connection under `transport: tcp`; 4MiB is the send buffer that Linux grants."),
        or("sharing", Shape::Choice(&["fifo", "max-min"]), "fifo", "How messages share a machine's interface: in order of arrival, or all connections at once, max-min fair (slower to simulate)."),
        or("mtu", number_or(Unit::Size, 256, 65_535, "none"), "none", "Largest packet: each packet of a message is framed, not the message once."),
    ],
};

/// The Pareto tail of a public network.
pub(crate) static TAIL: Table = Table {
    what: "a tail",
    one_of: &[],
    keys: &[
        need("below_mean", LATENCY, "The smallest latency lies this much below the mean."),
        need("shape_per_ms", number(Unit::Decimal, 1, 100_000), "Tail index per millisecond of the mean."),
    ],
};

/// A law of latency.
pub(crate) static LAW: Table = Table {
    what: "a law of latency",
    one_of: &["constant", "uniform", "normal", "log_normal", "pareto"],
    keys: &[
        may("constant", LATENCY, "Always the same."),
        may("uniform", Shape::Object(&UNIFORM), "Uniform between two bounds."),
        may("normal", Shape::Object(&NORMAL), "Normal, cut at zero."),
        may("log_normal", Shape::Object(&LOG_NORMAL), "Log-normal through two percentiles."),
        may("pareto", Shape::Object(&PARETO), "Pareto."),
        or("per_message", Shape::Flag, "false", "Drawn for every message instead of once per link and run."),
        or("within", Shape::Flag, "false", "The law holds within a region too, instead of `intra_rtt`."),
    ],
};

/// Uniform.
pub(crate) static UNIFORM: Table = Table {
    what: "a uniform law",
    one_of: &[],
    keys: &[need("low", LATENCY, "Smallest."), need("high", LATENCY, "Largest.")],
};

/// Normal.
pub(crate) static NORMAL: Table = Table {
    what: "a normal law",
    one_of: &[],
    keys: &[need("mean", LATENCY, "Mean."), need("sd", LATENCY, "Standard deviation.")],
};

/// Log-normal.
pub(crate) static LOG_NORMAL: Table = Table {
    what: "a log-normal law",
    one_of: &[],
    keys: &[need("p50", LATENCY, "Median."), need("p90", LATENCY, "90th percentile.")],
};

/// Pareto.
pub(crate) static PARETO: Table = Table {
    what: "a Pareto law",
    one_of: &[],
    keys: &[
        need("min", number(Unit::Duration, NS, 60 * SECOND), "Smallest latency."),
        need("shape", number(Unit::Decimal, 1_001, 1_000_000), "Tail index; above 1, so that the mean is finite."),
    ],
};

/// One link of a graph.
pub(crate) static LINK: Table = Table {
    what: "a link",
    one_of: &["rtt", "one_way"],
    keys: &[
        need("between", Shape::List(&Shape::Text), "Its two ends; a name that is no region is a router."),
        may("rtt", LATENCY, "Round trip: median."),
        may("one_way", LATENCY, "One-way latency: median."),
        may("p90", LATENCY, "90th percentile of the same."),
    ],
};

/// A machine file.
pub(crate) static MACHINE: Table = Table {
    what: "a machine",
    one_of: &[],
    keys: &[
        may("like", Shape::Name, "Start from the keys of this machine."),
        or("source", Shape::Text, "stated in the scenario", "Where the figures come from."),
        or("summary", Shape::Text, "", "One line for `groma list`."),
        need("cores", number_or(Unit::Count, 1, 4_096, "free"), "Cores; `free` makes CPU cost nothing, for closed forms only."),
        need("nic", NIC, "Bandwidth in each direction."),
        may("egress", NIC, "Outgoing bandwidth, where it differs."),
        may("ingress", NIC, "Incoming bandwidth, where it differs."),
        need("disk", Shape::Object(&DISK), "Stable storage."),
        or("lanes", Shape::Choice(&["parted", "one-loop"]), "parted", "Intake, verification, consensus and execution side by side, or in one event loop."),
    ],
};

/// Stable storage.
pub(crate) static DISK: Table = Table {
    what: "a disk",
    one_of: &[],
    keys: &[
        need("fsync", number(Unit::Duration, 0, 10 * SECOND), "Time of a flush."),
        need("write", number_or(Unit::ByteRate, 1_000, 1_000_000_000_000, "infinite"), "Bytes appended per second, on top of it."),
    ],
};

/// A price file.
pub(crate) static COSTS: Table = Table {
    what: "a price list",
    one_of: &[],
    keys: &[
        may("like", Shape::Name, "Start from the keys of this price list."),
        or("source", Shape::Text, "stated in the scenario", "Where the figures come from."),
        or("summary", Shape::Text, "", "One line for `groma list`."),
        need("sign", PRICE, "One signature made."),
        need("verify", PRICE, "One signature verified alone."),
        need("verify_batch", PRICE, "One signature verified in a batch."),
        need("hash", PRICE, "Hashing: fixed part."),
        need("hash_byte", PRICE_PER_BYTE, "Hashing: per byte."),
        need("message", PRICE, "Handling one message, sent or received: fixed part."),
        need("message_byte", PRICE_PER_BYTE, "Handling one message: per byte."),
        need("admit", PRICE, "Decoding and admitting one transaction."),
        need("execute", PRICE, "Executing one payment; what computes more by design (benchmarks) is worth several."),
        need("root", PRICE, "Hashing one touched record into the state root."),
    ],
};
