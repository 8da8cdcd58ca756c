//! How evenly regions are served. Knows only numbers.

/// Jain's index of non-negative shares: 1 when all are equal, 1/n when one has
/// everything; `None` where there is nothing to share.
///
/// R. Jain, D. Chiu, W. Hawe: A Quantitative Measure of Fairness, DEC TR-301, 1984.
#[must_use]
pub fn jain(shares: &[f64]) -> Option<f64> {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    (squares > 0.0).then(|| sum * sum / (shares.len() as f64 * squares))
}

/// The largest over the smallest of positive values; `None` for fewer than two.
#[must_use]
pub fn ratio(values: &[f64]) -> Option<f64> {
    let most = values.iter().copied().fold(0.0, f64::max);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (values.len() > 1 && least > 0.0).then(|| most / least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_are_fair_and_one_for_all_is_not() {
        assert_eq!(jain(&[0.9, 0.9, 0.9]), Some(1.0));
        assert_eq!(jain(&[1.0, 0.0, 0.0, 0.0]), Some(0.25));
        // (1 + 0.5)² / (2 · 1.25).
        assert_eq!(jain(&[1.0, 0.5]), Some(0.9));
        assert_eq!(jain(&[0.0, 0.0]), None);
        assert_eq!(jain(&[]), None);
    }

    #[test]
    fn a_ratio_needs_two_values() {
        assert_eq!(ratio(&[120.0, 480.0, 240.0]), Some(4.0));
        assert_eq!(ratio(&[120.0]), None);
        assert_eq!(ratio(&[0.0, 3.0]), None);
    }
}
