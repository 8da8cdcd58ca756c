//! The tables of measured figures in the protocols' pages.

use std::time::Duration;

use groma_consensus_models::Protocol;
use groma_consensus_models::longest::{Clique, Nakamoto, Praos, links};
use groma_consensus_models::testing::steady::{check_page, steady};
use groma_consensus_models::testing::{Cluster, Config};

const D: Duration = Duration::from_millis(10);
const WARM: Duration = Duration::from_secs(30);
const MEASURED: Duration = Duration::from_secs(120);

const HEAD: [&str; 10] = [
    "n",
    "links",
    "full: messages per block",
    "bytes per block",
    "first commit (d)",
    "last commit (d)",
    "compact: messages per block",
    "bytes per block",
    "last commit (d)",
    "stale blocks, full (permille)",
];

fn row<P: Protocol>(n: u32, config: &Config) -> [String; 10] {
    let measure = |relay| {
        let config = config.clone().set::<P>("relay", relay);
        let found = steady::<P>(config, Duration::from_secs(2), WARM, MEASURED);
        found.row(n)
    };
    let [_, messages, bytes, first, last] = measure("full");
    let [_, pushed, pushed_bytes, _, pushed_last] = measure("compact");
    let mut cluster = Cluster::<P>::new(config.clone());
    assert!(!cluster.run_until(WARM + MEASURED, |_| false).unwrap());
    let count = |what| cluster.counted().get(what).copied().unwrap_or_default();
    let stale = count("blocks-stale") * 1000 / count("blocks-made");
    [
        n.to_string(),
        links(n, 8).to_string(),
        messages,
        bytes,
        first,
        last,
        pushed,
        pushed_bytes,
        pushed_last,
        stale.to_string(),
    ]
}

fn check<P: Protocol>(config: impl Fn(Config) -> Config) {
    let rows = [4, 16, 64].map(|n| row::<P>(n, &config(Config::lockstep::<P>(n, D))));
    let page = format!(
        "{}/../docs/protocols/{}.md",
        env!("CARGO_MANIFEST_DIR"),
        P::NAME
    );
    check_page(&page, P::NAME, HEAD, &rows);
    let text = std::fs::read_to_string(&page).unwrap();
    for spec in P::params() {
        let line = format!("| `{}` | ", spec.name);
        assert!(text.contains(&line), "{page} lists no {}", spec.name);
    }
}

#[test]
fn nakamoto_page() {
    check::<Nakamoto>(|config| config.set::<Nakamoto>("block_interval", "1s"));
}

#[test]
fn clique_page() {
    check::<Clique>(|config| config.set::<Clique>("period", "1s"));
}

#[test]
fn praos_page() {
    check::<Praos>(|config| {
        let config = config.set::<Praos>("slot", "50ms");
        config.set::<Praos>("confirmations", "6")
    });
}
