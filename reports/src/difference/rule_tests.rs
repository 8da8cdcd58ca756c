//! What rules mean, and what is said of those that mean nothing.

use super::*;

fn read(text: &str) -> Result<Rule, String> {
    Rule::read(
        text,
        Origin {
            name: "--fail-on",
            line: 1,
        },
    )
    .map_err(|error| error.to_string())
}

fn bound(text: &str) -> (bool, bool, Bound) {
    match read(text).expect("a good rule").when {
        When::Beyond {
            below,
            inclusive,
            bound,
        } => (below, inclusive, bound),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sign_makes_it_a_change() {
    assert_eq!(
        bound("finality_ms.p99 > +2%"),
        (false, false, Bound::Share(0.02))
    );
    assert_eq!(
        bound("load.goodput_tps<-1 %"),
        (true, false, Bound::Share(-0.01))
    );
    assert_eq!(
        bound("finality_ms.p99 >= +20ms"),
        (false, true, Bound::Step(20.0))
    );
    assert_eq!(
        bound("finality_ms.p99 > 0.25s"),
        (false, false, Bound::Value(250.0))
    );
    assert_eq!(
        bound("finality_ms.p99 > 250"),
        (false, false, Bound::Value(250.0))
    );
    assert_eq!(
        bound("max:replica.cpu > 90%"),
        (false, false, Bound::Value(0.9))
    );
    assert_eq!(
        bound("max:replica.cpu > +90%"),
        (false, false, Bound::Share(0.9))
    );
    assert_eq!(
        bound("per_tx.bytes <= −1KiB"),
        (true, true, Bound::Step(-1_024.0))
    );
    assert_eq!(
        bound("load.final < 10_000"),
        (true, false, Bound::Value(10_000.0))
    );
}

#[test]
fn names_are_those_of_the_record_and_of_targets() {
    let ids = |text: &str| match read(text).expect("a good rule").what {
        What::Figure(ids) => ids,
        other => panic!("{other:?}"),
    };
    assert_eq!(ids("finality_p99 worse"), ["finality_ms.p99"]);
    assert_eq!(
        ids("goodput_tps < -1%"),
        ["goodput_tps", "load.goodput_tps"]
    );
    assert_eq!(ids("sustained_tps < -2%"), ["sustained_tps"]);
    assert_eq!(read("any worse").expect("a good rule").what, What::Any);
    assert_eq!(
        read("fingerprint changed").expect("a good rule").what,
        What::Word("fingerprint")
    );
    assert_eq!(
        read(" verdict  worse ").expect("a good rule").text,
        "verdict  worse"
    );
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let wrong = [
        "",
        "finality_ms.p98 > +2%",
        "finality_ms.p99",
        "finality_ms.p99 > ",
        "finality_ms.p99 > 2%",
        "finality_ms.p99 > +2MB",
        "finality_ms.p99 == 3ms",
        "finality_ms.p99 > +2% or so",
        "fingerprint worse",
        "verdict > 3",
        "any > +2%",
        "load.final > +-3",
        "load.final > 3 TPS",
        "any better",
    ];
    let told: Vec<String> = wrong
        .iter()
        .map(|text| read(text).expect_err(text))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn a_file_tells_all_its_mistakes_and_their_lines() {
    let text = "# gate\nany worse  # no excuses\n\nfinality_ms.p99 > 2%\nload.shed > +0\nnothing changed\n";
    let wrong = Rule::read_file(text, "gate.rules").expect_err("two are wrong");
    let places: Vec<(usize, usize)> = wrong
        .iter()
        .map(|error| (error.line, error.column))
        .collect();
    assert_eq!(places, [(4, 19), (6, 1)]);
    let right = Rule::read_file("any worse # no\n\nload.shed > +0\n", "gate.rules").expect("right");
    assert_eq!(right.len(), 2);
    assert_eq!(right[0].text, "any worse");
}
