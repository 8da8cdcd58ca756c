//! Contract signing (docs/sources.md W9): firms and citizens draft contracts, invite two to four to sign,
//! who do so one after the other; then the contract is completed and exported as evidence.
//!
//! Drafters are firms by Zipf's law, and now and then citizens; any firm or citizen signs. Contracts are
//! remembered in bounded lists and followed up once the lag has passed; a stock exists at genesis, and
//! should a list run dry all the same, a contract is drafted instead.
//!
//! Attackers sign for others, sign another text, sign twice, change who is to sign, and complete or export
//! what not all have signed. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::contract::{ContractId, ContractTx, PARTIES};
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::cycle::{Cycle, digest};
use crate::parents::Parents;
use crate::people::People;
use crate::population::{Chance, Sampler, Skew, Weighted, below};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In per cent (W9 names the steps and 2 to 4 signatures; the rest is an estimate): draft, invite, sign,
/// complete, revoke, export. Of three signatures on average a little fewer than three are made.
pub(crate) const MIX: Weighted<6> = Weighted::new([14, 14, 40, 12, 1, 19]);
/// Its place in the mix.
pub(crate) const SIGN: usize = 2;
/// Bytes on the wire (W9).
const WIRE_BYTES: usize = 520;
/// Firms draft most contracts (estimate), by Zipf's law with 0.99, the catalogue's default.
const FIRM_SHARE: f64 = 0.8;
const FIRM_SKEW: Skew = Skew::Zipf { theta: 0.99 };
/// The most that are invited.
const MOST: usize = *PARTIES.end();
/// Contracts remembered per list.
const REMEMBERED: usize = 1 << 15;
/// Ended contracts remembered for attacks.
const ENDED: usize = 1 << 12;

/// A contract as its parties know it.
#[derive(Clone, Copy, Debug)]
struct Paper {
    contract: ContractId,
    digest: [u8; 32],
    parties: [AccountId; MOST],
    invited: u8,
    /// The first so many have signed.
    signed: u8,
}

impl Paper {
    fn parties(&self) -> &[AccountId] {
        &self.parties[..usize::from(self.invited)]
    }

    /// Who signs next.
    fn next(&self) -> AccountId {
        self.parties[usize::from(self.signed)]
    }
}

/// The workload "contracts".
#[derive(Debug)]
pub struct Contracts {
    people: People,
    stock: u32,
    firms: Sampler,
    of_firm: Chance,
    numbers: u64,
    drafted: Parents<Paper>,
    /// Somebody has to sign.
    open: Parents<Paper>,
    signed: Parents<Paper>,
    complete: Parents<Paper>,
    revoked: Parents<Paper>,
}

impl Contracts {
    /// The contracts of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let firms = u64::from(setup.people.firms());
        let mut contracts = Self {
            people: setup.people,
            stock: setup.stock,
            firms: Sampler::new(firms, FIRM_SKEW).expect("there are firms"),
            of_firm: Chance::new(FIRM_SHARE),
            numbers: u64::from(setup.stock),
            drafted: Parents::new(setup.lag, REMEMBERED),
            open: Parents::new(setup.lag, REMEMBERED),
            signed: Parents::new(setup.lag, REMEMBERED),
            complete: Parents::new(setup.lag, REMEMBERED),
            revoked: Parents::new(setup.lag, ENDED),
        };
        for (paper, shelf) in stock::papers(setup.people, setup.stock) {
            match shelf {
                stock::Shelf::Drafted => contracts.drafted.stock(paper),
                stock::Shelf::Open => contracts.open.stock(paper),
                stock::Shelf::Signed => contracts.signed.stock(paper),
                stock::Shelf::Complete => contracts.complete.stock(paper),
            }
        }
        contracts
    }

    fn draft(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drafter = self.drafter(rng);
        self.numbers += 1;
        let number = self.numbers;
        let digest = digest(rng);
        let least = *PARTIES.start();
        let invited = least + below(rng, (MOST - least + 1) as u64) as usize;
        let mut parties = [drafter; MOST];
        for place in 0..invited {
            parties[place] = self.people.anybody_but(&parties[..place], rng);
        }
        let paper = Paper {
            contract: ContractId { drafter, number },
            digest,
            parties,
            invited: invited as u8,
            signed: 0,
        };
        self.drafted.push(now, paper);
        draft(drafter, ContractTx::Draft { number, digest })
    }

    fn invite(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.drafted.take(now, rng)?;
        self.open.push(now, paper);
        Some(invitation(&paper, paper.parties()))
    }

    fn sign(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.open.take(now, rng)?;
        let next = Paper {
            signed: paper.signed + 1,
            ..paper
        };
        let list = match next.signed == next.invited {
            true => &mut self.signed,
            false => &mut self.open,
        };
        list.push(now, next);
        Some(signature(&paper, paper.next(), paper.digest))
    }

    fn complete(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.signed.take(now, rng)?;
        self.complete.push(now, paper);
        Some(completion(&paper))
    }

    fn revoke(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.open.take(now, rng)?;
        self.revoked.push(now, paper);
        Some(revocation(&paper, paper.next()))
    }

    fn export(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = *self.complete.look(now, rng)?;
        let party = paper.parties()[below(rng, u64::from(paper.invited)) as usize];
        let mut digest = paper.digest;
        digest[0] ^= u8::from(wrong);
        Some(exported(&paper, party, digest))
    }

    fn drafter(&self, rng: &mut dyn Rng) -> AccountId {
        if !self.of_firm.draw(rng) {
            return self.people.any_citizen(rng);
        }
        let firm = self.firms.draw(rng) as u32;
        self.people.any_terminal(firm, rng)
    }
}

fn invitation(paper: &Paper, parties: &[AccountId]) -> Draft {
    let tx = ContractTx::Invite {
        number: paper.contract.number,
        parties: parties.into(),
    };
    draft(paper.contract.drafter, tx)
}

fn signature(paper: &Paper, signer: AccountId, digest: [u8; 32]) -> Draft {
    let contract = paper.contract;
    draft(signer, ContractTx::Sign { contract, digest })
}

fn completion(paper: &Paper) -> Draft {
    let ContractId { drafter, number } = paper.contract;
    draft(drafter, ContractTx::Complete { number })
}

fn revocation(paper: &Paper, sender: AccountId) -> Draft {
    let contract = paper.contract;
    draft(sender, ContractTx::Revoke { contract })
}

fn exported(paper: &Paper, sender: AccountId, digest: [u8; 32]) -> Draft {
    let contract = paper.contract;
    draft(sender, ContractTx::Export { contract, digest })
}

fn draft(sender: AccountId, tx: ContractTx) -> Draft {
    Draft::sized(sender, Body::Contract(tx), WIRE_BYTES)
}

impl Cycle for Contracts {
    const NAME: &'static str = "contracts";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.invite(now, rng),
            2 => self.sign(now, rng),
            3 => self.complete(now, rng),
            4 => self.revoke(now, rng),
            _ => self.export(now, false, rng),
        };
        drawn.unwrap_or_else(|| self.draft(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        // The tax bureau has to do with no contract.
        let stranger = self.people.any_tax(rng);
        match below(rng, 7) {
            0 => {
                let paper = *self.open.look(now, rng)?;
                Some(signature(&paper, stranger, paper.digest))
            }
            1 => {
                let paper = *self.open.look(now, rng)?;
                let mut digest = paper.digest;
                digest[0] ^= 1;
                Some(signature(&paper, paper.next(), digest))
            }
            2 => {
                let paper = *self.signed.look(now, rng)?;
                Some(signature(&paper, paper.parties[0], paper.digest))
            }
            3 => {
                // Somebody else is to sign in the place of the last.
                let mut paper = *self.open.look(now, rng)?;
                paper.parties[usize::from(paper.invited) - 1] = stranger;
                Some(invitation(&paper, paper.parties()))
            }
            4 => Some(completion(self.open.look(now, rng)?)),
            5 => {
                let paper = *self.open.look(now, rng)?;
                Some(exported(&paper, paper.next(), paper.digest))
            }
            _ => {
                let paper = *self.revoked.look(now, rng)?;
                Some(signature(&paper, paper.next(), paper.digest))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 4) {
            // Nobody signs with himself.
            0 => {
                let paper = *self.drafted.look(now, rng)?;
                Some(invitation(&paper, &paper.parties[..1]))
            }
            1 => {
                let paper = *self.open.look(now, rng)?;
                let (number, digest) = (paper.contract.number, paper.digest);
                let drafter = paper.contract.drafter;
                Some(draft(drafter, ContractTx::Draft { number, digest }))
            }
            2 => {
                let paper = *self.open.look(now, rng)?;
                Some(revocation(&paper, self.people.any_tax(rng)))
            }
            _ => self.export(now, true, rng),
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(state)
    }
}
