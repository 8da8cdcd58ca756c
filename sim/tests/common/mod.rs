//! A node that is written on the spot: closures for handlers, the log of what
//! it saw for a state.
#![allow(dead_code, missing_docs)]

use groma_sim::{
    Context, Fault, Lane, LatencyLaw, MachineId, MachineSpec, Network, Node, NodeId, Setup,
    Simulation, Span, Stop, Time,
};

/// A message: its number decides its lane, text-free so that tests stay short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(pub u64);

/// What a node saw, in words.
pub type Log = Vec<(Time, NodeId, String)>;

pub type Hook = Box<dyn FnMut(&Event, &mut Context<'_, Puppet>)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Start,
    Message(NodeId, u64),
    Timer(u64),
    Restart,
}

pub struct Puppet {
    pub hook: Hook,
    pub crashes: Vec<Time>,
}

/// Lane of a note or a timer: the thousands of its number.
pub fn lane_of(number: u64) -> Lane {
    Lane::ALL[(number / 1_000) as usize % Lane::COUNT]
}

impl Puppet {
    pub fn new(hook: impl FnMut(&Event, &mut Context<'_, Puppet>) + 'static) -> Self {
        Self {
            hook: Box::new(hook),
            crashes: Vec::new(),
        }
    }

    /// Logs what it sees and does nothing.
    pub fn silent() -> Self {
        Self::new(|_, _| {})
    }

    fn see(&mut self, event: Event, ctx: &mut Context<'_, Self>) {
        if event != Event::Start {
            ctx.emit(format!("{event:?}"));
        }
        (self.hook)(&event, ctx);
    }
}

impl Node for Puppet {
    type Message = Note;
    type Observation = String;

    fn lane(&self, message: &Note) -> Lane {
        lane_of(message.0)
    }
    fn timer_lane(&self, key: u64) -> Lane {
        lane_of(key)
    }
    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        self.see(Event::Start, ctx);
    }
    fn on_message(&mut self, from: NodeId, message: &Note, ctx: &mut Context<'_, Self>) {
        self.see(Event::Message(from, message.0), ctx);
    }
    fn on_timer(&mut self, key: u64, ctx: &mut Context<'_, Self>) {
        self.see(Event::Timer(key), ctx);
    }
    fn on_crash(&mut self, at: Time) {
        self.crashes.push(at);
    }
    fn on_restart(&mut self, ctx: &mut Context<'_, Self>) {
        self.see(Event::Restart, ctx);
    }
}

/// Free CPU, infinite interfaces.
pub const FREE: MachineSpec = MachineSpec {
    cores: 0,
    egress_bps: 0,
    ingress_bps: 0,
};

/// So many cores, infinite interfaces.
pub const fn cores(cores: u32) -> MachineSpec {
    MachineSpec { cores, ..FREE }
}

/// One machine per node, all alike, one constant latency between them.
pub fn setup(nodes: u32, machine: MachineSpec, latency: Span, faults: Vec<Fault>) -> Setup {
    Setup {
        seed: 7,
        machines: vec![machine; nodes as usize],
        placement: (0..nodes).map(MachineId).collect(),
        network: Network::uniform(nodes, LatencyLaw::Constant(latency)),
        faults,
        max_events: 1_000_000,
    }
}

/// Runs to the end and returns what was seen, as `12us 0 Timer(3)`.
pub fn play(setup: Setup, nodes: Vec<Puppet>) -> Vec<String> {
    let (log, _) = play_on(setup, nodes);
    log
}

pub fn play_on(setup: Setup, nodes: Vec<Puppet>) -> (Vec<String>, Simulation<Puppet>) {
    let mut log: Log = Vec::new();
    let mut simulation = Simulation::new(setup, nodes);
    assert_eq!(simulation.run_until(Time::MAX, &mut log), Stop::Idle);
    let lines = log
        .into_iter()
        .map(|(at, node, what)| format!("{at} {} {what}", node.0));
    (lines.collect(), simulation)
}

pub const fn us(micros: u64) -> Time {
    Time::from_nanos(micros * 1_000)
}
