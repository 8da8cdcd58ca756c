//! One figure on both sides: equal, or by how much it changed and which way.

use super::subject::{Quantity, Subject};
use crate::format::{Unit, signed_percent, written};
use crate::metric::Better;

/// Which way a figure went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The same number.
    Equal,
    /// To the good side.
    Better,
    /// To the bad side.
    Worse,
    /// It changed, and neither way is better by itself.
    Other,
}

impl Turn {
    /// The word that every document uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Other => "changed",
        }
    }

    /// Which way a figure went from `base` to `head`. A figure that the head
    /// does not have any more is worse: nothing was there to be measured.
    #[must_use]
    pub fn of(better: Better, base: Option<f64>, head: Option<f64>) -> Self {
        if base == head {
            return Self::Equal;
        }
        let higher = match (base, head) {
            (Some(base), Some(head)) => head > base,
            (_, None) => better == Better::Lower,
            (None, _) => better == Better::Higher,
        };
        match better {
            Better::Neither => Self::Other,
            Better::Higher if higher => Self::Better,
            Better::Lower if !higher => Self::Better,
            _ => Self::Worse,
        }
    }
}

/// A figure on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What it is.
    pub quantity: Quantity,
    /// At the base; `None` where it does not apply.
    pub base: Option<f64>,
    /// At the head.
    pub head: Option<f64>,
    /// Head over base, less one; infinite where the base is zero.
    pub share: Option<f64>,
    /// Which way it went.
    pub turn: Turn,
}

impl Change {
    /// Compares a figure by equality.
    #[must_use]
    pub fn of(quantity: Quantity, base: Option<f64>, head: Option<f64>) -> Self {
        Self {
            quantity,
            base,
            head,
            share: base.zip(head).map(|(base, head)| share(base, head)),
            turn: Turn::of(quantity.better, base, head),
        }
    }

    /// Both figures and the change between them, spelt.
    #[must_use]
    pub fn spelled(&self) -> Spelled {
        Spelled::of(self.quantity.unit, self.base, self.head, self.share)
    }
}

/// All figures of a pair; those that apply to neither side are left out.
#[must_use]
pub fn changes(base: &Subject, head: &Subject) -> Vec<Change> {
    base.figures
        .iter()
        .zip(&head.figures)
        .filter(|(left, right)| left.1.is_some() || right.1.is_some())
        .map(|(left, right)| Change::of(left.0, left.1, right.1))
        .collect()
}

/// The relative change.
#[must_use]
pub fn share(base: f64, head: f64) -> f64 {
    if base == head {
        0.0
    } else {
        (head - base) / base.abs()
    }
}

/// A figure of both sides in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// `54 ms`.
    pub base: String,
    /// `61.2 ms`.
    pub head: String,
    /// `+13.3 %`.
    pub change: String,
}

impl Spelled {
    /// Spells both sides; with as many digits as it takes to tell them apart.
    #[must_use]
    pub fn of(unit: Unit, base: Option<f64>, head: Option<f64>, share: Option<f64>) -> Self {
        let spell = |value: Option<f64>, decimals: usize| match value {
            None => "–".to_owned(),
            Some(value) if decimals == 0 => unit.spell(value),
            Some(value) => in_full(unit, value, decimals),
        };
        let tells = |decimals: &usize| spell(base, *decimals) != spell(head, *decimals);
        let decimals = if base == head {
            Some(0)
        } else {
            (0..MOST).find(tells)
        };
        let side = |value| spell(value, decimals.unwrap_or(MOST));
        Self {
            base: side(base),
            head: side(head),
            change: share.map_or_else(|| "–".to_owned(), percent),
        }
    }
}

/// Decimals that are shown at most.
const MOST: usize = 6;

/// A relative change; one too small for its digits is not none.
#[must_use]
pub fn percent(share: f64) -> String {
    let text = signed_percent(share);
    match text.as_str() {
        "0 %" if share > 0.0 => "<+0.1 %".to_owned(),
        "0 %" if share < 0.0 => ">−0.1 %".to_owned(),
        _ => text,
    }
}

/// A figure in the record's unit, with so many decimals.
fn in_full(unit: Unit, value: f64, decimals: usize) -> String {
    let scale = 10_f64.powi(i32::try_from(decimals).expect("there are few decimals"));
    let digits = |value: f64| written((value * scale).round() / scale);
    match unit {
        Unit::Share => format!("{} %", digits(value * 100.0)),
        Unit::Tps => format!("{} TPS", digits(value)),
        Unit::Millis => format!("{} ms", digits(value)),
        Unit::Seconds => format!("{} s", digits(value)),
        Unit::Bytes => format!("{} B", digits(value)),
        Unit::Joules => format!("{} J", digits(value)),
        Unit::Count | Unit::Mean => digits(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_towards_the_good_side() {
        let turn = |better, base, head| Turn::of(better, base, head);
        assert_eq!(turn(Better::Higher, Some(1.0), Some(2.0)), Turn::Better);
        assert_eq!(turn(Better::Higher, Some(2.0), Some(1.0)), Turn::Worse);
        assert_eq!(turn(Better::Lower, Some(1.0), Some(2.0)), Turn::Worse);
        assert_eq!(turn(Better::Lower, Some(2.0), Some(1.0)), Turn::Better);
        assert_eq!(turn(Better::Neither, Some(2.0), Some(1.0)), Turn::Other);
        assert_eq!(turn(Better::Lower, Some(2.0), Some(2.0)), Turn::Equal);
        assert_eq!(turn(Better::Lower, None, None), Turn::Equal);
    }

    #[test]
    fn a_figure_that_is_lost_is_worse() {
        for better in [Better::Higher, Better::Lower] {
            assert_eq!(Turn::of(better, Some(1.0), None), Turn::Worse);
            assert_eq!(Turn::of(better, None, Some(1.0)), Turn::Better);
        }
    }

    #[test]
    fn what_differs_never_looks_equal() {
        let spelled = |base: f64, head: f64| {
            let Spelled { base, head, change } = Spelled::of(
                Unit::Millis,
                Some(base),
                Some(head),
                Some(share(base, head)),
            );
            [base, head, change]
        };
        assert_eq!(
            spelled(54.047, 54.048),
            ["54.047 ms", "54.048 ms", "<+0.1 %"]
        );
        assert_eq!(spelled(54.0, 61.2), ["54 ms", "61.2 ms", "+13.3 %"]);
        assert_eq!(
            spelled(1_342.395, 1_339.691),
            ["1,342.4 ms", "1,339.7 ms", "−0.2 %"]
        );
        assert_eq!(spelled(0.0, 2.0), ["0 ms", "2 ms", "–"]);
    }
}
