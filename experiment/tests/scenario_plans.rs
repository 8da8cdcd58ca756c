//! Good scenarios and the plans that they make.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use groma_experiment::library;
use groma_experiment::plan::{FaultKind, LatencyPlan, Plan, TransportPlan};
use groma_experiment::registry::Registry;
use groma_experiment::scenario::{STARTER, Scenario};

const BASE: &str = "name: base\nseed: 1\ncommittee: { shenzhen: 2, shanghai: 2 }\nprotocol: raft\nworkload: payments\nload: [{ for: 1s, tps: 10 }]\n";

fn plans(text: &str, sets: &[(&str, &str)]) -> Vec<Plan> {
    let sets: Vec<(String, String)> = sets
        .iter()
        .map(|&(path, value)| (path.to_owned(), value.to_owned()))
        .collect();
    Scenario::parse("test.yaml", text, None, &sets, &Registry::standard())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn plan(text: &str, sets: &[(&str, &str)]) -> Plan {
    let mut plans = plans(text, sets);
    assert_eq!(plans.len(), 1);
    plans.remove(0)
}

/// Without what the protocols declare, which is theirs to change.
fn without_params(mut plan: Plan) -> Plan {
    plan.protocol.params = BTreeMap::from([("fixed".to_owned(), "2s".to_owned())]);
    plan
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn good_scenarios_make_their_plans() {
    for path in yaml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/good")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let plan = without_params(plan(&fs::read_to_string(&path).unwrap(), &[]));
        insta::assert_snapshot!(
            format!("plan_{name}"),
            serde_json::to_string_pretty(&plan).unwrap()
        );
    }
}

#[test]
fn the_key_of_a_plan_is_stable() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/good/full.yaml");
    let plan = without_params(plan(&fs::read_to_string(path).unwrap(), &[]));
    insta::assert_snapshot!("key_full", plan.key());
    let back: Plan = serde_json::from_str(&plan.to_json()).unwrap();
    assert_eq!(back, plan);
}

#[test]
fn equal_values_in_other_words_make_equal_plans() {
    let one = plan(BASE, &[("drain", "1500ms"), ("batch.max_bytes", "1MiB")]);
    let other = plan(
        BASE,
        &[("drain", "1.5s"), ("batch", "{ max_bytes: 1_048_576 }")],
    );
    assert_eq!(one.key(), other.key());
    let params = plan(
        BASE,
        &[("protocol", "{ raft: { election_timeout: 1000ms } }")],
    );
    let same = plan(BASE, &[("protocol.raft.election_timeout", "1s")]);
    assert_eq!(params, same);
}

#[test]
fn people_cheat_and_err_as_often_as_a_scenario_says() {
    let usual = plan(BASE, &[]);
    let ppm = |plan: &Plan| (plan.workload.attack_ppm, plan.workload.mistake_ppm);
    assert_eq!(ppm(&usual), (5_000, 21_000));
    // What is usual is left out, so that plans of before keep their keys.
    assert!(!usual.to_json().contains("_ppm\":5000"));
    let said = "{ mix: { payments: 1 }, attack: 0.5%, mistake: 2.1% }";
    assert_eq!(plan(BASE, &[("workload", said)]).key(), usual.key());
    let said = "{ mix: { payments: 1 }, attack: 5%, mistake: 0 }";
    let more = plan(BASE, &[("workload", said)]);
    assert_eq!(ppm(&more), (50_000, 0));
    let back: Plan = serde_json::from_str(&more.to_json()).unwrap();
    assert_eq!(back, more);
    let mixed = BASE.replace("payments", "{ mix: { payments: 1 } }");
    let varied = plans(&mixed, &[("vary", "{ workload.attack: [0, 1%] }")]);
    let attacks: Vec<u32> = varied.iter().map(|plan| ppm(plan).0).collect();
    assert_eq!(attacks, [0, 10_000]);
}

#[test]
fn vary_is_the_cross_product_in_written_order() {
    let text = format!(
        "{BASE}vary:\n  protocol: [pbft, {{ raft: {{ election_timeout: 2s }} }}]\n  batch.max_txs: [10, 20]\n  seed: [7, 8]\n"
    );
    let plans = plans(&text, &[]);
    let labels: Vec<String> = plans
        .iter()
        .map(|plan| {
            let protocol = &plan.variation["protocol"];
            format!("{protocol} {} {}", plan.batch.max_txs, plan.seed)
        })
        .collect();
    let raft = "{raft: {election_timeout: 2s}}";
    assert_eq!(
        labels,
        [
            "pbft 10 7".to_owned(),
            "pbft 10 8".to_owned(),
            "pbft 20 7".to_owned(),
            "pbft 20 8".to_owned(),
            format!("{raft} 10 7"),
            format!("{raft} 10 8"),
            format!("{raft} 20 7"),
            format!("{raft} 20 8"),
        ]
    );
    assert_eq!(plans[4].protocol.params["election_timeout"], "2s");
    let mut keys: Vec<String> = plans.iter().map(Plan::key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 8);
}

#[test]
fn vary_may_give_what_the_file_leaves_out() {
    let text = BASE
        .replace("protocol: raft\n", "")
        .replace("seed: 1\n", "");
    let text = format!("{text}vary: {{ protocol: [raft, pbft], seed: [1] }}\n");
    assert_eq!(plans(&text, &[]).len(), 2);
}

#[test]
fn many_plans_are_read_quickly() {
    let seeds: Vec<String> = (0..2_500).map(|seed| seed.to_string()).collect();
    let text = format!("{BASE}vary: {{ seed: [{}] }}\n", seeds.join(", "));
    assert_eq!(plans(&text, &[]).len(), 2_500);
}

#[test]
fn set_reaches_every_kind_of_place() {
    let plan = plan(
        BASE,
        &[
            ("committee.shenzhen", "4"),
            ("committee.beijing", "1"),
            ("load.0.tps", "1_000"),
            ("crypto.mode", "real"),
            ("machine.cores", "32"),
            ("network.jitter", "1ms"),
            ("costs.verify_batch", "10us"),
            ("protocol", "pbft"),
            ("why", "'a: b'"),
            ("faults", "[{ at: 0s, crash: [beijing] }]"),
        ],
    );
    assert_eq!(plan.replicas(), 7);
    assert_eq!(plan.load_end_ns(), 1_000_000_000);
    assert_eq!(
        (plan.machine.cores, plan.machine.egress_bps),
        (32, 10_000_000_000)
    );
    assert_eq!(plan.machine.name, "inline");
    assert!(
        plan.machine.source.contains("server-8c, changed"),
        "{}",
        plan.machine.source
    );
    assert_eq!(
        (plan.network.jitter_ns, plan.network.loss_ppm),
        (1_000_000, 4)
    );
    assert_eq!(
        (plan.costs.verify_batch_ns, plan.costs.verify_ns),
        (10_000, 46_000)
    );
    assert_eq!(
        (plan.protocol.name.as_str(), plan.why.as_str()),
        ("pbft", "a: b")
    );
    assert_eq!(plan.faults.len(), 1);
}

#[test]
fn a_network_is_stretched_between_regions_and_not_within() {
    let text = format!("{BASE}network: china-cities\nvary: {{ network.stretch: [1, 2.5] }}\n");
    let [near, far] = plans(&text, &[]).try_into().unwrap();
    assert_eq!(
        near.network.links,
        plan(&format!("{BASE}network: china-cities\n"), &[])
            .network
            .links
    );
    let constant = |plan: &Plan, index: usize| match plan.network.links[index] {
        LatencyPlan::Constant { ns } => ns,
        ref other => panic!("{other:?}"),
    };
    // Shenzhen to Shanghai: 26.5 ms of round trip.
    assert_eq!(
        (constant(&near, 1), constant(&far, 1)),
        (13_250_000, 33_125_000)
    );
    assert_eq!(constant(&near, 0), constant(&far, 0));
    assert_eq!(far.label(), "stretch 2.5");
    let law = |law: &str| {
        let text = format!("{BASE}network: {{ law: {law}, stretch: 10 }}\n");
        plan(&text, &[]).network.links[1].clone()
    };
    assert_eq!(
        law("{ uniform: { low: 1ms, high: 2ms }, per_message: true }"),
        LatencyPlan::PerMessage(Box::new(LatencyPlan::Uniform {
            low_ns: 10_000_000,
            high_ns: 20_000_000
        }))
    );
    assert_eq!(
        law("{ pareto: { min: 1ms, shape: 2 } }"),
        LatencyPlan::Pareto {
            min_ns: 10_000_000,
            shape_milli: 2_000
        }
    );
    let wrong = Scenario::parse(
        "test.yaml",
        &format!("{BASE}network: {{ like: lan, stretch: 200 }}\n"),
        None,
        &[],
        &Registry::standard(),
    );
    assert!(wrong.unwrap_err().to_string().contains("stretch"));
}

#[test]
fn set_replaces_a_variation() {
    let text = format!("{BASE}vary: {{ protocol: [pbft, raft], seed: [1, 2] }}\n");
    let one = plans(&text, &[("protocol", "hotstuff")]);
    assert_eq!(one.len(), 2);
    assert!(one.iter().all(|plan| plan.protocol.name == "hotstuff"));
    assert_eq!(plans(&text, &[("vary.seed", "[1, 2, 3]")]).len(), 6);
}

#[test]
fn a_scenario_finds_its_own_networks_first() {
    let folder = tempfile::tempdir().unwrap();
    let cities = folder.path().join("cities");
    fs::create_dir(&cities).unwrap();
    fs::write(cities.join("a.yaml"), format!("{BASE}network: lan\n")).unwrap();
    let load = || {
        Scenario::load(&cities.join("a.yaml"), &[], &Registry::standard())
            .unwrap()
            .remove(0)
    };
    assert_eq!(
        load().network.links[1],
        LatencyPlan::Constant { ns: 100_000 }
    );
    for (place, ms) in [("networks", 7), ("cities/networks", 9)] {
        let shelf = folder.path().join(place);
        fs::create_dir(&shelf).unwrap();
        fs::write(
            shelf.join("lan.yaml"),
            format!("law: {{ constant: {ms}ms }}\n"),
        )
        .unwrap();
        assert_eq!(
            load().network.links[1],
            LatencyPlan::Constant { ns: ms * 1_000_000 }
        );
    }
}

#[test]
fn the_library_is_whole() {
    for (listings, key) in [
        (library::networks(), "network"),
        (library::machines(), "machine"),
        (library::costs(), "costs"),
    ] {
        assert!(listings.is_sorted_by(|a, b| a.name < b.name));
        for listing in listings {
            assert!(
                !listing.source.is_empty() && !listing.summary.is_empty(),
                "{listing:?}"
            );
            let network = key == "network";
            // A network is read with its own regions.
            let committee = match listing.name.as_str() {
                name if !network || name == "lan" || name.starts_with("china") => "{ shenzhen: 4 }",
                "aws-15" => "{ us-east-1: 1, ap-east-1: 3 }",
                "aws-cometbft" => "{ N_Virginia: 2, s-paulo: 2 }",
                _ => "{ NORTH_AMERICA: 2, australia: 2 }",
            };
            plan(BASE, &[(key, &listing.name), ("committee", committee)]);
        }
    }
}

/// Shenzhen to Shanghai takes 26.5 ms there and back.
#[test]
fn half_a_round_trip_is_exact() {
    let plan = plan(BASE, &[("network", "china-cities")]);
    assert_eq!(
        plan.network.links[1],
        LatencyPlan::Constant { ns: 13_250_000 }
    );
    assert_eq!(plan.network.links[0], LatencyPlan::Constant { ns: 100_000 });
}

#[test]
fn the_starter_is_a_scenario() {
    let plans = plans(STARTER, &[]);
    assert_eq!(plans.len(), 3);
}

#[test]
fn every_scenario_of_the_project_is_read() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let registry = Registry::standard();
    let mut read = 0;
    for path in yaml_files(&scenarios) {
        let shelf = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap();
        if !["networks", "machines", "costs"].contains(&shelf) {
            match Scenario::load(&path, &[], &registry) {
                Ok(_) => read += 1,
                // Production code may be left out of a build, and then the one fault is that.
                Err(errors) => assert!(
                    registry.unbuilt().any(|missing| errors
                        .to_string()
                        .contains(&format!("`{}` is not in this build", missing.name))),
                    "{errors}"
                ),
            }
        }
    }
    assert!(read > 25, "only {read} scenarios were read");
}

#[test]
fn a_seating_moves_ids_and_the_faults_that_name_regions_follow() {
    let text = format!(
        "{BASE}seating: interleaved\nfaults: [{{ at: 0s, for: 1s, isolate: [shanghai] }}, {{ at: 0s, for: 1s, slow_link: {{ replicas: [shenzhen-1], added: 1ms }} }}]\n"
    );
    let plan = plan(&text, &[]);
    assert_eq!(plan.seats(), [0, 1, 0, 1]);
    let kinds: Vec<_> = plan.faults.iter().map(|fault| &fault.kind).collect();
    assert!(matches!(kinds[0], FaultKind::Isolate(ids) if *ids == [1, 3]));
    assert!(matches!(kinds[1], FaultKind::SlowLink { replicas, .. } if *replicas == [2]));
}

#[test]
fn a_network_has_access_lines_overhead_and_a_transport() {
    let lines = "up: [1Mbps, 2Mbps], down: [3Mbps, 4Mbps]";
    let text = format!(
        "{BASE}network: {{ regions: [shanghai, shenzhen], one_way_ms: [[1, 9], [9, 1]], {lines}, overhead: 10ms, transport: tcp, max_window: 1MiB }}\n"
    );
    let plan = plan(&text, &[]);
    let found: Vec<_> = plan
        .committee
        .iter()
        .map(|part| (part.up_bps, part.down_bps))
        .collect();
    // In the committee's order: shenzhen is the network's second region.
    assert_eq!(found, [(2_000_000, 4_000_000), (1_000_000, 3_000_000)]);
    assert_eq!(plan.network.overhead_ns, 10_000_000);
    let tcp = TransportPlan::Tcp {
        initial_bytes: 14_600,
        most_bytes: 1 << 20,
        patience_ns: 200_000_000,
    };
    assert_eq!(plan.network.transport, tcp);
}

#[test]
fn the_windows_of_long_runs_grow() {
    let day = |days: u32| {
        let load = format!("[{{ for: {days}d, tps: 1 }}]");
        plan(BASE, &[("load", load.as_str()), ("drain", "0s")]).window_s()
    };
    assert_eq!((day(1), day(2), day(30)), (1, 2, 30));
}
