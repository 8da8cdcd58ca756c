//! Machines: cores that handlers occupy and interfaces that bytes pass.
//!
//! All arithmetic is in integer nanoseconds. A machine does not know what its
//! work or its bytes are for.

use crate::time::{Span, Time};
use std::collections::VecDeque;

/// What a machine is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineSpec {
    /// Cores; 0 means that CPU is free and work takes no time.
    pub cores: u32,
    /// Egress rate in bits per second; 0 means infinite.
    pub egress_bps: u64,
    /// Ingress rate in bits per second; 0 means infinite.
    pub ingress_bps: u64,
}

/// What a machine has done from the start of the run to the moment asked
/// about. Differences between two readings are the use of the interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineUse {
    /// Core-time worked: two cores busy for 1 ms make 2 ms.
    pub cpu_busy: Span,
    /// Time during which egress transmitted.
    pub egress_busy: Span,
    /// Time during which ingress received.
    pub ingress_busy: Span,
    /// Bytes transmitted or queued for it.
    pub egress_bytes: u64,
    /// Bytes received or queued for it.
    pub ingress_bytes: u64,
    /// Messages that came to egress.
    pub egress_messages: u64,
    /// Messages that came to ingress.
    pub ingress_messages: u64,
    /// How long they waited there for those before them, all together.
    pub egress_wait: Span,
    /// The same for ingress.
    pub ingress_wait: Span,
    /// Messages lost here: at the sender those dropped by loss or a cut, at
    /// the receiver those that came for a node that was down, or were queued
    /// when it went down.
    pub dropped: u64,
}

/// A network interface in one direction: a FIFO server of bytes, or, where
/// connections share it fairly ([`crate::sharing`]), a record of what passed.
#[derive(Clone, Debug)]
pub(crate) struct Nic {
    /// Nanoseconds per byte as a reduced fraction; the numerator is 0 if the
    /// rate is infinite.
    nanos: u64,
    per_bytes: u64,
    free_at: Time,
    pub(crate) busy: Span,
    bytes: u64,
    messages: u64,
    pub(crate) wait: Span,
}

impl Nic {
    fn new(bps: u64) -> Self {
        const BITS_TIMES_NANOS: u64 = 8_000_000_000;
        let (nanos, per_bytes) = match bps {
            0 => (0, 1),
            _ => {
                let common = gcd(BITS_TIMES_NANOS, bps);
                (BITS_TIMES_NANOS / common, bps / common)
            }
        };
        Self {
            nanos,
            per_bytes,
            free_at: Time::ZERO,
            busy: Span::ZERO,
            bytes: 0,
            messages: 0,
            wait: Span::ZERO,
        }
    }

    /// How long so many bytes take: bytes * 8e9 / rate, rounded up.
    #[inline]
    pub(crate) fn transmit(&self, bytes: u64) -> Span {
        Span::nanos(match bytes.checked_mul(self.nanos) {
            Some(0) => 0,
            Some(product) if self.per_bytes == 1 => product,
            Some(product) => product.div_ceil(self.per_bytes),
            None => {
                let product = u128::from(bytes) * u128::from(self.nanos);
                let wide = product.div_ceil(u128::from(self.per_bytes));
                u64::try_from(wide).unwrap_or(u64::MAX)
            }
        })
    }

    /// Serves bytes that come now and take `span`, behind those already
    /// queued. Returns when their first bit passes.
    #[inline]
    pub(crate) fn serve(&mut self, now: Time, bytes: u64, span: Span) -> Time {
        let start = self.free_at.max(now);
        self.free_at = start + span;
        self.busy += span;
        self.count(bytes);
        self.wait += start.saturating_since(now);
        start
    }

    /// A message comes.
    #[inline]
    pub(crate) fn count(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.messages += 1;
    }

    /// Time spent transmitting until `now`. Bytes queued keep the interface
    /// busy without a gap, so what is left of them is to come.
    fn busy_until(&self, now: Time) -> Span {
        self.busy - self.free_at.saturating_since(now)
    }
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[derive(Clone, Copy, Debug)]
struct Core {
    /// When the work given to it last begins (it may be later than the clock
    /// if its handler worked or waited before) and ends.
    from: Time,
    until: Time,
    /// The node that gave it.
    holder: u32,
}

/// A machine at work.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) egress: Nic,
    pub(crate) ingress: Nic,
    pub(crate) dropped: u64,
    /// The machine's own sequence, as in a seat.
    pub(crate) last_order: u64,
    /// The order of the event at which a core frees up for a waiting lane; 0
    /// if there is none.
    pub(crate) wake: u64,
    /// Lanes (node, lane) that are free but have no core, in FIFO order.
    pub(crate) waiting: VecDeque<(u32, u32)>,
    /// Work takes this many thousandths of its nominal time.
    pub(crate) factor_permille: u64,
    cores: Vec<Core>,
    cpu_busy: Span,
}

impl Core {
    /// Gives the core work of `holder` from `from` to `until`. Work that
    /// follows without a gap counts as one; across a gap (a handler that works
    /// again after a wait) the part before it counts as done.
    #[inline]
    fn book(&mut self, holder: u32, from: Time, until: Time) {
        if self.until != from || self.holder != holder {
            self.from = from;
            self.holder = holder;
        }
        self.until = until;
    }

    /// How much of the work given to it lies after `now`.
    fn ahead(&self, now: Time) -> Span {
        self.until.saturating_since(self.from.max(now))
    }
}

impl Machine {
    pub(crate) fn new(spec: &MachineSpec, last_order: u64) -> Self {
        let idle = Core {
            from: Time::ZERO,
            until: Time::ZERO,
            holder: u32::MAX,
        };
        Self {
            egress: Nic::new(spec.egress_bps),
            ingress: Nic::new(spec.ingress_bps),
            dropped: 0,
            last_order,
            wake: 0,
            waiting: VecDeque::new(),
            factor_permille: 1_000,
            cores: vec![idle; spec.cores as usize],
            cpu_busy: Span::ZERO,
        }
    }

    /// One of the interfaces.
    pub(crate) fn nic(&mut self, ingress: bool) -> &mut Nic {
        match ingress {
            true => &mut self.ingress,
            false => &mut self.egress,
        }
    }

    /// The first core that is idle at `now`.
    #[inline]
    pub(crate) fn idle_core(&self, now: Time) -> Option<usize> {
        self.cores.iter().position(|core| core.until <= now)
    }

    /// When the next core frees up.
    pub(crate) fn next_idle(&self) -> Time {
        let ends = self.cores.iter().map(|core| core.until);
        ends.min().unwrap_or(Time::ZERO)
    }

    pub(crate) fn slowed(&self, work: Span) -> Span {
        match self.factor_permille {
            1_000 => work,
            factor => work.scaled_permille(factor),
        }
    }

    /// A handler of `holder` that runs on `core` works from `now`. Returns
    /// when it is done.
    #[inline]
    pub(crate) fn work(&mut self, core: usize, holder: u32, now: Time, work: Span) -> Time {
        let work = self.slowed(work);
        self.cpu_busy += work;
        let until = now + work;
        self.cores[core].book(holder, now, until);
        until
    }

    /// The same for `items` equal pieces, spread over `core` and those that
    /// are idle at `now` while no lane waits for one. Returns when the last
    /// piece is done. Only as many cores are taken as shorten the work, and
    /// each is held for its own share.
    pub(crate) fn work_parallel(
        &mut self,
        core: usize,
        holder: u32,
        now: Time,
        items: u32,
        each: Span,
    ) -> Time {
        match items {
            0 => return now,
            1 => return self.work(core, holder, now, each),
            _ => {}
        }
        let each = self.slowed(each);
        let idle = |(index, other): (usize, &Core)| index != core && other.until <= now;
        let helpers = match self.waiting.is_empty() {
            true => self.cores.iter().enumerate().filter(|&c| idle(c)).count() as u32,
            false => 0,
        };
        let rounds = items.div_ceil(helpers.saturating_add(1));
        let workers = items.div_ceil(rounds);
        let (share, longer) = (items / workers, items % workers);
        let until = now + each * u64::from(rounds);
        self.cpu_busy += each * u64::from(items);
        self.cores[core].book(holder, now, until);
        let mut worker = 1;
        for (index, other) in self.cores.iter_mut().enumerate() {
            if worker == workers {
                break;
            }
            if idle((index, other)) {
                let pieces = share + u32::from(worker < longer);
                other.book(holder, now, now + each * u64::from(pieces));
                worker += 1;
            }
        }
        until
    }

    /// The processes of `holder` died: its cores are idle and the rest of
    /// their work is not done.
    pub(crate) fn abandon(&mut self, holder: u32, now: Time) {
        for core in &mut self.cores {
            if core.holder == holder && core.until > now {
                self.cpu_busy = self.cpu_busy.saturating_sub(core.ahead(now));
                core.until = now;
            }
        }
    }

    /// What was done until `now`. Work is booked when a handler starts, so
    /// what lies ahead is taken off.
    pub(crate) fn usage(&self, now: Time) -> MachineUse {
        let ahead: Span = self.cores.iter().map(|core| core.ahead(now)).sum();
        MachineUse {
            cpu_busy: self.cpu_busy.saturating_sub(ahead),
            egress_busy: self.egress.busy_until(now),
            ingress_busy: self.ingress.busy_until(now),
            egress_bytes: self.egress.bytes,
            ingress_bytes: self.ingress.bytes,
            egress_messages: self.egress.messages,
            ingress_messages: self.ingress.messages,
            egress_wait: self.egress.wait,
            ingress_wait: self.ingress.wait,
            dropped: self.dropped,
        }
    }
}
