//! Messages, bytes and delays of a block under a steady load, at a constant
//! one-way delay `d` and free CPU, as closed forms give them; and the tables of
//! measured figures in `docs/protocols/`, which a test keeps equal to what is
//! measured.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::cluster::{Cluster, Config};
use super::property::batch;
use crate::committee::ReplicaId;
use crate::protocol::Protocol;

/// What blocks cost in the steady state.
#[derive(Clone, Debug)]
pub struct Steady {
    /// Committed heights at the replica that committed most, empty ones
    /// included, in the measured time.
    pub heights: u64,
    /// Those of them that hold batches.
    pub blocks: u64,
    /// Messages by kind, in the measured time.
    pub sent: BTreeMap<&'static str, u64>,
    /// Their bytes, without bodies.
    pub bytes: u64,
    /// Per block with batches: delays from its creation to its commit at each
    /// replica, in thousandths of `d`, ascending.
    pub commits: Vec<Vec<u64>>,
}

/// Runs `config` (a [`Config::lockstep`] of delay `d`) under one batch every
/// `every`, the k-th at replica `k mod n`, for `warm` and then for `measured`.
///
/// # Panics
/// When a law is broken.
#[must_use]
pub fn steady<P: Protocol>(
    config: Config,
    every: Duration,
    warm: Duration,
    measured: Duration,
) -> Steady {
    let (n, d) = (config.n, config.delay.0);
    let mut cluster = Cluster::<P>::new(config);
    let end = warm + measured;
    let mut at = Duration::ZERO;
    let mut id = 0;
    while at < end {
        cluster.request_at(at, ReplicaId(id % n), batch(u64::from(id) + 1));
        at += every;
        id += 1;
    }
    let run = |cluster: &mut Cluster<P>, until| {
        if let Err(why) = cluster.run_until(until, |_| false) {
            panic!("{}: {why}", P::NAME);
        }
    };
    run(&mut cluster, warm);
    cluster.forget_counts();
    run(&mut cluster, end);
    let most = (0..n).map(ReplicaId).map(|id| {
        let commits = cluster.commits(id).iter();
        let measured = commits.filter(|commit| commit.at > warm);
        let full = measured
            .clone()
            .filter(|commit| !commit.block.batches.is_empty());
        (measured.count() as u64, full.count() as u64)
    });
    let (heights, blocks) = most.max().unwrap_or_default();
    let mut commits: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for commit in (0..n).flat_map(|id| cluster.commits(ReplicaId(id))) {
        if commit.block.batches.is_empty() || commit.block.created < warm {
            continue;
        }
        let took = (commit.at - commit.block.created).as_nanos() * 1000 / d.as_nanos();
        commits
            .entry(commit.block.height)
            .or_default()
            .push(took as u64);
    }
    let whole = commits.into_values().filter(|at| at.len() == n as usize);
    Steady {
        heights,
        blocks,
        sent: cluster.sent().clone(),
        bytes: cluster.sent_bytes(),
        commits: whole
            .map(|mut at| {
                at.sort_unstable();
                at
            })
            .collect(),
    }
}

impl Steady {
    /// Messages of all kinds per committed height, rounded to a whole one when
    /// the last block is cut by the end of the measured time.
    #[must_use]
    pub fn messages_per_height(&self) -> u64 {
        let all: u64 = self.sent.values().sum();
        (all + self.heights / 2) / self.heights.max(1)
    }

    /// Bytes per committed height, without bodies.
    #[must_use]
    pub fn bytes_per_height(&self) -> u64 {
        self.bytes / self.heights.max(1)
    }

    /// Median delays, in thousandths of `d`, from a block's creation to its
    /// commit at the first and at the last replica.
    ///
    /// # Panics
    /// When no block was committed by all.
    #[must_use]
    pub fn first_and_last(&self) -> (u64, u64) {
        let median = |mut at: Vec<u64>| {
            at.sort_unstable();
            at[at.len() / 2]
        };
        let first = self.commits.iter().map(|at| at[0]).collect();
        let last = self.commits.iter().map(|at| at[at.len() - 1]).collect();
        (median(first), median(last))
    }

    /// A row of the table that pages show.
    #[must_use]
    pub fn row(&self, n: u32) -> [String; 5] {
        let (first, last) = self.first_and_last();
        let delays =
            |thousandths: u64| format!("{}.{}", thousandths / 1000, thousandths % 1000 / 100);
        [
            n.to_string(),
            self.messages_per_height().to_string(),
            self.bytes_per_height().to_string(),
            delays(first),
            delays(last),
        ]
    }
}

/// The head of that table.
pub const HEAD: [&str; 5] = [
    "n",
    "messages per block",
    "bytes per block",
    "first commit (d)",
    "last commit (d)",
];

/// Checks that the page at `path`, from the package's folder, holds these
/// measured figures between the lines `<!-- measured: NAME -->` and
/// `<!-- end -->`. With `GROMA_PAGES=write` in the environment it writes them
/// there instead.
///
/// # Panics
/// When the page has no such place or states other figures.
pub fn check_page<const N: usize>(
    path: impl AsRef<Path>,
    name: &str,
    head: [&str; N],
    rows: &[[String; N]],
) {
    let path = path.as_ref();
    let page = std::fs::read_to_string(path)
        .unwrap_or_else(|why| panic!("{} cannot be read: {why}", path.display()));
    let open = format!("<!-- measured: {name} -->\n");
    let place = page.find(&open).and_then(|at| {
        let from = at + open.len();
        let to = from + page[from..].find("<!-- end -->")?;
        Some((from, to))
    });
    let (from, to) = place.unwrap_or_else(|| panic!("{} has no {open}", path.display()));
    let mut table = String::new();
    let mut line = |cells: &[&str]| {
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    };
    line(&head);
    line(&["---:"; N]);
    for row in rows {
        line(&row.each_ref().map(String::as_str));
    }
    if std::env::var("GROMA_PAGES").is_ok_and(|what| what == "write") {
        let page = format!("{}{table}{}", &page[..from], &page[to..]);
        std::fs::write(path, page).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        return;
    }
    assert_eq!(
        page[from..to],
        table,
        "{} states other figures than are measured (GROMA_PAGES=write mends it)",
        path.display()
    );
}
