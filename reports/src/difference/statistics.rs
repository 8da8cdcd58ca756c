//! Whether figures over seeds differ by more than chance: permutation tests on
//! ranks, for all figures of a group at once, and bootstrap intervals.
//!
//! Every figure is turned into scores of ranks. Where seeds are paired, chance
//! would have given each difference either sign (Wilcoxon's signed ranks);
//! where they are not, any seeds could have been the base's (Mann and Whitney's
//! rank sum). All relabelings are tried, or 10,000 of them where they are more.
//! Each is applied to all figures together, and a figure counts as changed only
//! if few relabelings give *any* figure as extreme a score (Westfall and Young,
//! step-down): that holds the rate of false alarms over all figures, however
//! they hang together. Nothing here draws entropy: equal input
//! gives equal answers.

/// Relabelings that are tried at most.
const RELABELINGS: usize = 10_000;

/// Resamples of a bootstrap.
const RESAMPLES: usize = 2_000;

/// Scores are sums of square roots; what differs by less is a tie.
const TIE: f64 = 1e-9;

/// How the values of two sides belong together.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// One difference a seed.
    Paired(Vec<f64>),
    /// The values of the base and of the head, of different seeds.
    Apart(Vec<f64>, Vec<f64>),
}

/// Chances, if nothing differs, of figures as extreme as those observed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// Of this figure alone.
    pub alone: f64,
    /// Of any figure: the one to judge by.
    pub of_any: f64,
}

/// Tests all figures of a group together. Samples are alike: all paired over
/// the same seeds, or all apart with the same numbers of seeds.
#[must_use]
pub fn test(samples: &[Sample]) -> Vec<Chance> {
    let scores: Vec<Vec<f64>> = samples.iter().map(scores).collect();
    let Some(relabelings) = samples.first().map(relabelings) else {
        return Vec::new();
    };
    let observed = extremes(&scores, &relabelings[0]);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| observed[*b].total_cmp(&observed[*a]));
    let (mut alone, mut of_any) = (vec![0_u32; scores.len()], vec![0_u32; scores.len()]);
    for labels in &relabelings {
        let found = extremes(&scores, labels);
        // The largest among this figure and all that were less extreme.
        let mut largest = 0.0_f64;
        for &figure in order.iter().rev() {
            largest = largest.max(found[figure]);
            alone[figure] += u32::from(found[figure] >= observed[figure] - TIE);
            of_any[figure] += u32::from(largest >= observed[figure] - TIE);
        }
    }
    let part = |count: u32| f64::from(count) / relabelings.len() as f64;
    let mut chances = vec![
        Chance {
            alone: 1.0,
            of_any: 1.0
        };
        scores.len()
    ];
    let mut least = 0.0_f64;
    for &figure in &order {
        least = least.max(part(of_any[figure]));
        chances[figure] = Chance {
            alone: part(alone[figure]),
            of_any: least,
        };
    }
    chances
}

/// The smallest chance that a test of so many seeds can give: what must lie
/// below the level for the test to find anything.
#[must_use]
pub fn smallest(paired: bool, base: usize, head: usize) -> f64 {
    let all = if paired {
        2.0_f64.powi(i32::try_from(base).unwrap_or(i32::MAX))
    } else {
        choices(base + head, base)
    };
    (2.0 / all).max(1.0 / RELABELINGS as f64).min(1.0)
}

fn extremes(scores: &[Vec<f64>], labels: &[f64]) -> Vec<f64> {
    let sum = |of: &Vec<f64>| {
        of.iter()
            .zip(labels)
            .map(|(score, label)| score * label)
            .sum()
    };
    scores.iter().map(|of| f64::abs(sum(of))).collect()
}

/// Ranks about their middle, of length one, so that figures with many ties can
/// be held against others. All zero where nothing differs.
fn scores(sample: &Sample) -> Vec<f64> {
    let raw: Vec<f64> = match sample {
        Sample::Paired(differences) => {
            let sizes: Vec<f64> = differences.iter().map(|value| value.abs()).collect();
            let signed = |(rank, value): (f64, &f64)| {
                if *value == 0.0 {
                    0.0
                } else {
                    rank * value.signum()
                }
            };
            ranks(&sizes)
                .into_iter()
                .zip(differences)
                .map(signed)
                .collect()
        }
        Sample::Apart(base, head) => {
            let pooled: Vec<f64> = base.iter().chain(head).copied().collect();
            let middle = (pooled.len() as f64 + 1.0) / 2.0;
            ranks(&pooled)
                .into_iter()
                .map(|rank| rank - middle)
                .collect()
        }
    };
    let length = raw.iter().map(|score| score * score).sum::<f64>().sqrt();
    let unit = |score: f64| if length > 0.0 { score / length } else { 0.0 };
    raw.into_iter().map(unit).collect()
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let same = |place: &&usize| values[**place] == values[order[start]];
        let end = start + order[start..].iter().take_while(same).count();
        for place in &order[start..end] {
            ranks[*place] = (start + end + 1) as f64 / 2.0;
        }
        start = end;
    }
    ranks
}

/// What scores are multiplied by, a row a relabeling; the first is the real
/// one. Signs where seeds are paired, membership of the base where they are not.
fn relabelings(sample: &Sample) -> Vec<Vec<f64>> {
    match sample {
        Sample::Paired(differences) => signs(differences.len()),
        Sample::Apart(base, head) => memberships(base.len(), head.len()),
    }
}

fn signs(seeds: usize) -> Vec<Vec<f64>> {
    let sign = |negative: bool| if negative { -1.0 } else { 1.0 };
    if seeds < 32 && 1_usize << seeds <= RELABELINGS {
        let row = |mask: usize| (0..seeds).map(|seed| sign(mask >> seed & 1 == 1)).collect();
        return (0..1_usize << seeds).map(row).collect();
    }
    let mut dice = Dice::new();
    let mut rows = vec![vec![1.0; seeds]];
    rows.extend((1..RELABELINGS).map(|_| (0..seeds).map(|_| sign(dice.below(2) == 1)).collect()));
    rows
}

fn memberships(base: usize, head: usize) -> Vec<Vec<f64>> {
    let all = base + head;
    let real: Vec<f64> = (0..all)
        .map(|place| f64::from(u8::from(place < base)))
        .collect();
    let mut rows = vec![real.clone()];
    if choices(all, base) <= RELABELINGS as f64 {
        let mut row = real;
        while next_choice(&mut row) {
            rows.push(row.clone());
        }
        return rows;
    }
    let mut dice = Dice::new();
    let mut row = real;
    for _ in 1..RELABELINGS {
        for place in (1..all).rev() {
            row.swap(place, dice.below(place + 1));
        }
        rows.push(row.clone());
    }
    rows
}

/// The next of all rows with as many ones, from ones first to ones last.
fn next_choice(row: &mut [f64]) -> bool {
    let Some(step) = row.windows(2).rposition(|two| two == [1.0, 0.0]) else {
        return false;
    };
    row.swap(step, step + 1);
    // Ones behind the step move up to it.
    row[step + 2..].sort_by(|a, b| b.total_cmp(a));
    true
}

/// Ways to choose `some` of `all`.
fn choices(all: usize, some: usize) -> f64 {
    (0..some).fold(1.0, |ways, place| {
        ways * (all - place) as f64 / (place + 1) as f64
    })
}

/// The middle of some values; of an even number, the mean of the two.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Where the middle 95 % of a figure lie when seeds are drawn again and again
/// from those at hand: `figure` makes it of each side's values. `None` where it
/// is ever undefined.
#[must_use]
pub fn interval(
    sides: [&[f64]; 2],
    paired: bool,
    figure: impl Fn(&[f64], &[f64]) -> Option<f64>,
) -> Option<(f64, f64)> {
    let mut dice = Dice::new();
    let mut found = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let mut draw =
            |size: usize| -> Vec<usize> { (0..size).map(|_| dice.below(size)).collect() };
        let first = draw(sides[0].len());
        let second = if paired {
            first.clone()
        } else {
            draw(sides[1].len())
        };
        let take = |side: &[f64], places: &[usize]| -> Vec<f64> {
            places.iter().map(|place| side[*place]).collect()
        };
        let value = figure(&take(sides[0], &first), &take(sides[1], &second))?;
        found.push(Some(value).filter(|value| value.is_finite())?);
    }
    found.sort_by(f64::total_cmp);
    let edge = RESAMPLES / 40;
    Some((found[edge], found[RESAMPLES - 1 - edge]))
}

/// A small fixed generator (splitmix64): every answer is the same everywhere.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        Self(0x6772_6f6d_615f_6162)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        // The high half of a product spreads evenly over any bound of ours.
        ((u128::from(word) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
