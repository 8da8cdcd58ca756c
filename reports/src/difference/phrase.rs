//! Sentences and small words that every document shares.

use super::Pair;
use super::change::percent;
use super::group::{Estimate, Group, LEVEL};

/// `1 run`, `3 runs`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// What of a pair stayed as it was.
pub(crate) fn rest(pair: &Pair) -> String {
    let changed = pair.changed().count();
    let equal = pair.changes.len() - changed;
    let kept = pair
        .words
        .iter()
        .filter(|word| !word.has_changed())
        .map(|word| word.name);
    let words: Vec<&str> = kept.collect();
    let also = if words.is_empty() {
        String::new()
    } else {
        format!("; {} equal too", words.join(", ").replace('_', " "))
    };
    format!(
        "{} changed, {equal} equal{also}",
        counted(changed, "figure")
    )
}

/// How the seeds of a group belong together.
pub(crate) fn manner(group: &Group) -> String {
    let [base, head] = group.seeds;
    if group.paired {
        format!(
            "{} on both sides, medians of their changes",
            counted(base, "seed")
        )
    } else {
        format!("{base} against {head} other seeds, change of medians")
    }
}

/// What the test came to, in a sentence.
pub(crate) fn verdict(group: &Group) -> String {
    let judged: Vec<&Estimate> = group
        .estimates
        .iter()
        .filter(|estimate| estimate.judged)
        .collect();
    if !group.tested {
        return "too few seeds for a test (3 a side are the least)".to_owned();
    }
    if !group.can_tell() {
        let side = if group.paired { "" } else { " a side" };
        return format!(
            "too few seeds: {}{side} can reach the level of {} %",
            group.needed,
            LEVEL * 100.0
        );
    }
    let shown = judged.iter().filter(|estimate| estimate.is_shown()).count();
    let judged = counted(judged.len(), "judged figure");
    match shown {
        0 => format!("no change in {judged} (*) is more than chance"),
        shown => format!("{shown} of {judged} (*) changed by more than chance"),
    }
}

/// `+1 % to +4 %`.
pub(crate) fn within(estimate: &Estimate) -> String {
    let spell = |(low, high)| format!("{} to {}", percent(low), percent(high));
    estimate.interval.map_or_else(String::new, spell)
}

/// A chance in three digits.
pub(crate) fn probability(chance: f64) -> String {
    match chance {
        small if small < 0.001 => "<0.001".to_owned(),
        chance => format!("{chance:.3}"),
    }
}

/// A hash by its first digits; any other text as it is.
pub(crate) fn brief(text: &str) -> String {
    if text.len() > 20 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        format!("{}...", &text[..12])
    } else {
        text.to_owned()
    }
}
