//! Messages and delays at a constant one-way delay and free CPU, as closed
//! forms give them, and the tables on the pages.

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::chained::{Chained, Rules};
use groma_consensus_models::hotstuff::HotStuffRules;
use groma_consensus_models::hotstuff2::{HotStuff2, HotStuff2Rules};
use groma_consensus_models::jolteon::{Jolteon, JolteonRules};
use groma_consensus_models::testing::steady::{HEAD, Steady, check_page, steady};
use groma_consensus_models::testing::{Cluster, Config, Fault, batch};
use groma_consensus_models::{Protocol as _, ReplicaId};

const D: Duration = Duration::from_millis(10);

/// A batch for every other view; whole views are measured.
fn measure<R: Rules>(config: Config) -> Steady {
    steady::<Chained<R>>(config, 4 * D, 40 * D + D / 2, 200 * D)
}

fn lockstep<R: Rules>(n: u32) -> Config {
    Config::lockstep::<Chained<R>>(n, D)
}

/// 2 (n - 1) messages a block; a block commits 4 d after it was made at the
/// leader who makes the second certificate, and 5 d after at all others.
fn two_chain<R: Rules>() {
    for n in [4, 7, 16, 64] {
        let found = measure::<R>(lockstep::<R>(n));
        let each = u64::from(n - 1);
        assert_eq!(found.messages_per_height(), 2 * each, "n = {n}");
        let kinds: Vec<_> = found.sent.keys().copied().collect();
        assert!(
            kinds
                .iter()
                .all(|kind| ["forward", "proposal", "vote"].contains(kind)),
            "{kinds:?}"
        );
        assert_eq!(found.first_and_last(), (4_000, 5_000), "n = {n}");
    }
}

#[test]
fn jolteon_costs_a_proposal_and_a_vote_per_replica_and_five_delays() {
    two_chain::<JolteonRules>();
}

#[test]
fn hotstuff_2_costs_the_same() {
    two_chain::<HotStuff2Rules>();
}

/// Messages of the first failed view, whose leader is down from the start,
/// until the next leader proposes, and when that is.
fn failed_view<R: Rules>(n: u32) -> (BTreeMap<&'static str, u64>, Duration) {
    let mut cluster = Cluster::<Chained<R>>::new(lockstep::<R>(n));
    cluster.fault(Fault::Crash(ReplicaId(1)));
    cluster.request(ReplicaId(2), batch(1));
    let proposed = |cluster: &Cluster<Chained<R>>| cluster.sent().contains_key("proposal");
    let done = cluster.run_until(Duration::from_secs(5), proposed);
    assert!(done.unwrap());
    (cluster.sent().clone(), cluster.now())
}

#[test]
fn a_failed_view_costs_a_timeout_to_all_and_a_certificate_to_the_leader() {
    let second = Duration::from_secs(1);
    for n in [4, 7, 16, 64] {
        let (up, each) = (u64::from(n - 1), u64::from(n - 1));
        let expected = |sent: &BTreeMap<_, u64>| {
            assert_eq!(sent["timeout"], up * each, "n = {n}");
            assert_eq!(sent["proposal"], each, "n = {n}");
        };
        // All time out at once; the certificate is made one delay later.
        let (sent, at) = failed_view::<JolteonRules>(n);
        expected(&sent);
        assert_eq!(at, second + D);
        let (sent, at) = failed_view::<HotStuff2Rules>(n);
        expected(&sent);
        // Of those up, all but the leader tell it.
        assert_eq!(sent["new-view"], up - 1);
        // Delta more for the highest lock.
        assert_eq!(at, second + D + Duration::from_millis(200));
    }
}

#[test]
fn an_idle_chain_costs_little_and_never_times_out() {
    fn idle<R: Rules>() {
        let mut cluster = Cluster::<Chained<R>>::new(lockstep::<R>(4));
        assert!(
            !cluster
                .run_until(Duration::from_secs(60), |_| false)
                .unwrap()
        );
        assert!(!cluster.sent().contains_key("timeout"));
        assert_eq!(cluster.sent()["proposal"], 3 * (1 + (60_000 - 250) / 270));
        let asked = cluster.now();
        cluster.request(ReplicaId(2), batch(1));
        assert!(cluster.run_until(2 * asked, Cluster::is_complete).unwrap());
        assert!(cluster.now() - asked <= 8 * D, "{}", Chained::<R>::NAME);
    }
    idle::<JolteonRules>();
    idle::<HotStuff2Rules>();
}

/// With batches enough at the leader: views are 2 d apart, or as far as a stable
/// leader rests; leaders that take turns rest while others lead.
#[test]
fn a_rest_after_each_proposal_paces_a_leader_that_stays() {
    for (leader, rest, views) in [
        ("stable", "0s", 50),
        ("stable", "50ms", 20),
        ("rotating", "50ms", 50),
    ] {
        let config = lockstep::<HotStuffRules>(4)
            .set::<Chained<HotStuffRules>>("leader", leader)
            .set::<Chained<HotStuffRules>>("min_block_delay", rest);
        let mut cluster = Cluster::<Chained<HotStuffRules>>::new(config);
        for number in 0..200 {
            cluster.request_at(D / 2 * number, ReplicaId(0), batch(u64::from(number) + 1));
        }
        let second = Duration::from_secs(1);
        assert!(!cluster.run_until(second, |_| false).unwrap());
        let made = cluster.sent()["proposal"] / 3;
        assert!(made.abs_diff(views) <= 2, "{leader} {rest}: {made}");
        assert!(!cluster.sent().contains_key("timeout"));
    }
}

fn page(name: &str) -> String {
    format!("{}/../docs/protocols/{name}.md", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn pages_state_what_is_measured() {
    fn table<R: Rules>(name: &str, label: &str, adapt: impl Fn(Config) -> Config) {
        let rows = [4, 16, 64].map(|n| measure::<R>(adapt(lockstep::<R>(n))).row(n));
        check_page(page(name), label, HEAD, &rows);
    }
    table::<JolteonRules>(Jolteon::NAME, Jolteon::NAME, |config| config);
    table::<HotStuff2Rules>(HotStuff2::NAME, HotStuff2::NAME, |config| config);
    table::<HotStuffRules>("hotstuff", "hotstuff", |config| config);
    table::<HotStuffRules>("hotstuff", "hotstuff two-chain", |config| {
        config.set::<Chained<HotStuffRules>>("commit_rule", "two-chain")
    });
}
