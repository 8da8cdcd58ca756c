//! Chains without votes: who makes a block when, how it spreads, and which
//! branch each node follows.
//!
//! All know all. A block goes to all at once, and whoever follows one that came
//! passes it on to all but the sender: each message takes a delay of its own, and
//! none overtakes another on its connection. The heaviest branch is followed; of
//! equal ones, the first seen. What is deep enough on it is final.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Draws, Law};

/// Who makes a block when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lottery {
    /// Miners of equal power, who find a block in so many milliseconds on average
    /// all together (Nakamoto).
    Work {
        /// Mean time between two blocks that somebody finds.
        interval_ms: u32,
    },
    /// Slots, some of which have a maker or several (Praos).
    Slots {
        /// Length of a slot.
        slot_ms: u32,
        /// Slots with a maker, per thousand.
        active: u32,
    },
    /// Turns, with weight 2 at once; the others with weight 1 after a wiggle, each
    /// one block in n / 2 + 1 (Clique). Of equal branches the shorter is followed,
    /// then the one whose signer's turn is longer ago, then either (EIP-3436).
    Turns {
        /// Least time between the dates of two blocks.
        period_ms: u32,
        /// Longest wiggle, for each of n / 2 + 1 signers.
        wiggle_ms: u32,
    },
}

/// Heights before the first that counts.
const WARM_UP: u32 = 64;

/// What became of the blocks of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    /// Mean from a block's date to its finality at a majority, in nanoseconds.
    pub(super) final_ns: f64,
    /// Blocks off the chain, of those made.
    pub(super) stale_share: f64,
}

/// A chain of so many `heights`, on which a block is final with `deep` blocks,
/// itself counted.
pub(super) fn fate(
    n: usize,
    lottery: Lottery,
    (deep, heights): (u32, u32),
    law: &Law,
    draws: &mut Draws,
) -> Fate {
    let mut mesh = Mesh::new(n, lottery, deep, law, draws);
    while mesh.blocks[mesh.highest].height < heights && mesh.step() {}
    let made = (mesh.blocks.len() - 1) as f64;
    Fate {
        final_ns: mesh.waited / f64::from(mesh.counted),
        stale_share: 1.0 - f64::from(mesh.blocks[mesh.highest].height) / made,
    }
}

struct Block {
    parent: usize,
    height: u32,
    /// Of the branch with this block.
    weight: u64,
    maker: usize,
    date: f64,
    /// What stands for its name where only names are left to tell.
    name: f64,
}

struct Member {
    /// The block that it follows, by its place among all blocks.
    tip: usize,
    /// Blocks that it holds with all below them.
    holds: Vec<bool>,
    /// Blocks that came before their parents, and from whom.
    early: Vec<(usize, usize)>,
    /// Plans of blocks so far: only the last one counts.
    plans: u32,
    /// The date of the block that is planned.
    date: f64,
    /// When the last message on the way to each of the others arrives.
    arrives: Vec<f64>,
    /// The last height that is final here.
    final_height: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Comes { block: usize, from: usize },
    Makes { plan: u32 },
}

struct Mesh<'a> {
    lottery: Lottery,
    deep: u32,
    law: &'a Law,
    draws: &'a mut Draws,
    /// The first stands for what all begin with.
    blocks: Vec<Block>,
    highest: usize,
    members: Vec<Member>,
    /// By time, whose bits sort as it does, then in order of their making.
    events: BinaryHeap<Reverse<(u64, u64, usize, What)>>,
    sent: u64,
    /// Members at which each height is final.
    finals: Vec<usize>,
    waited: f64,
    counted: u32,
}

impl<'a> Mesh<'a> {
    fn new(n: usize, lottery: Lottery, deep: u32, law: &'a Law, draws: &'a mut Draws) -> Self {
        let member = || Member {
            tip: 0,
            holds: vec![true],
            early: Vec::new(),
            plans: 0,
            date: 0.0,
            arrives: vec![0.0; n],
            final_height: 0,
        };
        let mut mesh = Self {
            lottery,
            deep,
            law,
            draws,
            blocks: vec![Block {
                parent: 0,
                height: 0,
                weight: 0,
                maker: 0,
                date: 0.0,
                name: 0.0,
            }],
            highest: 0,
            members: (0..n).map(|_| member()).collect(),
            events: BinaryHeap::new(),
            sent: 0,
            finals: Vec::new(),
            waited: 0.0,
            counted: 0,
        };
        (0..n).for_each(|node| mesh.plan(node, 0.0));
        mesh
    }

    /// The next event; `false` when nothing will happen any more.
    fn step(&mut self) -> bool {
        let Some(Reverse((at, _, node, what))) = self.events.pop() else {
            return false;
        };
        let at = f64::from_bits(at);
        match what {
            What::Comes { block, from } => self.comes(node, block, from, at),
            What::Makes { plan } if plan == self.members[node].plans => self.make(node, at),
            What::Makes { .. } => {}
        }
        true
    }

    fn happens(&mut self, at: f64, node: usize, what: What) {
        self.sent += 1;
        let event = (at.to_bits(), self.sent, node, what);
        self.events.push(Reverse(event));
    }

    /// When a member makes a block on the branch that it follows, if it may.
    fn plan(&mut self, node: usize, now: f64) {
        self.members[node].plans += 1;
        let n = self.members.len();
        let at = match self.lottery {
            Lottery::Work { interval_ms } => {
                let mean = 1e6 * f64::from(interval_ms) * n as f64;
                let at = now - mean * (1.0 - self.draws.unit()).ln();
                self.members[node].date = at;
                at
            }
            Lottery::Slots { slot_ms, active } => {
                // Its slots do not depend on what it follows.
                let slot = 1e6 * f64::from(slot_ms);
                let none = (1.0 - f64::from(active) / 1e3).ln() / n as f64;
                while self.members[node].date <= now {
                    let misses = ((1.0 - self.draws.unit()).ln() / none).floor();
                    self.members[node].date += slot * (1.0 + misses);
                }
                self.members[node].date
            }
            Lottery::Turns { .. } if self.signed_lately(node) => return,
            Lottery::Turns {
                period_ms,
                wiggle_ms,
            } => {
                let tip = &self.blocks[self.members[node].tip];
                let date = now.max(tip.date + 1e6 * f64::from(period_ms));
                let longest = 1e6 * f64::from(wiggle_ms) * (n / 2 + 1) as f64;
                let wiggle = match tip.height as usize + 1 {
                    next if next % n == node => 0.0,
                    _ => longest * self.draws.unit(),
                };
                self.members[node].date = date;
                date + wiggle
            }
        };
        let plan = self.members[node].plans;
        self.happens(at, node, What::Makes { plan });
    }

    fn signed_lately(&self, node: usize) -> bool {
        let mut at = self.members[node].tip;
        (0..self.members.len() / 2).any(|_| {
            let block = &self.blocks[at];
            at = block.parent;
            block.height > 0 && block.maker == node
        })
    }

    fn make(&mut self, node: usize, now: f64) {
        let (parent, date) = (self.members[node].tip, self.members[node].date);
        let (height, n) = (self.blocks[parent].height + 1, self.members.len());
        if matches!(self.lottery, Lottery::Slots { .. }) && self.blocks[parent].date >= now {
            // Another block of its slot is here already.
            return self.plan(node, now);
        }
        let adds = match self.lottery {
            Lottery::Turns { .. } if height as usize % n == node => 2,
            _ => 1,
        };
        let block = self.blocks.len();
        self.blocks.push(Block {
            parent,
            height,
            weight: self.blocks[parent].weight + adds,
            maker: node,
            date,
            name: self.draws.unit(),
        });
        for member in &mut self.members {
            member.holds.push(false);
        }
        if height > self.blocks[self.highest].height {
            self.highest = block;
        }
        self.comes(node, block, node, now);
    }

    /// A block is here, and counts once those below it are.
    fn comes(&mut self, node: usize, block: usize, from: usize, now: f64) {
        let member = &mut self.members[node];
        if member.holds[block] {
            return;
        }
        if !member.holds[self.blocks[block].parent] {
            return member.early.push((block, from));
        }
        member.holds[block] = true;
        if self.is_better(block, self.members[node].tip) {
            self.follow(node, block, from, now);
        }
        let waiting = std::mem::take(&mut self.members[node].early);
        for (early, from) in waiting {
            self.comes(node, early, from, now);
        }
    }

    fn is_better(&self, new: usize, old: usize) -> bool {
        let (new, old) = (&self.blocks[new], &self.blocks[old]);
        let n = self.members.len();
        let since_turn = |block: &Block| (block.height as usize + n - block.maker) % n;
        let earlier = |block: &Block| (block.height, Reverse(since_turn(block)));
        match (self.lottery, new.weight == old.weight) {
            (_, false) => new.weight > old.weight,
            (Lottery::Turns { .. }, true) if earlier(new) == earlier(old) => new.name < old.name,
            (Lottery::Turns { .. }, true) => earlier(new) < earlier(old),
            (_, true) => false,
        }
    }

    fn follow(&mut self, node: usize, block: usize, from: usize, now: f64) {
        self.members[node].tip = block;
        for to in (0..self.members.len()).filter(|&to| to != node && to != from) {
            let came = now + self.law.draw(self.draws);
            let last = &mut self.members[node].arrives[to];
            *last = last.max(came);
            let at = *last;
            self.happens(at, to, What::Comes { block, from: node });
        }
        while self.members[node].final_height + self.deep <= self.blocks[block].height {
            self.members[node].final_height += 1;
            self.count_final(self.members[node].final_height, block, now);
        }
        self.plan(node, now);
    }

    /// A height is final at one more member, which follows `tip`.
    fn count_final(&mut self, height: u32, tip: usize, now: f64) {
        if self.finals.len() <= height as usize {
            self.finals.resize(height as usize + 1, 0);
        }
        self.finals[height as usize] += 1;
        let majority = self.members.len() / 2 + 1;
        if self.finals[height as usize] == majority && height > WARM_UP {
            let mut block = &self.blocks[tip];
            while block.height > height {
                block = &self.blocks[block.parent];
            }
            self.waited += now - block.date;
            self.counted += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of blocks that take so many milliseconds to each of the others.
    fn constant(n: usize, lottery: Lottery, deep: u32, heights: u32, ms: f64) -> (f64, f64) {
        let (low, high) = (1e6 * ms, 1e6 * ms);
        let law = Law::Uniform { low, high };
        let fate = fate(n, lottery, (deep, heights), &law, &mut Draws::new(5));
        (fate.final_ns / 1e6, fate.stale_share)
    }

    fn assert_near(found: f64, expected: f64, share: f64) {
        assert!(
            (found / expected - 1.0).abs() < share,
            "{found} for {expected}"
        );
    }

    #[test]
    fn turns_far_above_the_delay_have_closed_forms() {
        let lottery = Lottery::Turns {
            period_ms: 100,
            wiggle_ms: 100,
        };
        // One alone has every turn and hears itself at once.
        let (ms, stale) = constant(1, lottery, 4, 500, 10.0);
        assert!((ms - 300.0).abs() < 1e-6 && stale.abs() < 1e-9);
        // Of seven, three others may sign, and do before they hear of the block in
        // turn with a chance of 10 / 400. What they sign weighs less and is left.
        let (ms, stale) = constant(7, lottery, 4, 10_000, 10.0);
        assert!((ms - 310.0).abs() < 1e-6, "{ms}");
        let rivals = 3.0 * 10.0 / 400.0;
        assert_near(stale, rivals / (1.0 + rivals), 0.12);
    }

    #[test]
    fn slots_longer_than_the_delay_have_closed_forms() {
        let lottery = Lottery::Slots {
            slot_ms: 20,
            active: 400,
        };
        let (ms, stale) = constant(7, lottery, 6, 20_000, 10.0);
        assert_near(ms, 5.0 * 20.0 / 0.4 + 10.0, 0.02);
        let makers = 7.0 * (1.0 - 0.6_f64.powf(1.0 / 7.0));
        assert_near(stale, 1.0 - 0.4 / makers, 0.03);
    }

    #[test]
    fn few_blocks_are_stale_when_the_delay_is_short() {
        // The others look on where they were for one delay.
        let lottery = Lottery::Work { interval_ms: 500 };
        let (ms, stale) = constant(7, lottery, 6, 30_000, 10.0);
        let rivals = 6.0 / 7.0 * 10.0 / 500.0;
        assert_near(stale, rivals, 0.15);
        assert_near(ms, 5.0 * 500.0 * (1.0 + rivals) + 10.0, 0.02);
    }

    #[test]
    fn many_miners_add_a_delay_to_each_interval() {
        // Hardly anybody finds two blocks within one delay: the next height
        // begins when its parent is everywhere.
        let lottery = Lottery::Work { interval_ms: 10 };
        let (ms, stale) = constant(32, lottery, 6, 2_000, 10.0);
        assert_near(stale, 0.5, 0.06);
        assert_near(ms, 5.0 * 20.0 + 10.0, 0.06);
    }
}
