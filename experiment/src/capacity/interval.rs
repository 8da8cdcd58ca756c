//! The search itself: from a load that somebody names to the pair of loads
//! between which passing turns into failing. It asks a closure and knows
//! nothing of plans, runs or time.
//!
//! Two passes. Short probes bracket the cliff by doubling or halving and bisect
//! it. Long ones then start from the highest load that passed, step up or down
//! by the width, then by twice, four times and eight times as much, and bisect
//! again. So both ends of the answer stand on long runs, a short probe that was
//! wrong costs a few runs and never the answer, and every step shrinks the
//! interval or moves it towards a limit: any closure whatever ends the search.

use std::collections::BTreeMap;

use crate::certificate::Step;

/// A load, in thousandths of a transaction per second. Whole, so that a search
/// asks the same loads on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load(pub u64);

impl Load {
    /// From transactions per second.
    #[must_use]
    pub fn from_tps(tps: f64) -> Self {
        Self((tps * 1_000.0).round() as u64)
    }

    /// In transactions per second.
    #[must_use]
    pub fn tps(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

/// How a load came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It meets the criterion.
    Passed,
    /// It does not.
    Failed,
    /// An invariant broke: no load matters any more.
    Broken,
}

/// Where to search, and how finely.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The first load.
    pub start: Load,
    /// The lowest load that is asked.
    pub floor: Load,
    /// The highest load that is asked.
    pub ceiling: Load,
    /// The search ends when the failed load exceeds the passed one by at most
    /// this share.
    pub width: f64,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Highest load that passed a long run.
    pub passed: Option<Load>,
    /// Lowest load above it that failed; `None` when the ceiling passed.
    pub failed: Option<Load>,
    /// The load under which an invariant broke.
    pub broken: Option<Load>,
}

/// Searches with `probe`.
///
/// # Errors
/// The first error of `probe`.
pub fn find<E>(
    rules: &Rules,
    probe: impl FnMut(Step, Load) -> Result<Answer, E>,
) -> Result<Found, E> {
    let mut search = Search {
        rules: *rules,
        probe,
        asked: BTreeMap::new(),
    };
    let start = rules.start.clamp(rules.floor, rules.ceiling);
    let rough = search.bracket(Step::Bracket, search.near(start), 2.0)?;
    let rough = search.bisect(Step::Bisect, rough)?;
    let (Some(passed), None) = (rough.passed, rough.broken) else {
        return Ok(rough);
    };
    let fine = search.bracket(Step::Confirm, passed, 1.0 + rules.width)?;
    search.bisect(Step::Confirm, fine)
}

/// Searches around `rules.start`, where the answer is thought to lie, with short
/// probes alone; `stride` is the first step away from it.
///
/// # Errors
/// The first error of `probe`.
pub fn find_near<E>(
    rules: &Rules,
    stride: f64,
    probe: impl FnMut(Step, Load) -> Result<Answer, E>,
) -> Result<Found, E> {
    let mut search = Search {
        rules: *rules,
        probe,
        asked: BTreeMap::new(),
    };
    let start = search.near(rules.start.clamp(rules.floor, rules.ceiling));
    let rough = search.bracket(Step::Bracket, start, stride)?;
    search.bisect(Step::Bisect, rough)
}

struct Search<P> {
    rules: Rules,
    probe: P,
    /// Answers by length and load, so that none is bought twice.
    asked: BTreeMap<(bool, Load), Answer>,
}

impl<E, P: FnMut(Step, Load) -> Result<Answer, E>> Search<P> {
    fn ask(&mut self, step: Step, load: Load) -> Result<Answer, E> {
        let key = (step == Step::Confirm, load);
        if let Some(answer) = self.asked.get(&key) {
            return Ok(*answer);
        }
        let answer = (self.probe)(step, load)?;
        self.asked.insert(key, answer);
        Ok(answer)
    }

    /// Goes up while loads pass, or down while they fail, until one does the
    /// other or a limit is reached. Strides grow, but never beyond doubling.
    fn bracket(&mut self, step: Step, start: Load, mut ratio: f64) -> Result<Found, E> {
        let mut found = Found::default();
        let mut at = start;
        loop {
            match self.ask(step, at)? {
                Answer::Broken => found.broken = Some(at),
                Answer::Passed => found.passed = Some(at),
                Answer::Failed => found.failed = Some(at),
            }
            let next = match found {
                Found {
                    broken: Some(_), ..
                } => None,
                Found {
                    passed: Some(_),
                    failed: None,
                    ..
                } => self.above(at, ratio),
                Found {
                    passed: None,
                    failed: Some(_),
                    ..
                } => self.below(at, ratio),
                _ => None,
            };
            let Some(next) = next else { return Ok(found) };
            at = next;
            ratio = (ratio * ratio).min(2.0);
        }
    }

    /// Halves the interval, as loads count (geometrically), until it is narrow.
    fn bisect(&mut self, step: Step, mut found: Found) -> Result<Found, E> {
        while let Found {
            passed: Some(low),
            failed: Some(high),
            broken: None,
        } = found
        {
            // The slack is for the rounding of the product alone.
            let narrow = low.0 as f64 * (1.0 + self.rules.width) * (1.0 + 1e-9);
            let middle = self.near(Load((low.0 as f64 * high.0 as f64).sqrt() as u64));
            if high.0 as f64 <= narrow || middle <= low || middle >= high {
                break;
            }
            match self.ask(step, middle)? {
                Answer::Broken => found.broken = Some(middle),
                Answer::Passed => found.passed = Some(middle),
                Answer::Failed => found.failed = Some(middle),
            }
        }
        Ok(found)
    }

    /// The grid's spacing at a load: three significant digits, and a fourth
    /// where a width below 1 % asks for it.
    fn spacing(&self, load: Load) -> u64 {
        let digits = if self.rules.width < 0.01 { 4 } else { 3 };
        let magnitude = load.0.max(1).ilog10() + 1;
        10_u64.pow(magnitude.saturating_sub(digits))
    }

    /// The load of the grid that is nearest.
    fn near(&self, load: Load) -> Load {
        let unit = self.spacing(load);
        Load((load.0 + unit / 2) / unit * unit)
    }

    /// The next load upwards; `None` at the ceiling.
    fn above(&self, at: Load, ratio: f64) -> Option<Load> {
        let wanted = Load((at.0 as f64 * ratio) as u64);
        let unit = self.spacing(wanted);
        let next = (wanted.0 / unit * unit).max(at.0 + self.spacing(at));
        (at < self.rules.ceiling).then(|| Load(next).min(self.rules.ceiling))
    }

    /// The next load downwards; `None` at the floor.
    fn below(&self, at: Load, ratio: f64) -> Option<Load> {
        let wanted = Load((at.0 as f64 / ratio) as u64);
        let unit = self.spacing(wanted);
        let next = wanted.0.div_ceil(unit) * unit;
        let next = next.min(at.0.saturating_sub(self.spacing(Load(at.0 - 1))));
        (at > self.rules.floor).then(|| Load(next).max(self.rules.floor))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn rules(start: f64) -> Rules {
        Rules {
            start: Load::from_tps(start),
            floor: Load::from_tps(1.0),
            ceiling: Load::from_tps(100_000.0),
            width: 0.01,
        }
    }

    /// Searches and hands back what was asked, too.
    fn search(
        rules: &Rules,
        mut answer: impl FnMut(Step, f64) -> Answer,
    ) -> (Found, Vec<(Step, f64)>) {
        let mut asked = Vec::new();
        let found = find::<Infallible>(rules, |step, load| {
            asked.push((step, load.tps()));
            Ok(answer(step, load.tps()))
        });
        (found.expect("the closure never errs"), asked)
    }

    fn pass_if(passes: bool) -> Answer {
        if passes {
            Answer::Passed
        } else {
            Answer::Failed
        }
    }

    fn digits(tps: f64) -> usize {
        let text = format!("{}", (tps * 1_000.0).round() as u64);
        text.trim_end_matches('0').len()
    }

    #[test]
    fn a_cliff_is_found_within_the_width_wherever_the_search_begins() {
        for cliff in [1.7, 7.0, 99.9, 1_000.0, 3_456.0, 11_250.0, 71_234.0] {
            for start in [1.0, 100.0, 8_000.0, 60_000.0] {
                let (found, asked) = search(&rules(start), |_, tps| pass_if(tps <= cliff));
                let passed = found.passed.expect("some load passes").tps();
                let failed = found.failed.expect("some load fails").tps();
                assert!(
                    passed <= cliff && cliff < failed,
                    "{cliff}: {passed} {failed}"
                );
                assert!(failed <= passed * 1.010_001, "{cliff}: {passed} {failed}");
                assert!(asked.len() <= 30, "{cliff} from {start}: {asked:?}");
                assert!(asked.iter().all(|(_, tps)| digits(*tps) <= 3), "{asked:?}");
                for end in [passed, failed] {
                    assert!(asked.contains(&(Step::Confirm, end)), "{end}: {asked:?}");
                }
            }
        }
    }

    #[test]
    fn a_search_nearby_asks_little_and_is_no_less_exact() {
        for (start, cliff, most) in [
            (10_000.0, 10_050.0, 7),
            (10_000.0, 17_000.0, 11),
            (10_000.0, 6_100.0, 11),
        ] {
            let mut asked = 0;
            let found = find_near::<Infallible>(&rules(start), 1.15, |step, load| {
                assert_ne!(step, Step::Confirm);
                asked += 1;
                Ok(pass_if(load.tps() <= cliff))
            })
            .expect("the closure never errs");
            let (passed, failed) = (
                found.passed.expect("some pass"),
                found.failed.expect("some fail"),
            );
            assert!(
                passed.tps() <= cliff && failed.tps() > cliff,
                "{cliff}: {found:?}"
            );
            assert!(
                failed.tps() <= passed.tps() * 1.010_001,
                "{cliff}: {found:?}"
            );
            assert!(asked <= most, "{cliff}: {asked} probes");
        }
    }

    #[test]
    fn a_finer_width_has_finer_loads() {
        let rules = Rules {
            width: 0.002,
            ..rules(5_000.0)
        };
        let (found, _) = search(&rules, |_, tps| pass_if(tps <= 12_345.0));
        let (passed, failed) = (
            found.passed.unwrap_or(Load(0)),
            found.failed.unwrap_or(Load(0)),
        );
        assert!(
            passed.tps() <= 12_345.0 && failed.tps() > 12_345.0,
            "{found:?}"
        );
        assert!(failed.tps() / passed.tps() <= 1.002_001, "{found:?}");
    }

    #[test]
    fn when_nothing_passes_the_floor_says_so() {
        let (found, asked) = search(&rules(11_000.0), |_, _| Answer::Failed);
        assert_eq!(
            (found.passed, found.failed),
            (None, Some(Load::from_tps(1.0)))
        );
        assert!(
            asked.iter().all(|(step, _)| *step == Step::Bracket),
            "{asked:?}"
        );
        assert!(asked.len() <= 16, "{asked:?}");
    }

    #[test]
    fn when_all_pass_the_ceiling_is_confirmed() {
        let (found, asked) = search(&rules(11_000.0), |_, _| Answer::Passed);
        assert_eq!(
            (found.passed, found.failed),
            (Some(Load::from_tps(100_000.0)), None)
        );
        assert_eq!(asked.last(), Some(&(Step::Confirm, 100_000.0)));
    }

    #[test]
    fn short_probes_that_are_wrong_do_not_decide() {
        // Too hopeful by 20 %, too strict by 20 %: the long runs' cliff counts.
        for short in [1.2, 0.8] {
            let (found, asked) = search(&rules(5_000.0), |step, tps| {
                let cliff = if step == Step::Confirm {
                    10_000.0
                } else {
                    10_000.0 * short
                };
                pass_if(tps <= cliff)
            });
            assert_eq!(found.passed, Some(Load::from_tps(10_000.0)), "{asked:?}");
            assert_eq!(found.failed, Some(Load::from_tps(10_100.0)), "{asked:?}");
        }
    }

    #[test]
    fn a_confirmation_that_always_fails_ends_with_nothing() {
        let (found, asked) = search(&rules(5_000.0), |step, tps| {
            pass_if(step != Step::Confirm && tps <= 10_000.0)
        });
        assert_eq!(found.passed, None);
        assert!(asked.len() <= 40, "{asked:?}");
    }

    #[test]
    fn noise_and_islands_end_the_search_with_an_answer_that_was_seen() {
        for seed in 0..500_u64 {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut noise = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 11) as f64 / (1_u64 << 53) as f64
            };
            let mut answers = BTreeMap::new();
            let (found, asked) = search(&rules(3_000.0), |step, tps| {
                // A cliff that blurs over 20 %, and an island above it.
                let island = (30_000.0..34_000.0).contains(&tps);
                let passes = island || tps < 9_000.0 + 2_000.0 * noise();
                answers.insert((step == Step::Confirm, Load::from_tps(tps)), passes);
                pass_if(passes)
            });
            let (passed, failed) = (found.passed.expect("3,000 passes"), found.failed);
            assert!(answers[&(true, passed)], "seed {seed}: {found:?}");
            let failed = failed.expect("the ceiling fails");
            assert!(!answers[&(true, failed)], "seed {seed}: {found:?}");
            assert!(
                failed.0 as f64 <= passed.0 as f64 * 1.010_001,
                "seed {seed}: {found:?}"
            );
            assert!(asked.len() <= 60, "seed {seed}: {} probes", asked.len());
        }
    }

    #[test]
    fn a_broken_invariant_ends_the_search_at_once() {
        for place in [Step::Bracket, Step::Bisect, Step::Confirm] {
            let (found, asked) = search(&rules(5_000.0), |step, tps| {
                if step == place {
                    Answer::Broken
                } else {
                    pass_if(tps <= 10_000.0)
                }
            });
            let (step, tps) = asked[asked.len() - 1];
            assert_eq!((step, found.broken), (place, Some(Load::from_tps(tps))));
            assert_eq!(asked.iter().filter(|(step, _)| *step == place).count(), 1);
        }
    }

    #[test]
    fn an_error_of_the_probe_is_handed_on() {
        assert_eq!(find(&rules(1.0), |_, _| Err("stopped")), Err("stopped"));
    }
}
