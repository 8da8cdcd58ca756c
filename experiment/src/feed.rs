//! The city's load, dealt to the gateways.
//!
//! Transactions are drawn in the order of their intended times, whatever the
//! replicas do (open loop): those of the load, and on top of them what a workload has due by the
//! clock. They are dealt to the gateway of their sender's region.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::mix;
use groma_ledger::{AccountId, Keyring, SignedTransaction, Transaction};
use groma_sim::{Stream, Time};
use groma_workloads::trace::Asked;
use groma_workloads::{Arrival, Arrivals, City, Intent};

use crate::wire::GatewayId;

/// A transaction and the time at which it is meant to be sent.
#[derive(Clone, Debug)]
pub struct Intended {
    /// When.
    pub at: Time,
    /// What.
    pub tx: Arc<SignedTransaction>,
    /// What its author means by it; no replica learns it.
    pub meant: Intent,
}

/// Which gateway serves an account: regions weigh by their people, or by their replicas
/// where nobody says who lives where.
#[derive(Clone, Debug)]
pub struct Homes {
    /// Cumulative weights of the gateways, in thousandths of their region's.
    cumulative: Vec<u64>,
}

impl Homes {
    /// Gateways with their weights, in index order.
    ///
    /// # Panics
    /// When there is no gateway or no weight.
    #[must_use]
    pub fn new(weights: &[u64]) -> Self {
        let mut total = 0;
        let cumulative: Vec<u64> = weights
            .iter()
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        assert!(total > 0, "a run has at least one gateway with a weight");
        Self { cumulative }
    }

    /// The gateway of an account; the same one for the whole run.
    #[must_use]
    pub fn of(&self, account: AccountId) -> GatewayId {
        let total = *self.cumulative.last().expect("there is a gateway");
        let spot = mix(0x686f_6d65, account.0) % total;
        let index = self.cumulative.partition_point(|&end| end <= spot);
        GatewayId(u32::try_from(index).expect("gateways are few"))
    }
}

/// The source of all transactions of a run.
pub struct Feed {
    city: City<Stream>,
    arrivals: Option<Arrivals<Stream>>,
    /// The next arrival, once it is known.
    ahead: Option<Arrival>,
    /// When the load ends, and with it what is due by the clock.
    end: Duration,
    keyring: Arc<Keyring>,
    homes: Homes,
    queues: Vec<VecDeque<Intended>>,
    drawn: u64,
    /// Bytes of one request; 0: those of the workload's transactions.
    request_bytes: u32,
    /// By phase, what each row of its trace asks for.
    requests: Vec<Vec<Asked>>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Feed")
            .field("gateways", &self.queues.len())
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// A feed at time zero.
    #[must_use]
    pub fn new(
        city: City<Stream>,
        (arrivals, end): (Option<Arrivals<Stream>>, Duration),
        keyring: Arc<Keyring>,
        homes: Homes,
        request_bytes: u32,
        requests: Vec<Vec<Asked>>,
    ) -> Self {
        let queues = vec![VecDeque::new(); homes.cumulative.len()];
        Self {
            city,
            arrivals,
            ahead: None,
            end,
            keyring,
            homes,
            queues,
            drawn: 0,
            request_bytes,
            requests,
        }
    }

    /// When the next open-loop transaction of a gateway is meant to be sent.
    pub fn next_at(&mut self, gateway: GatewayId) -> Option<Time> {
        let queue = gateway.0 as usize;
        while self.queues[queue].is_empty() {
            let intended = self.upcoming()?;
            let home = self.homes.of(intended.tx.transaction.sender);
            self.queues[home.0 as usize].push_back(intended);
        }
        self.queues[queue].front().map(|intended| intended.at)
    }

    /// The next transaction of the open loop: what people do at the times of the load, and in between
    /// what is due by the clock.
    fn upcoming(&mut self) -> Option<Intended> {
        if self.ahead.is_none() {
            self.ahead = self.arrivals.as_mut().and_then(Iterator::next);
        }
        let until = self.ahead.map_or(self.end, |arrival| arrival.at);
        if let Some((at, transaction)) = self.city.due_before(until) {
            return Some(self.sign(at, transaction, Intent::Honest));
        }
        let arrival = self.ahead.take()?;
        let row = arrival.row;
        let asked = row.and_then(|row| self.requests.get(arrival.phase)?.get(row).copied());
        Some(self.draw(arrival.at, asked))
    }

    /// Takes the next open-loop transaction of a gateway that is due by `now`.
    pub fn take_due(&mut self, gateway: GatewayId, now: Time) -> Option<Intended> {
        let at = self.next_at(gateway)?;
        if at > now {
            None
        } else {
            self.queues[gateway.0 as usize].pop_front()
        }
    }

    /// Draws a transaction now, for a closed loop.
    pub fn draw_now(&mut self, now: Time) -> Intended {
        self.draw(now.since_start(), None)
    }

    fn draw(&mut self, at: Duration, asked: Option<Asked>) -> Intended {
        let (transaction, meant) = match asked {
            None => self.city.next_meant(at),
            Some(asked) => {
                let drawn = self.city.next_asked(at, &asked);
                drawn.expect("a plan's trace asks for parts of its mix")
            }
        };
        self.sign(at, transaction, meant)
    }

    fn sign(&mut self, at: Duration, transaction: Transaction, meant: Intent) -> Intended {
        self.drawn += 1;
        let mut tx = self.keyring.sign(transaction);
        if self.request_bytes > 0 {
            tx.wire_bytes = self.request_bytes;
        }
        Intended {
            at: Time::from_duration(at),
            tx: Arc::new(tx),
            meant,
        }
    }

    /// Open-loop transactions that the load called for and no gateway has taken.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.queues.iter().map(|queue| queue.len() as u64).sum()
    }

    /// Transactions drawn so far, open loop and closed.
    #[must_use]
    pub fn drawn(&self) -> u64 {
        self.drawn
    }

    /// The law of the workload, checked in a state.
    ///
    /// # Errors
    /// The breach, with the law's name.
    pub fn check(&self, state: &groma_ledger::State) -> Result<u64, groma_workloads::Breach> {
        self.city.workload().check(state)
    }
}
