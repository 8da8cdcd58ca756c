//! Rules held against a difference: one ruling for each rule and place. Exact
//! pairs are judged one by one; what is noisy, or shares no seeds, by its group.

use super::change::{Change, Turn};
use super::group::{Estimate, Group};
use super::pairing::Side;
use super::rule::{Bound, Rule, What, When};
use super::{Difference, Pair, Word, brief, counted, probability};

/// Changes that a ruling on everything names; the rest is counted.
const NAMED: usize = 3;

/// How a rule was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was.
    Passed,
    /// It was broken.
    Failed,
    /// It does not apply there.
    Skipped,
}

impl State {
    /// The word that every document uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "kept",
            Self::Failed => "broken",
            Self::Skipped => "skipped",
        }
    }

    fn broken(broken: bool) -> Self {
        if broken { Self::Failed } else { Self::Passed }
    }
}

/// A rule at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The rule, as written.
    pub rule: String,
    /// Where it was judged.
    pub place: String,
    /// How it was kept.
    pub state: State,
    /// What was seen: base, head and change.
    pub seen: String,
}

type Finding = (State, String);

impl Difference {
    /// Holds rules against every place.
    pub fn judge(&mut self, rules: &[Rule]) {
        self.rulings = rules
            .iter()
            .flat_map(|rule| self.rulings_of(rule))
            .collect();
    }

    /// The rules that apply nowhere: kept whatever happens, so worth a word.
    #[must_use]
    pub fn idle<'a>(&self, rules: &'a [Rule]) -> Vec<&'a Rule> {
        let applies = |rule: &Rule| {
            let mut of_rule = self
                .rulings
                .iter()
                .filter(|ruling| ruling.rule == rule.text);
            of_rule.any(|ruling| ruling.state != State::Skipped)
        };
        rules.iter().filter(|rule| !applies(rule)).collect()
    }

    fn rulings_of(&self, rule: &Rule) -> Vec<Ruling> {
        let ruling = |place: &str, (state, seen): Finding| Ruling {
            rule: rule.text.clone(),
            place: place.to_owned(),
            state,
            seen,
        };
        let pairs = self
            .pairs
            .iter()
            .filter(|pair| pair.exact || !pair.grouped)
            .map(|pair| ruling(&pair.place, of_pair(rule, pair)));
        let groups = self
            .groups
            .iter()
            .filter(|group| !(group.exact && group.paired))
            .map(|group| ruling(&group.place, of_group(rule, group)));
        let alone = self
            .alone
            .iter()
            .filter(|_| rule.what == What::Any)
            .filter_map(|alone| {
                let lost = alone.side == Side::Base;
                (lost || rule.when == When::Changed).then(|| {
                    let seen = format!("stands at the {} only", alone.side.word());
                    ruling(&alone.place, (State::Failed, seen))
                })
            });
        pairs.chain(groups).chain(alone).collect()
    }
}

fn of_pair(rule: &Rule, pair: &Pair) -> Finding {
    let decided = pair.exact || matches!(rule.when, When::Beyond { .. });
    if !decided {
        let why = "noisy: one pair of runs cannot tell a change from chance";
        return (State::Skipped, why.to_owned());
    }
    match &rule.what {
        What::Any => of_everything(rule.when, pair),
        What::Word(name) => match pair.words.iter().find(|word| word.name == *name) {
            Some(word) => of_word(rule.when, word, pair.severity),
            None => not_here(),
        },
        What::Figure(ids) => match pair
            .changes
            .iter()
            .find(|change| ids.contains(&change.quantity.id))
        {
            Some(change) => of_change(rule.when, change),
            None => not_here(),
        },
    }
}

fn not_here() -> Finding {
    (State::Skipped, "does not apply here".to_owned())
}

fn of_word(when: When, word: &Word, severity: [u8; 2]) -> Finding {
    let broken = match when {
        When::Worse => severity[1] > severity[0],
        _ => word.has_changed(),
    };
    let seen = if word.has_changed() {
        format!("{} -> {}", brief(&word.base), brief(&word.head))
    } else {
        format!("{} on both sides", brief(&word.base))
    };
    (State::broken(broken), seen)
}

fn of_change(when: When, change: &Change) -> Finding {
    match when {
        When::Changed => (State::broken(change.turn != Turn::Equal), seen(change)),
        When::Worse => (State::broken(change.turn == Turn::Worse), seen(change)),
        When::Beyond {
            below,
            inclusive,
            bound,
        } => {
            let Some(head) = change.head else {
                return (State::Failed, "the head has no value".to_owned());
            };
            let value = match bound {
                Bound::Value(_) => Some(head),
                Bound::Step(_) => change.base.map(|base| head - base),
                Bound::Share(_) => change.share,
            };
            let Some(value) = value else {
                return (State::Skipped, "the base has no value".to_owned());
            };
            let (Bound::Value(limit) | Bound::Step(limit) | Bound::Share(limit)) = bound;
            let beyond = if below { value < limit } else { value > limit };
            (
                State::broken(beyond || inclusive && value == limit),
                seen(change),
            )
        }
    }
}

/// `54 ms -> 61.2 ms (+13.3 %)`.
fn seen(change: &Change) -> String {
    let spelled = change.spelled();
    if change.turn == Turn::Equal {
        return format!("{} on both sides", spelled.base);
    }
    format!("{} -> {} ({})", spelled.base, spelled.head, spelled.change)
}

fn of_everything(when: When, pair: &Pair) -> Finding {
    let breaks = |change: &&Change| match when {
        When::Worse => change.turn == Turn::Worse,
        _ => change.turn != Turn::Equal,
    };
    let word = |word: &&Word| match when {
        When::Worse => word.name == "verdict" && pair.severity[1] > pair.severity[0],
        _ => word.has_changed(),
    };
    let words = pair.words.iter().filter(word);
    let mut broken: Vec<String> = words
        .map(|word| {
            format!(
                "{} {} -> {}",
                word.name,
                brief(&word.base),
                brief(&word.head)
            )
        })
        .collect();
    let figures = pair.changes.iter().filter(breaks);
    broken.extend(figures.map(|change| format!("{} {}", change.quantity.id, seen(change))));
    everything(&broken, pair.changes.len() + pair.words.len())
}

fn everything(broken: &[String], all: usize) -> Finding {
    if broken.is_empty() {
        return (State::Passed, format!("none of {}", counted(all, "figure")));
    }
    let mut text = broken
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if let Some(more) = broken.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!("; and {more} more"));
    }
    (State::Failed, text)
}

fn of_group(rule: &Rule, group: &Group) -> Finding {
    let by_test = matches!(rule.when, When::Changed | When::Worse);
    if by_test && !group.tested {
        return (State::Skipped, "too few seeds for a test".to_owned());
    }
    match &rule.what {
        What::Word(_) => (
            State::Skipped,
            "words are compared between equal seeds only".to_owned(),
        ),
        What::Any => {
            let judged = || group.estimates.iter().filter(|estimate| estimate.judged);
            let broken: Vec<String> = judged()
                .filter(|estimate| shows(rule.when, estimate))
                .map(|estimate| format!("{} {}", estimate.change.quantity.id, estimated(estimate)))
                .collect();
            everything(&broken, judged().count())
        }
        What::Figure(ids) => {
            let of = |estimate: &&Estimate| ids.contains(&estimate.change.quantity.id);
            let Some(estimate) = group.estimates.iter().find(of) else {
                return not_here();
            };
            if estimate.missing[1] > estimate.missing[0] {
                let seen = format!(
                    "no value in {} of the head",
                    counted(estimate.missing[1], "run")
                );
                return (State::Failed, seen);
            }
            if by_test {
                return (
                    State::broken(shows(rule.when, estimate)),
                    estimated(estimate),
                );
            }
            let (state, _) = of_change(rule.when, &estimate.change);
            (state, estimated(estimate))
        }
    }
}

fn shows(when: When, estimate: &Estimate) -> bool {
    estimate.is_shown() && (when == When::Changed || estimate.change.turn == Turn::Worse)
}

/// `54 ms -> 61.2 ms (+13.3 %), medians, p 0.008`.
fn estimated(estimate: &Estimate) -> String {
    let chance = estimate
        .chance
        .map_or_else(String::new, |chance| format!(", p {}", probability(chance)));
    format!("{}, medians{chance}", seen(&estimate.change))
}
