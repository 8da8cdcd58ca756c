//! How much of each workload a city asks for: transactions per inhabitant and day, and the hours in
//! which they come.
//!
//! The catalogue (docs/sources.md) counts what people do: invoices, queries, visits. A workload also
//! has the steps that follow; its rate here is that of all its transactions, by the share that the
//! counted step has in its mix. This file knows the names of workloads and nothing else of them.

use crate::calendar::Pattern;

/// What a workload asks for in a city.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The workload's name.
    pub workload: &'static str,
    /// Transactions per inhabitant and day.
    pub per_day: f64,
    /// The name of its [`Pattern`].
    pub pattern: &'static str,
    /// Whence the figure.
    pub source: &'static str,
}

/// People in China, for figures of the nation (from memory: 1.41 billion).
const NATION: f64 = 1.41e9;
const DAY_SECONDS: f64 = 86_400.0;

/// Of so many transactions per second in the nation, an inhabitant's per day.
const fn national(tps: f64) -> f64 {
    tps * DAY_SECONDS / NATION
}

const fn rate(
    workload: &'static str,
    per_day: f64,
    pattern: &'static str,
    source: &'static str,
) -> Rate {
    Rate {
        workload,
        per_day,
        pattern,
        source,
    }
}

/// Every workload of the city, in alphabetical order. Benchmarks have no city and no rate.
pub static RATES: &[Rate] = &[
    rate("addresses", 0.002, "office", "W13: estimate"),
    rate(
        "components",
        0.1,
        "flat",
        "W19: estimate, readings of sensors in batches",
    ),
    rate(
        "contracts",
        national(35.0),
        "esign",
        "10 to 60 signatures a second in the nation (e-Qianbao 2018)",
    ),
    rate("copyrights", 0.000_2, "office", "W17: estimate"),
    rate(
        "credit",
        0.008_1 / 0.27,
        "office",
        "PBOC 2022: 132 queries a second in the nation, 27 % of W2's mix",
    ),
    rate(
        "directory",
        0.024,
        "office",
        "W3: 1 to 20 a second in a city of 17.8 M (5: estimate)",
    ),
    rate("donations", 0.001, "retail", "W10: estimate"),
    rate(
        "drafts",
        national(0.7),
        "office",
        "PBOC 2017: 0.7 commercial drafts a second in the nation",
    ),
    rate(
        "evidence",
        0.139,
        "retail",
        "Hangzhou Internet Court: 16.1 a second, by 10 M inhabitants (from memory)",
    ),
    rate("identity", 0.05, "retail", "W18: estimate"),
    rate(
        "invoices",
        0.092 / 0.42,
        "retail",
        "Italy 2019: 0.092 invoices, 42 % of W1's mix are issues",
    ),
    rate(
        "medical",
        0.015,
        "clinic",
        "7.09 bn visits in eleven months of 2016 in the nation",
    ),
    rate(
        "mortgages",
        national(1.6),
        "office",
        "700,000 registrations a month in the nation, five searches each",
    ),
    rate(
        "payments",
        2.0 * national(10_497.0),
        "retail",
        "PBOC 2019: 331.02 bn a year in the nation; a large city has twice that",
    ),
    rate(
        "receivables",
        national(0.7),
        "office",
        "W5: estimate, as commercial drafts",
    ),
    rate(
        "remittances",
        national(100.0),
        "two-shores",
        "W12: 10 to 200 a second in the nation (100: estimate)",
    ),
    rate(
        "traceability",
        national(25.0),
        "retail",
        "JD Zhizhen: 25 a second in the nation",
    ),
];

/// The rate of the workload of that name, if a city has one.
pub fn find(workload: &str) -> Option<&'static Rate> {
    RATES.iter().find(|rate| rate.workload == workload)
}

impl Rate {
    /// When its transactions come.
    ///
    /// # Panics
    /// Never: a test looks every pattern up.
    pub fn pattern(&self) -> &'static Pattern {
        Pattern::find(self.pattern).expect("a test looks every pattern up")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::people::SHENZHEN;

    /// Transactions per second of a workload among so many people.
    fn tps(workload: &str, people: f64) -> f64 {
        find(workload).unwrap().per_day * people / DAY_SECONDS
    }

    #[test]
    fn the_rates_are_those_of_the_catalogue() {
        let shenzhen = SHENZHEN as f64;
        // 0.092 invoices each are 19 a second; Milan's 0.43 would be 89.
        let invoices = tps("invoices", shenzhen) * 0.42;
        assert!((invoices - 18.95).abs() < 0.05, "{invoices}");
        // 11.4 million queries a day are 132 a second in the nation.
        let queries = tps("credit", NATION) * 0.27;
        assert!((queries - 132.2).abs() < 0.5, "{queries}");
        // The mean of a large city is 260 payments a second, of the nation half of that each.
        let payments = tps("payments", shenzhen);
        assert!((payments - 265.0).abs() < 1.0, "{payments}");
        assert!((tps("evidence", 1e7) - 16.1).abs() < 0.05);
        // All else together is below a hundred.
        let all: f64 = RATES.iter().map(|rate| tps(rate.workload, shenzhen)).sum();
        assert!(all - payments < 130.0, "{}", all - payments);
        assert!(RATES.is_sorted_by_key(|rate| rate.workload));
        assert!(RATES.iter().all(|rate| rate.pattern().name == rate.pattern));
    }
}
