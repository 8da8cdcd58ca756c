//! The nearest known word, for hints.

use super::diagnostic::Problem;

/// More names than this are listed only when none of them is near.
const MANY: usize = 12;

/// The candidate that a writer most likely meant, if any is near: a slip of a
/// third of the letters at most, or a word that the text abbreviates.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(word);
    if wanted.is_empty() || wanted.len() > 64 {
        return None;
    }
    let allowed = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = plain(candidate);
            let distance = strsim::damerau_levenshtein(&wanted, &other);
            let stem =
                wanted.len() >= 3 && (other.starts_with(&wanted) || other.ends_with(&wanted));
            let distance = if stem { distance.min(1) } else { distance };
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean ...?`, where a candidate is near.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// Says of a word that is none of the known ones which it could be: the nearest
/// alone where many are known and one is near, and all of them otherwise.
pub(crate) fn instead(problem: Problem, word: &str, known: &[&str]) -> Problem {
    let hint = did_you_mean(word, known.iter().copied());
    let problem = match hint {
        Some(_) if known.len() > MANY => problem,
        _ => problem.expected(format!("one of {}", list(known.iter().copied()))),
    };
    problem.maybe_hint(hint)
}

/// `a, b, c`, cut after 24 names.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names
        .iter()
        .take(24)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(24) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["pbft", "hotstuff", "raft"];
        assert_eq!(nearest("hotstuf", known), Some("hotstuff"));
        assert_eq!(nearest("Hot-Stuff", known), Some("hotstuff"));
        assert_eq!(nearest("bpft", known), Some("pbft"));
        assert_eq!(nearest("paxos", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(
            nearest("china", ["lan", "china-cities"]),
            Some("china-cities")
        );
    }
}
