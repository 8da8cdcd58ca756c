//! How much of each workload a city asks for: transactions per inhabitant and day, and the hours in
//! which they come.
//!
//! The catalogue (docs/sources.md) counts what people do: invoices, queries, visits. A workload also
//! has the steps that lead there and follow; its rate is that of all its transactions, which is the
//! count over the share that the counted steps have in the workload's own mix. Where the catalogue
//! gives a rate of a whole application, all steps are counted.
//!
//! So the catalogue's conclusion that all but payments stays below 100 a second in a city of 17.8
//! million holds of what it counts (91), and not of all transactions that come of it (129): a test
//! holds both. This file knows no records.

use crate::calendar::Pattern;
use crate::{contracts, credit, drafts, invoices, medical, mortgages, receivables, traceability};

/// What a workload asks for in a city.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The workload's name.
    pub workload: &'static str,
    /// What is counted, per inhabitant and day.
    pub counted: f64,
    /// The share of the workload's transactions that is counted.
    pub share: f64,
    /// The name of its [`Pattern`].
    pub pattern: &'static str,
    /// Whence the figure.
    pub source: &'static str,
}

/// People in China, for figures of the nation (from memory: 1.41 billion).
const NATION: f64 = 1.41e9;
const DAY_SECONDS: f64 = 86_400.0;

/// Of so many per second in the nation, an inhabitant's per day.
const fn national(tps: f64) -> f64 {
    tps * DAY_SECONDS / NATION
}

/// Of so many a year in the nation, an inhabitant's per day.
const fn yearly(count: f64) -> f64 {
    count / 365.0 / NATION
}

/// A rate of all steps of a workload.
const fn rate(
    workload: &'static str,
    counted: f64,
    pattern: &'static str,
    source: &'static str,
) -> Rate {
    Rate {
        workload,
        counted,
        share: 1.0,
        pattern,
        source,
    }
}

impl Rate {
    /// The same, counted by steps that have a share of the mix.
    const fn by(self, share: f64) -> Self {
        Self { share, ..self }
    }

    /// Transactions per inhabitant and day.
    pub const fn per_day(&self) -> f64 {
        self.counted / self.share
    }

    /// When its transactions come.
    ///
    /// # Panics
    /// Never: a test looks every pattern up.
    pub fn pattern(&self) -> &'static Pattern {
        Pattern::find(self.pattern).expect("a test looks every pattern up")
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
        "10 to 60 signatures a second in the nation (e-Qianbao 2018), 40 % of W9's mix",
    )
    .by(contracts::MIX.share(contracts::SIGN)),
    rate("copyrights", 0.000_2, "office", "W17: estimate"),
    rate(
        "credit",
        0.008_1,
        "office",
        "PBOC 2022: 132 queries a second in the nation, 27 % of W2's mix",
    )
    .by(credit::MIX.share(credit::QUERY)),
    rate(
        "directory",
        0.024,
        "office",
        "W3: 1 to 20 a second in a city of 17.8 M (5: estimate), of all steps",
    ),
    rate("donations", 0.001, "retail", "W10: estimate"),
    rate(
        "drafts",
        yearly(6.55e6 + 6.78e6 + 1.79e6),
        "office",
        "PBOC 2017: 6.55 M commercial drafts issued, 6.78 M accepted, 1.79 M discounted in the nation, 45.5 % of W6's mix",
    )
    .by(drafts::MIX.share(drafts::ISSUE)
        + drafts::MIX.share(drafts::ACCEPT)
        + drafts::MIX.share(drafts::DISCOUNT)),
    rate(
        "evidence",
        0.139,
        "retail",
        "Hangzhou Internet Court: 16.1 a second of all steps, by 10 M inhabitants (from memory)",
    ),
    rate("identity", 0.05, "retail", "W18: estimate"),
    rate(
        "invoices",
        0.092,
        "retail",
        "Italy 2019: 0.092 invoices, 42 % of W1's mix are issues",
    )
    .by(invoices::MIX.share(invoices::ISSUE)),
    rate(
        "medical",
        0.015,
        "clinic",
        "7.09 bn visits in eleven months of 2016 in the nation, each a record; 30 % of W11's mix",
    )
    .by(medical::MIX.share(medical::CREATE)),
    rate(
        "mortgages",
        yearly(12.0 * 700_000.0),
        "office",
        "700,000 registrations a month in the nation, 13 % of W7's mix",
    )
    .by(mortgages::MIX.share(mortgages::REGISTER)),
    rate(
        "payments",
        2.0 * national(10_497.0),
        "retail",
        "PBOC 2019: 331.02 bn a year in the nation; a large city has twice that",
    ),
    rate(
        "receivables",
        yearly(6.55e6),
        "office",
        "W5: estimate, as many as commercial drafts (6.55 M a year in the nation); 12 % of W5's mix are issues",
    )
    .by(receivables::MIX.share(receivables::ISSUE)),
    rate(
        "remittances",
        national(100.0),
        "two-shores",
        "W12: 10 to 200 a second in the nation (100: estimate), of all steps",
    ),
    rate(
        "traceability",
        national(25.0),
        "retail",
        "JD Zhizhen: 25 records a second in the nation, all of W8's mix but queries",
    )
    .by(1.0 - traceability::MIX.share(traceability::QUERY)),
];

/// The rate of the workload of that name, if a city has one.
pub fn find(workload: &str) -> Option<&'static Rate> {
    RATES.iter().find(|rate| rate.workload == workload)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::people::SHENZHEN;

    /// Transactions per second of a workload among so many people.
    fn tps(workload: &str, people: f64) -> f64 {
        find(workload).unwrap().per_day() * people / DAY_SECONDS
    }

    #[test]
    fn the_rates_are_those_of_the_catalogue() {
        let shenzhen = SHENZHEN as f64;
        let year = 365.0 * DAY_SECONDS;
        // By workload: among how many, what is counted a second, and its share of the mix.
        let rows = [
            ("addresses", shenzhen, 0.412, 1.0),
            ("components", shenzhen, 20.6, 1.0),
            ("contracts", NATION, 35.0, 0.4),
            ("copyrights", shenzhen, 0.0412, 1.0),
            // 11.4 million queries a day.
            ("credit", NATION, 11.432e6 / DAY_SECONDS, 0.27),
            ("directory", shenzhen, 5.0, 1.0),
            ("donations", shenzhen, 0.206, 1.0),
            ("drafts", NATION, (6.55e6 + 6.78e6 + 1.79e6) / year, 0.455),
            ("evidence", 1e7, 576_247_979.0 / 414.0 / DAY_SECONDS, 1.0),
            ("identity", shenzhen, 10.3, 1.0),
            // Milan's 0.43 would be 89.
            ("invoices", shenzhen, 18.95, 0.42),
            // 7.09 bn from January to November.
            ("medical", NATION, 7.09e9 / 334.0 / DAY_SECONDS, 0.3),
            ("mortgages", NATION, 0.2664, 0.13),
            // Of the nation half of that each.
            ("payments", shenzhen, 265.0, 1.0),
            ("receivables", NATION, 6.55e6 / year, 0.12),
            ("remittances", NATION, 100.0, 1.0),
            ("traceability", NATION, 25.0, 0.998),
        ];
        assert_eq!(rows.map(|row| row.0), names());
        for (workload, people, counted, share) in rows {
            let all = tps(workload, people);
            let expected = counted / share;
            assert!(
                (all / expected - 1.0).abs() < 0.015,
                "{workload}: {all}, not {expected}"
            );
            assert!((find(workload).unwrap().share - share).abs() < 1e-9);
        }
        assert!(RATES.is_sorted_by_key(|rate| rate.workload));
        assert!(RATES.iter().all(|rate| rate.pattern().name == rate.pattern));
    }

    fn names() -> [&'static str; 17] {
        let names: Vec<&str> = RATES.iter().map(|rate| rate.workload).collect();
        names.try_into().unwrap()
    }

    #[test]
    fn what_the_catalogue_counts_is_below_a_hundred_and_what_comes_of_it_is_not() {
        let sum = |of: fn(&Rate) -> f64| {
            let others = RATES.iter().filter(|rate| rate.workload != "payments");
            others.map(of).sum::<f64>() * SHENZHEN as f64 / DAY_SECONDS
        };
        let (counted, all) = (sum(|rate| rate.counted), sum(Rate::per_day));
        assert!((counted - COUNTED).abs() < 0.5, "{counted}");
        assert!((all - ALL).abs() < 0.5, "{all}");
        assert!(counted < 100.0);
    }

    const COUNTED: f64 = 90.9;
    const ALL: f64 = 129.5;
}
