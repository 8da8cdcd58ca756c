//! Ticks: where an axis has its marks and what stands beside them.

use groma_experiment::plan::Clock;

use crate::format::count;

/// How values lie along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Equal steps.
    Linear {
        /// The beginning of the axis; 0 wherever lengths are compared.
        low: f64,
        /// The end of the axis.
        top: f64,
    },
    /// Equal ratios.
    Log {
        /// The beginning of the axis; greater than 0.
        low: f64,
        /// The end of the axis.
        top: f64,
    },
}

/// A mark of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where, in the axis' values.
    pub value: f64,
    /// What stands beside it.
    pub text: String,
}

/// The smallest of 1, 2, 5 times a power of ten, and 100, that holds a share in
/// percent; above 100 the share itself.
#[must_use]
pub fn round_share(percent: f64) -> f64 {
    [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
        .into_iter()
        .find(|step| percent <= *step)
        .unwrap_or(percent * 1.04)
}

impl Scale {
    /// A linear axis from 0 with room for `largest`.
    #[must_use]
    pub fn linear(largest: f64) -> Self {
        let largest = if largest > 0.0 { largest } else { 1.0 };
        Self::Linear {
            low: 0.0,
            top: largest * 1.04,
        }
    }

    /// An axis of shares in percent: to the next round share, so that a small
    /// use can be seen, and what is left of a large one.
    #[must_use]
    pub fn percent(largest: f64) -> Self {
        Self::Linear {
            low: 0.0,
            top: round_share(largest),
        }
    }

    /// A linear axis for points, which are compared by place and not by
    /// length: from 0 only where the values reach near it.
    #[must_use]
    pub fn window(values: impl Iterator<Item = f64> + Clone) -> Self {
        let top = values.clone().fold(0.0, f64::max);
        let low = values.fold(f64::INFINITY, f64::min);
        let room = (top - low) * 0.3;
        if !low.is_finite() || room <= 0.0 || low < 0.4 * top {
            return Self::linear(top);
        }
        Self::Linear {
            low: low - room,
            top: top + room,
        }
    }

    /// Linear, or logarithmic when the largest value is more than `ratio` times
    /// the smallest, which a linear axis would not show.
    #[must_use]
    pub fn fitting(values: impl Iterator<Item = f64> + Clone, ratio: f64) -> Self {
        let largest = values.clone().fold(0.0, f64::max);
        let smallest = values
            .filter(|value| *value > 0.0)
            .fold(f64::INFINITY, f64::min);
        if smallest.is_finite() && largest / smallest > ratio {
            Self::Log {
                low: smallest * 0.9,
                top: largest * 1.15,
            }
        } else {
            Self::linear(largest)
        }
    }

    /// Whether it is logarithmic.
    #[must_use]
    pub fn is_log(self) -> bool {
        matches!(self, Self::Log { .. })
    }

    /// The place of a value between 0 (beginning) and 1 (end).
    #[must_use]
    pub fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Linear { low, top } => (value - low) / (top - low),
            Self::Log { low, top } => (value.max(low) / low).ln() / (top / low).ln(),
        };
        place.clamp(0.0, 1.0)
    }

    /// About `wanted` round marks.
    #[must_use]
    pub fn ticks(self, wanted: usize) -> Vec<Tick> {
        match self {
            Self::Linear { low, top } => {
                let step = round_step((top - low) / wanted.max(1) as f64);
                let first = (low / step).ceil() as i64;
                (first..)
                    .map(|index| index as f64 * step)
                    .take_while(|value| *value <= top)
                    .map(|value| tick(value, step))
                    .collect()
            }
            Self::Log { low, top } => log_ticks(low, top, wanted),
        }
    }
}

fn log_ticks(low: f64, top: f64, wanted: usize) -> Vec<Tick> {
    let decades = (low.log10().floor() as i32)..=(top.log10().ceil() as i32);
    let all = |steps: &[f64]| -> Vec<Tick> {
        decades
            .clone()
            .flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)))
            .filter(|value| (low..=top).contains(value))
            .map(|value| tick(value, value))
            .collect()
    };
    [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]]
        .into_iter()
        .map(all)
        .find(|ticks| ticks.len() <= wanted + 2)
        .unwrap_or_else(|| all(&[1.0]))
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

fn tick(value: f64, step: f64) -> Tick {
    Tick {
        value,
        text: short(value, step),
    }
}

/// `12,000`, `1.5M`, `0.25`: as many decimals as the step needs.
fn short(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value < 0.0 {
        return format!("-{}", short(-value, step));
    }
    let (divisor, suffix) = match step.max(value / 10.0) {
        size if size >= 1e8 => (1e9, "G"),
        size if size >= 1e5 => (1e6, "M"),
        _ => (1.0, ""),
    };
    let step = step / divisor;
    let decimals = (0..6)
        .find(|digits| {
            let scaled = step * 10_f64.powi(*digits);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)
        })
        .unwrap_or(6) as usize;
    let number = value / divisor;
    if decimals == 0 {
        format!("{}{suffix}", count(number.round() as u64))
    } else {
        format!("{number:.decimals$}{suffix}")
    }
}

/// Marks of a time axis of that many seconds: whole seconds, minutes or hours.
#[must_use]
pub fn time_ticks(seconds: f64, wanted: usize) -> Vec<Tick> {
    const STEPS: [u32; 17] = [
        1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400,
    ];
    let step = STEPS
        .into_iter()
        .find(|step| seconds / f64::from(*step) <= wanted as f64)
        .unwrap_or(86_400 * (seconds / 86_400.0 / wanted as f64).ceil() as u32);
    let (unit, name) = match step {
        step if step >= 3_600 => (3_600, "h"),
        step if step >= 60 => (60, "min"),
        _ => (1, "s"),
    };
    (0..)
        .map(|index| index * step)
        .take_while(|at| f64::from(*at) <= seconds * 1.000_001)
        .map(|at| Tick {
            value: f64::from(at),
            text: format!("{} {name}", at / unit),
        })
        .collect()
}

/// Full hours between two that are named, and of what day they are part of.
const HOURS: [u64; 7] = [1, 2, 3, 4, 6, 12, 24];
const HOUR_NS: u64 = 3_600_000_000_000;

/// Marks of the hours of days where they are played, in seconds of the run. So many are
/// named that each finds room beside the one before it; the others have no text.
#[must_use]
pub fn hour_ticks(days: &[Clock], room: impl Fn(&Tick, &Tick) -> bool) -> Vec<Tick> {
    let named = |every: u64| -> Vec<Tick> {
        let mut ticks: Vec<Tick> = Vec::new();
        for (day, hour) in days
            .iter()
            .flat_map(|day| (0..=24).map(move |hour| (day, hour)))
        {
            let value = day.played(hour * HOUR_NS) as f64 / 1e9;
            // The end of a day gives way to the beginning of the next.
            ticks.pop_if(|last| last.value >= value);
            let text = match hour % every {
                0 => format!("{hour:02}:00"),
                _ => String::new(),
            };
            ticks.push(Tick { value, text });
        }
        ticks
    };
    let fits = |ticks: &Vec<Tick>| {
        let texts: Vec<&Tick> = ticks.iter().filter(|tick| !tick.text.is_empty()).collect();
        texts.windows(2).all(|pair| room(pair[0], pair[1]))
    };
    let mut all = HOURS.into_iter().map(named);
    all.find(fits).unwrap_or_else(|| {
        let mut ticks = named(24);
        let mut last: Option<Tick> = None;
        for tick in ticks.iter_mut().filter(|tick| !tick.text.is_empty()) {
            match &last {
                Some(before) if !room(before, tick) => tick.text.clear(),
                _ => last = Some(tick.clone()),
            }
        }
        ticks
    })
}

#[cfg(test)]
mod tests {
    use groma_experiment::plan::{Arrivals, LoadPlan, PhasePlan};

    use super::*;

    fn texts(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn marks_are_round() {
        let ticks = Scale::linear(12_600.0).ticks(4);
        assert_eq!(texts(&ticks), ["0", "5,000", "10,000"]);
        let ticks = Scale::linear(1.0).ticks(4);
        assert_eq!(texts(&ticks), ["0", "0.5", "1.0"]);
        let ticks = Scale::linear(3_400_000.0).ticks(4);
        assert_eq!(texts(&ticks), ["0", "1M", "2M", "3M"]);
        let ticks = Scale::window([10_504.0, 10_827.0].into_iter()).ticks(4);
        assert_eq!(texts(&ticks), ["10,600", "10,800"]);
        let ticks = Scale::fitting([8.0, 4_000.0].into_iter(), 40.0).ticks(4);
        assert_eq!(texts(&ticks), ["10", "30", "100", "300", "1,000", "3,000"]);
        let both = Scale::Linear {
            low: -30.0,
            top: 30.0,
        };
        assert_eq!(texts(&both.ticks(3)), ["-20", "0", "20"]);
        assert_eq!(
            texts(&time_ticks(80.0, 8)),
            [
                "0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s", "70 s", "80 s"
            ]
        );
        assert_eq!(
            texts(&time_ticks(600.0, 6)),
            ["0 min", "2 min", "4 min", "6 min", "8 min", "10 min"]
        );
    }

    /// A day of minutes for hours, whose first ten minutes are played in their own time.
    fn rush() -> Vec<PhasePlan> {
        let phase = |for_s: u64, truth_s: u64| PhasePlan {
            for_ns: for_s * 1_000_000_000,
            load: LoadPlan::Open {
                from_mtps: 1,
                to_mtps: 1,
                arrivals: Arrivals::Even,
            },
            measure: true,
            stands_for_ns: truth_s * 1_000_000_000,
            mix: Vec::new(),
        };
        let mut load = vec![phase(600, 600), phase(50, 3_000)];
        load.extend(vec![phase(60, 3_600); 23]);
        load
    }

    #[test]
    fn hours_stand_where_they_are_played_and_are_named_where_there_is_room() {
        let named = |days: &[Clock], seconds: f64| -> Vec<(f64, String)> {
            let room = |a: &Tick, b: &Tick| b.value - a.value >= seconds;
            let ticks = hour_ticks(days, room).into_iter();
            let named = ticks.filter(|tick| !tick.text.is_empty());
            named.map(|tick| (tick.value, tick.text)).collect()
        };
        let day = Clock::compressed(&rush());
        assert_eq!(hour_ticks(&day, |_, _| true).len(), 25);
        let expected = [(0.0, "00:00"), (1_010.0, "07:00")];
        let all = named(&day, 1.0);
        for (value, text) in expected {
            assert!(all.contains(&(value, text.to_owned())), "{all:?}");
        }
        let texts: Vec<String> = named(&day, 200.0)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(
            texts,
            [
                "00:00", "04:00", "08:00", "12:00", "16:00", "20:00", "24:00"
            ]
        );
        // Of many days some midnights are named; where two days meet, one.
        let week = Clock::compressed(&[rush(), rush(), rush()].concat());
        let midnights = named(&week, 3_000.0);
        assert_eq!(midnights.len(), 2, "{midnights:?}");
        assert_eq!(hour_ticks(&week, |_, _| true).len(), 3 * 24 + 1);
    }

    #[test]
    fn empty_and_equal_data_have_axes() {
        assert!(Scale::linear(0.0).ticks(3).len() > 1);
        assert!(!Scale::fitting(std::iter::empty(), 40.0).is_log());
        assert_eq!(Scale::linear(10.0).place(20.0), 1.0);
    }
}
