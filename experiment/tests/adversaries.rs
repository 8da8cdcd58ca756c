//! Byzantine replicas in whole runs, with clients and ledger: up to f of them no
//! invariant breaks and every client is served; beyond f the checker reports
//! what broke. `GROMA_SEEDS` sets the number of seeds a protocol (6 unless set),
//! `GROMA_SEED` replays one.

mod support;

use groma_consensus_models::{Committee, FaultModel, mix};
use groma_experiment::plan::{Byzantine, FaultKind, FaultPlan, Plan};
use groma_experiment::registry::Registry;
use groma_experiment::result::{RunRecord, Verdict, Violation};
use support::{LOTTERIES, MS, PROTOCOLS, SECOND, phase, plan, run};

/// A stream of words from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(0x6164_7665_7273, self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)) % sides
    }
}

fn model(protocol: &str) -> FaultModel {
    let registry = Registry::standard();
    registry.find(protocol).expect("in the table").fault_model
}

fn byzantine(replicas: Vec<u32>, behaviour: Byzantine, at_ns: u64, until_ns: u64) -> FaultPlan {
    FaultPlan {
        at_ns,
        until_ns,
        kind: FaultKind::Byzantine {
            replicas,
            behaviour,
        },
    }
}

/// What a member may do without breaking a protocol of this model.
fn behaviour(model: FaultModel, side: &[u32], dice: &mut Dice) -> Byzantine {
    let quiet = |dice: &mut Dice| match dice.roll(4) {
        0 => Byzantine::Silent,
        1 => Byzantine::Late {
            by_ns: (1 + dice.roll(800)) * MS,
        },
        2 => Byzantine::Lazy,
        _ => Byzantine::Withhold {
            reach: dice.roll(3) as u32,
        },
    };
    match model {
        // A leader that beats and withholds is no crash: followers never depose it.
        FaultModel::Crash => match quiet(dice) {
            Byzantine::Withhold { .. } => Byzantine::Silent,
            crash_like => crash_like,
        },
        FaultModel::HonestMajority => match dice.roll(4) {
            0 => Byzantine::Selfish,
            1 => Byzantine::Flood { copies: 3 },
            2 => Byzantine::WrongRoot,
            _ => quiet(dice),
        },
        FaultModel::Byzantine => match dice.roll(8) {
            0 => Byzantine::Flood {
                copies: 2 + dice.roll(4) as u32,
            },
            1 => Byzantine::WrongRoot,
            2 => Byzantine::Fork,
            3 | 4 => Byzantine::Equivocate,
            5 => Byzantine::Twins {
                side: side.to_vec(),
            },
            _ => quiet(dice),
        },
    }
}

/// A small load, and up to f members that deviate, each in its own way.
fn attacked(protocol: &str, seed: u64) -> Plan {
    let mut dice = Dice(seed.wrapping_mul(7_919));
    let mut plan = plan(protocol);
    plan.seed = seed;
    for region in &mut plan.committee {
        region.replicas = 1 + dice.roll(3) as u32;
    }
    if plan.replicas() < 4 {
        plan.committee[0].replicas += 4 - plan.replicas();
    }
    let n = plan.replicas();
    plan.load = vec![phase(8 * SECOND, 50 + dice.roll(300), true)];
    plan.drain_ns = 90 * SECOND;
    plan.batch.max_txs = 1 + dice.roll(200) as u32;
    let model = model(protocol);
    let f = Committee::new(n, model).f();
    // A lottery's finality is a matter of depth: a third is far from a half.
    let most = if model == FaultModel::HonestMajority {
        n / 4
    } else {
        f
    };
    // Without its primary, primary-backup goes on for nobody: it has no fail-over.
    let needed = u32::from(protocol == "primary-backup");
    let first = dice.roll(u64::from(n)) as u32;
    let members = 1 + dice.roll(u64::from(most.max(1))) as u32;
    let bad: Vec<u32> = (0..members.min(most))
        .map(|step| (first + step) % n)
        .filter(|&id| id >= needed)
        .collect();
    let mut alike: Option<Byzantine> = None;
    for &id in &bad {
        let side: Vec<u32> = (0..n)
            .filter(|other| !bad.contains(other) && dice.roll(2) == 0)
            .collect();
        let chosen = behaviour(model, &side, &mut dice);
        // One network can be split in one way only.
        let chosen = match (&alike, chosen) {
            (Some(_), Byzantine::Twins { .. }) => Byzantine::Equivocate,
            (_, chosen) => chosen,
        };
        if let Byzantine::Twins { .. } = chosen {
            alike = Some(chosen.clone());
        }
        let (at_ns, until_ns) = match dice.roll(2) {
            0 => (0, plan.horizon_ns()),
            _ => (
                SECOND + dice.roll(3_000) * MS,
                5 * SECOND + dice.roll(2_000) * MS,
            ),
        };
        // Twins part the correct members, who must meet again.
        let until_ns = match chosen {
            Byzantine::Twins { .. } => until_ns.min(7 * SECOND),
            _ => until_ns,
        };
        plan.faults
            .push(byzantine(vec![id], chosen, at_ns, until_ns));
        // Some do two things at once.
        if model != FaultModel::Crash && dice.roll(3) == 0 {
            let more = Byzantine::Late {
                by_ns: (1 + dice.roll(300)) * MS,
            };
            let more = [more, Byzantine::Flood { copies: 2 }, Byzantine::Lazy];
            let more = more[dice.roll(3) as usize].clone();
            plan.faults.push(byzantine(vec![id], more, at_ns, until_ns));
        }
    }
    plan.faults.sort_by_key(|fault| fault.at_ns);
    plan
}

fn seeds(usual: u64) -> std::ops::Range<u64> {
    let read = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    match read("GROMA_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..read("GROMA_SEEDS").unwrap_or(usual),
    }
}

#[test]
fn up_to_f_nothing_breaks_and_everybody_is_served() {
    let mut tried = 0;
    for protocol in PROTOCOLS.into_iter().chain(LOTTERIES) {
        for seed in seeds(6) {
            let plan = attacked(protocol, seed);
            let record = run(&plan).record;
            let replay = format!(
                "{protocol}: GROMA_SEED={seed} cargo test -p groma-experiment --test adversaries\n{:?}",
                plan.faults
            );
            assert_eq!(record.violations, [], "{replay}");
            assert_eq!(record.load.expired, 0, "{replay}\n{:?}", record.load);
            assert!(record.checks.agreement > 0, "{replay}");
            tried += u64::from(!plan.faults.is_empty());
        }
    }
    assert!(tried > 0);
}

/// f + 1 twins of four, the two correct replicas apart.
fn twins(protocol: &str, seed: u64) -> RunRecord {
    let twins = Byzantine::Twins { side: vec![3] };
    overrun(plan(protocol), seed, vec![0, 1], twins)
}

/// Equivocators in a network that is whole: f + 1 of four where one leader decides a
/// block, and four of seven where leaders rotate within a commit. Correct ones of both
/// sides are as far from them, so that neither side is ahead.
fn liars(protocol: &str, seed: u64) -> RunRecord {
    let mut plan = plan(protocol);
    let mut bad = vec![0, 1];
    if CHAINED.contains(&protocol) {
        for (region, replicas) in plan.committee.iter_mut().zip([4, 2, 1]) {
            region.replicas = replicas;
        }
        bad = vec![0, 1, 2, 3];
    }
    overrun(plan, seed, bad, Byzantine::Equivocate)
}

fn overrun(mut plan: Plan, seed: u64, bad: Vec<u32>, behaviour: Byzantine) -> RunRecord {
    plan.seed = seed;
    plan.load = vec![phase(6 * SECOND, 300, true)];
    plan.drain_ns = 4 * SECOND;
    plan.faults = vec![byzantine(bad, behaviour, 0, plan.horizon_ns())];
    run(&plan).record
}

/// Protocols in which a commit takes the blocks of several leaders in a row.
const CHAINED: [&str; 4] = ["hotstuff", "hotstuff-2", "jolteon", "streamlet"];

/// The first broken agreement of each of some seeds in which agreement broke.
fn broken(protocol: &str, attack: fn(&str, u64) -> RunRecord) -> Vec<Violation> {
    let tried = seeds(4);
    let all = tried.clone().count();
    let found: Vec<Violation> = tried
        .filter_map(|seed| {
            let violations = attack(protocol, seed).violations;
            violations.into_iter().find(|it| it.check == "agreement")
        })
        .collect();
    eprintln!(
        "{protocol}: agreement broken in {} of {all} seeds",
        found.len()
    );
    assert!(!found.is_empty(), "{protocol} withstands too many");
    found
}

#[test]
fn beyond_f_the_checker_reports_what_broke() {
    let certified = ["pbft", "qbft", "tendermint", "simplex"];
    for protocol in PROTOCOLS {
        for violation in broken(protocol, twins) {
            let detail = violation.detail;
            assert!(violation.replay.starts_with("groma run runs/"));
            if certified.contains(&protocol) || CHAINED.contains(&protocol) {
                // The certificates name the culprits, and nobody else in both.
                assert!(detail.contains("certificate of view"), "{detail}");
                let both = detail.rsplit("both signed by ").next();
                assert_eq!(both, Some("[0, 1]"), "{protocol}: {detail}");
            }
        }
    }
}

/// No network is parted here: the lies alone make two quorums.
#[test]
fn too_many_equivocators_break_agreement() {
    for protocol in PROTOCOLS {
        // Where faults are crashes, one leader tells two stories and nobody compares.
        if model(protocol) == FaultModel::Byzantine {
            broken(protocol, liars);
        }
    }
}

/// A run in which no correct replica is left to compare with does not pass.
#[test]
fn what_nobody_correct_has_said_is_no_final_answer() {
    for behaviour in [Byzantine::WrongRoot, Byzantine::Equivocate] {
        let mut plan = plan("pbft");
        let all = (0..plan.replicas()).collect();
        plan.faults = vec![byzantine(all, behaviour, 0, plan.horizon_ns())];
        let record = run(&plan).record;
        assert!(record.load.finalised > 0);
        assert_eq!(record.verdict, Verdict::Violated);
        assert_eq!(record.violations[0].check, "finality");
    }
}

/// Whoever only keeps silent, or checks nothing, still keeps the right books.
#[test]
fn members_that_do_not_lie_are_held_to_what_they_execute() {
    let checked = |faults: Vec<FaultPlan>| {
        let mut plan = plan("pbft");
        plan.faults = faults;
        let record = run(&plan).record;
        assert_eq!(record.violations, []);
        record.checks.state_root
    };
    let horizon = plan("pbft").horizon_ns();
    let of = |behaviour| checked(vec![byzantine(vec![3], behaviour, 0, horizon)]);
    let (lazy, lying) = (of(Byzantine::Lazy), of(Byzantine::WrongRoot));
    // Three comparisons a height with the lazy one, two without the liar.
    assert!(lazy * 10 > lying * 14, "{lazy} and {lying}");
}

#[test]
fn a_lie_about_the_state_reaches_no_client() {
    let mut plan = plan("pbft");
    plan.faults = vec![byzantine(
        vec![2],
        Byzantine::WrongRoot,
        0,
        plan.horizon_ns(),
    )];
    let record = run(&plan).record;
    assert_eq!(record.violations, []);
    assert_eq!(record.load.expired, 0);
    assert!(record.checks.finality > 0);
    // One lie is less than f + 1 equal replies.
    let honest = run(&support::plan("pbft")).record;
    assert_eq!(record.load.finalised, honest.load.finalised);
}

/// Both stand in Shenzhen, so that its gateway hears them first.
#[test]
fn a_lie_that_enough_replicas_tell_reaches_clients_and_is_reported() {
    let mut plan = plan("pbft");
    plan.faults = vec![byzantine(
        vec![0, 1],
        Byzantine::WrongRoot,
        0,
        plan.horizon_ns(),
    )];
    let record = run(&plan).record;
    let broken = record.violations.iter().map(|broken| broken.check.as_str());
    assert!(
        broken.clone().any(|check| check == "finality"),
        "{:?}",
        record.violations
    );
    assert_eq!(record.verdict, Verdict::Violated);
}

/// Forks cost a chain growth: three-chain HotStuff loses two blocks to each, the
/// others leave no fork that correct members would vote for.
#[test]
fn forks_cost_what_the_commit_rule_says() {
    let forked = |protocol: &str| {
        let mut plan = plan(protocol);
        plan.load = vec![phase(10 * SECOND, 2_000, true)];
        let fork = Byzantine::Fork;
        plan.faults = vec![byzantine(vec![1], fork, 0, plan.horizon_ns())];
        let record = run(&plan).record;
        assert_eq!(record.violations, [], "{protocol}");
        let settled = record.counts["blocks-settled"] as f64;
        (
            record.heights as f64 / settled,
            record.counts["forked-proposals"],
        )
    };
    let growth = |protocol: &str| forked(protocol).0;
    // An attack that finds nothing to do says so.
    assert!(forked("hotstuff").1 > 10 && forked("jolteon").1 == 0);
    assert!(
        (0.45..0.56).contains(&growth("hotstuff")),
        "{}",
        growth("hotstuff")
    );
    assert!(growth("hotstuff-2") > 0.97, "{}", growth("hotstuff-2"));
    assert!(growth("jolteon") > 0.97, "{}", growth("jolteon"));
    assert!(growth("streamlet") > 0.97, "{}", growth("streamlet"));
}

/// Every behaviour is counted where it changes something; without Byzantine replicas
/// nothing is.
#[test]
fn what_adversaries_do_is_counted() {
    let counts = |protocol: &str, behaviour: Option<Byzantine>| {
        let mut plan = plan(protocol);
        plan.load = vec![phase(3 * SECOND, 100, true)];
        let horizon = plan.horizon_ns();
        plan.faults
            .extend(behaviour.map(|behaviour| byzantine(vec![1], behaviour, 0, horizon)));
        run(&plan).record.counts
    };
    for (behaviour, deed) in [
        (Byzantine::Silent, "silenced-messages"),
        (Byzantine::Late { by_ns: 10 * MS }, "delayed-messages"),
        (Byzantine::Withhold { reach: 1 }, "withheld-messages"),
        (Byzantine::Lazy, "skipped-checks"),
        (Byzantine::Flood { copies: 3 }, "repeated-messages"),
        (Byzantine::WrongRoot, "false-states"),
        (Byzantine::Fork, "forked-proposals"),
        (Byzantine::Equivocate, "second-instance-messages"),
    ] {
        let counts = counts("hotstuff", Some(behaviour));
        assert!(counts[deed] > 0, "{deed}: {counts:?}");
        assert!(counts.contains_key("adversary-blocks"), "{counts:?}");
    }
    assert!(!counts("hotstuff", None).contains_key("adversary-blocks"));
    assert!(counts("pbft", None).is_empty());
}

/// Clients of a city whose one replica is late wait for its batches to reach the leader
/// too.
#[test]
fn what_a_late_replica_hands_on_is_late_too() {
    let mean = |late: bool| {
        let mut plan = plan("raft");
        plan.load = vec![phase(3 * SECOND, 100, true)];
        let horizon = plan.horizon_ns();
        let behaviour = Byzantine::Late { by_ns: SECOND };
        if late {
            plan.faults.push(byzantine(vec![3], behaviour, 0, horizon));
        }
        let record = run(&plan).record;
        let beijing = record.regions.iter().find(|one| one.region == "beijing");
        let mean = beijing.expect("in the plan").finality_ms.mean;
        mean.expect("some are final")
    };
    let (peace, late) = (mean(false), mean(true));
    assert!(late > peace + 1_000.0, "{peace} and {late} ms");
}

#[test]
fn runs_with_adversaries_are_equal() {
    let plan = attacked("hotstuff", 3);
    assert!(!plan.faults.is_empty());
    let (one, two) = (run(&plan).record, run(&plan).record);
    assert_eq!(one.fingerprint, two.fingerprint);
    assert_eq!(
        serde_json::to_string(&one).ok(),
        serde_json::to_string(&two).ok()
    );
}
