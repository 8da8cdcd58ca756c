//! The knee of a throughput-latency curve: the last point before latency is
//! bought dearly. Knows only numbers.

/// Points that a curve must have before its bend says anything.
const ENOUGH: usize = 4;

/// A bend must lie this far below the straight line between the ends of the
/// curve, as a share of its height, or the curve is straight.
const BENT: f64 = 0.1;

/// The place of the knee among points ordered by load: the one that lies
/// furthest below the straight line between the first and the last, when both
/// axes are scaled to the curve. `None` for curves that do not bend upwards.
#[must_use]
pub fn knee(points: &[(f64, f64)]) -> Option<usize> {
    let (first, last) = (points.first()?, points.last()?);
    let (across, up) = (last.0 - first.0, last.1 - first.1);
    if points.len() < ENOUGH || across <= 0.0 || up <= 0.0 {
        return None;
    }
    let below = |point: &(f64, f64)| (point.0 - first.0) / across - (point.1 - first.1) / up;
    let (index, depth) = points
        .iter()
        .map(below)
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (depth > BENT).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bend_is_found_where_latency_begins_to_climb() {
        // Scaled: (0,0) (.25,.01) (.5,.03) (.75,.11) (1,1); the last but one
        // lies .64 below the chord, more than any other.
        let curve = [
            (1_000.0, 100.0),
            (2_000.0, 110.0),
            (3_000.0, 130.0),
            (4_000.0, 210.0),
            (5_000.0, 1_100.0),
        ];
        assert_eq!(knee(&curve), Some(3));
    }

    #[test]
    fn straight_falling_and_short_curves_have_none() {
        let line = |slope: f64| -> Vec<(f64, f64)> {
            (1..=6)
                .map(|x| (f64::from(x), 100.0 + slope * f64::from(x)))
                .collect()
        };
        assert_eq!(knee(&line(10.0)), None);
        assert_eq!(knee(&line(-10.0)), None);
        assert_eq!(knee(&line(0.0)), None);
        assert_eq!(knee(&[(1.0, 1.0), (2.0, 1.1), (3.0, 9.0)]), None);
        assert_eq!(knee(&[]), None);
    }
}
