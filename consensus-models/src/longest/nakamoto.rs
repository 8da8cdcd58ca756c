//! Proof of work: S. Nakamoto, "Bitcoin: A Peer-to-Peer Electronic Cash
//! System", 2008; words and figures of the parameters after Bitcoin's developer
//! reference.
//!
//! No hash is computed: the time until a miner finds a block is drawn from an
//! exponential distribution whose mean is difficulty / hash rate, anew on every
//! new tip, which changes nothing because the distribution has no memory.
//! Difficulty is counted in expected megahashes. Knows no blocks but headers.

use std::time::Duration;

use super::header::{Draft, Header};
use super::rule::{Branch, Rule};
use crate::block::Height;
use crate::params::ParamSpec;
use crate::protocol::{Setup, Work as Charge};
use crate::wire::NUMBER_BYTES;

/// A block may be dated so far ahead of the receiver's clock.
const MAX_AHEAD: Duration = Duration::from_secs(2 * 3600);

/// One retarget changes the difficulty by this factor at most.
const MAX_RETARGET: u64 = 4;

/// Shares of Bitcoin's 16 largest miners of 2015 in thousandths, as Gervais et
/// al. simulated them ("On the Security and Performance of Proof of Work
/// Blockchains", CCS 2016). They sum to 1,001: rounded at the source.
const POOLS: [u64; 16] = [
    289, 196, 159, 133, 66, 54, 29, 16, 12, 12, 12, 9, 5, 5, 2, 2,
];

/// The rule of proof of work at one miner.
#[derive(Debug)]
pub struct Work {
    /// Megahashes per second of this node.
    rate: u64,
    /// The same of all nodes.
    all: u128,
    pools: bool,
    interval: Duration,
    window: u64,
    confirmations: u64,
    joule_per_terahash: u64,
    mining_since: Option<Duration>,
    /// Spent, but less than a joule: in joules / 10^12.
    rest: u128,
}

impl Work {
    /// Difficulty and start of its window for a block on `parent`.
    fn target(&self, parent: &Header) -> (u64, Duration) {
        let Draft {
            weight,
            anchor,
            created,
            ..
        } = parent.draft;
        let height = parent.height().0;
        if height == 0 || !height.is_multiple_of(self.window) {
            return (weight, anchor);
        }
        let planned = self.interval.as_nanos() * u128::from(self.window);
        let took = (created.saturating_sub(anchor)).as_nanos().max(1);
        let wanted = u128::from(weight) * planned / took;
        let least = (weight / MAX_RETARGET).max(1);
        let most = weight.saturating_mul(MAX_RETARGET);
        let next = u64::try_from(wanted).unwrap_or(u64::MAX);
        (next.clamp(least, most), created)
    }

    /// An exponential draw of the time to find a block, rounded to ns.
    fn draw(&self, difficulty: u64, word: u64) -> Duration {
        // 53 bits make a number from (0, 1].
        let unit = ((word >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        let mean = difficulty as f64 / self.rate as f64 * 1e9;
        let nanos = libm::round(-libm::log(unit) * mean);
        // Saturates; no simulation lasts 500 years.
        Duration::from_nanos(nanos as u64)
    }
}

impl Rule for Work {
    const NAME: &'static str = "nakamoto";
    const SOURCE: &'static str = "Nakamoto, Bitcoin: A Peer-to-Peer Electronic Cash System, 2008";
    const SEAL: &'static [Charge] = &[];
    const VERIFY: &'static [Charge] = &[];

    fn params() -> Vec<ParamSpec> {
        vec![
            ParamSpec::span(
                "block_interval",
                1,
                "10m",
                "mean time between blocks that retargeting aims at",
            ),
            ParamSpec::integer(
                "confirmations",
                (1, 10_000),
                "6",
                "blocks, itself counted, under which a block is final",
            ),
            ParamSpec::integer(
                "difficulty_window",
                (1, 1_000_000),
                "2016",
                "blocks between two retargets",
            ),
            ParamSpec::integer(
                "hash_rate",
                (1, 1_000_000_000),
                "110_000",
                "gigahashes per second of each miner, on average",
            ),
            ParamSpec::choice(
                "miners",
                &["all", "pools"],
                "all",
                "all nodes alike, or the first 16 by the shares of Bitcoin's pools in 2015, who all know each other",
            ),
            ParamSpec::integer(
                "first_share",
                (0, 999),
                "0",
                "part of all hash power that node 0 has, per thousand; 0: its share by `miners`",
            ),
            ParamSpec::integer(
                "joule_per_terahash",
                (0, 1_000_000),
                "30",
                "energy of the miners' machines",
            ),
            ParamSpec::integer(
                "max_block_bytes",
                (1, 1_000_000_000),
                "1_000_000",
                "bytes of bodies in one block, unless a single batch is larger",
            ),
        ]
    }

    fn new(setup: &Setup<'_>) -> Self {
        let params = setup.params;
        let pools = params.choice("miners") == "pools";
        let (mean, n) = (params.integer("hash_rate") * 1000, setup.committee.n());
        // Shares of those who are there, so that a small network loses none.
        let there = &POOLS[..POOLS.len().min(n as usize)];
        let share = |id: usize| match pools {
            true => there.get(id).copied().unwrap_or(0),
            false => 1,
        };
        let all = u128::from(mean) * u128::from(n);
        let first = u128::from(params.integer("first_share"));
        let (me, n) = (setup.me.index(), n as usize);
        let among = |power: u128, from: usize| {
            let shares: u64 = (from..n).map(share).sum();
            power * u128::from(share(me)) / u128::from(shares.max(1))
        };
        let rate = match (first, me) {
            (0, _) => among(all, 0),
            (_, 0) => all * first / 1_000,
            _ => among(all * (1_000 - first) / 1_000, 1),
        };
        Self {
            rate: u64::try_from(rate).unwrap_or(u64::MAX),
            all,
            pools,
            interval: params.duration("block_interval"),
            window: params.integer("difficulty_window"),
            confirmations: params.integer("confirmations"),
            joule_per_terahash: params.integer("joule_per_terahash"),
            mining_since: None,
            rest: 0,
        }
    }

    fn confirmations(&self) -> u64 {
        self.confirmations
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn clique(&self) -> u32 {
        match self.pools {
            true => POOLS.len() as u32,
            false => 0,
        }
    }

    /// A nonce.
    fn seal_bytes(&self, _height: Height) -> u32 {
        NUMBER_BYTES
    }

    /// The difficulty at which all miners together need the interval.
    fn genesis_weight(&self) -> u64 {
        let hashes = self.all * self.interval.as_nanos() / 1_000_000_000;
        u64::try_from(hashes).unwrap_or(u64::MAX).max(1)
    }

    fn plan(
        &mut self,
        branch: &Branch<'_>,
        _made: u64,
        _now: Duration,
        word: u64,
    ) -> Option<Duration> {
        let (difficulty, _) = self.target(&branch.parent);
        (self.rate > 0).then(|| self.draw(difficulty, word))
    }

    fn draft(&mut self, branch: &Branch<'_>, _made: u64, now: Duration) -> Option<Draft> {
        let (weight, anchor) = self.target(&branch.parent);
        Some(Draft {
            view: branch.parent.height().0 + 1,
            created: now.max(branch.parent.draft.created),
            weight,
            anchor,
        })
    }

    fn check(
        &self,
        header: &Header,
        branch: &Branch<'_>,
        now: Duration,
    ) -> Result<(), &'static str> {
        if (header.draft.weight, header.draft.anchor) != self.target(&branch.parent) {
            return Err("wrong difficulty");
        }
        self.check_alone(header, now)
    }

    fn check_alone(&self, header: &Header, now: Duration) -> Result<(), &'static str> {
        if header.draft.view != header.height().0 {
            return Err("view is not the height");
        }
        if header.draft.created > now + MAX_AHEAD {
            return Err("block from the future");
        }
        Ok(())
    }

    fn spent(&mut self, now: Duration, mining: bool) -> u64 {
        if let Some(since) = self.mining_since {
            // Megahashes per second are hashes per microsecond.
            let hashes = u128::from(self.rate) * (now - since).as_nanos() / 1000;
            self.rest += hashes * u128::from(self.joule_per_terahash);
        }
        self.mining_since = mining.then_some(now);
        const TERA: u128 = 1_000_000_000_000;
        let joules = u64::try_from(self.rest / TERA).unwrap_or(u64::MAX);
        self.rest %= TERA;
        joules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committee::{Committee, FaultModel, ReplicaId};
    use crate::longest::forks::{Forks, Limits};
    use crate::longest::rule::is_better;
    use crate::params::Params;

    fn rule() -> Work {
        let mut params = Params::defaults(&<super::super::Nakamoto as crate::Protocol>::params());
        let specs = Work::params();
        for (name, value) in [("difficulty_window", "4"), ("block_interval", "1s")] {
            let spec = specs
                .iter()
                .find(|spec| spec.name == name)
                .expect("declared");
            let value = spec.parse(value).expect("accepted");
            params.0.insert(name.to_owned(), value);
        }
        Work::new(&Setup {
            me: ReplicaId(0),
            committee: Committee::new(5, FaultModel::HonestMajority),
            params: &params,
            deviations: &[],
        })
    }

    /// A chain of blocks `step` apart; the difficulties of its blocks.
    fn difficulties(rule: &mut Work, steps: &[Duration]) -> Vec<u64> {
        let genesis = Header::genesis(rule.genesis_weight());
        let limits = Limits {
            retain: 8,
            ahead: 100,
            rivals: 2,
        };
        let forks = Forks::new(genesis, Height(0), limits);
        let mut parent = genesis;
        let mut now = Duration::ZERO;
        let mut found = Vec::new();
        for &step in steps {
            now += step;
            let forks = &forks;
            let branch = Branch { parent, forks };
            let draft = rule.draft(&branch, 0, now).expect("a miner always may");
            let header = Header::new(&parent, ReplicaId(0), draft, &[], 8);
            assert_eq!(rule.check(&header, &branch, now), Ok(()));
            found.push(draft.weight);
            parent = header;
        }
        found
    }

    #[test]
    fn a_window_retargets_to_the_interval_within_a_factor_of_four() {
        let ms = Duration::from_millis;
        let mut rule = rule();
        let first = rule.genesis_weight();
        assert_eq!(first, 5 * 110_000_000);
        // Twice too fast, then ten times too slow, then far too fast.
        let steps = [[ms(500); 4], [ms(10_000); 4], [ms(1); 4], [ms(1000); 4]].concat();
        let found = difficulties(&mut rule, &steps);
        let expected = [first, 2 * first, first / 2, 2 * first];
        for (window, expected) in found.chunks(4).zip(expected) {
            assert_eq!(window, [expected; 4]);
        }
    }

    #[test]
    fn work_counts_not_length_and_the_first_of_equals_stays() {
        let rule = rule();
        let child = |parent: &Header, weight, maker| {
            let draft = Draft {
                view: parent.height().0 + 1,
                created: Duration::ZERO,
                weight,
                anchor: Duration::ZERO,
            };
            Header::new(parent, ReplicaId(maker), draft, &[], 8)
        };
        let genesis = Header::genesis(1);
        let short = child(&genesis, 5, 0);
        let long = child(&child(&genesis, 2, 1), 2, 1);
        assert!(is_better(&rule, &short, &long) && !is_better(&rule, &long, &short));
        let equal = child(&genesis, 5, 2);
        assert!(!is_better(&rule, &short, &equal) && !is_better(&rule, &equal, &short));
    }

    #[test]
    fn a_wrong_difficulty_or_a_far_future_is_refused() {
        let rule = rule();
        let genesis = Header::genesis(rule.genesis_weight());
        let limits = Limits {
            retain: 8,
            ahead: 100,
            rivals: 2,
        };
        let forks = &Forks::new(genesis, Height(0), limits);
        let branch = Branch {
            parent: genesis,
            forks,
        };
        let judge = |weight, created| {
            let draft = Draft {
                view: 1,
                created,
                weight,
                anchor: Duration::ZERO,
            };
            let header = Header::new(&genesis, ReplicaId(1), draft, &[], 8);
            rule.check(&header, &branch, Duration::ZERO)
        };
        let right = rule.genesis_weight();
        assert_eq!(judge(right, MAX_AHEAD), Ok(()));
        assert!(judge(right - 1, MAX_AHEAD).is_err());
        assert!(judge(right, MAX_AHEAD + Duration::from_nanos(1)).is_err());
    }

    #[test]
    fn draws_have_the_mean_that_difficulty_and_rate_give() {
        let rule = rule();
        let mut word = 1;
        let mut sum = Duration::ZERO;
        let draws = 20_000;
        for _ in 0..draws {
            word = crate::block::mix(word, 7);
            sum += rule.draw(5 * 110_000_000, word);
        }
        let mean = sum.as_secs_f64() / f64::from(draws);
        assert!((4.9..5.1).contains(&mean), "{mean}");
        assert_eq!(rule.draw(1000, u64::MAX), Duration::ZERO);
    }

    #[test]
    fn energy_is_rate_times_efficiency_times_time() {
        let mut rule = rule();
        assert_eq!(rule.spent(Duration::from_secs(5), true), 0);
        // 110 TH/s at 30 J/TH are 3.3 kW; fractions of a joule are kept.
        assert_eq!(rule.spent(Duration::from_millis(15_000), true), 33_000);
        let slices = (1..=1000).map(|ms| rule.spent(Duration::from_millis(15_000 + ms), true));
        assert_eq!(slices.sum::<u64>(), 3300);
        rule.spent(Duration::from_secs(16), false);
        assert_eq!(rule.spent(Duration::from_secs(99), true), 0);
    }
}
