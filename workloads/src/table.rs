//! The table of workloads: the one place that knows them all.

use crate::addresses::Addresses;
use crate::arrivals::MilliTps;
use crate::blobs::Blobs;
use crate::components::Components;
use crate::contracts::Contracts;
use crate::copyrights::Copyrights;
use crate::credit::Credit;
use crate::cycle::Living;
use crate::dapps::{Diablo, Dota, Fifa, Nasdaq, Twitter, Uber, Youtube};
use crate::directory::Directory;
use crate::donations::Donations;
use crate::drafts::Drafts;
use crate::evidence::{self, Evidence};
use crate::identity::Identity;
use crate::invoices::Invoices;
use crate::medical::Medical;
use crate::micro::{CpuHeavy, DoNothing, IoHeavy};
use crate::mortgages::Mortgages;
use crate::payments::{Payments, Transfers};
use crate::receivables::Receivables;
use crate::red_packets::RedPackets;
use crate::remittances::Remittances;
use crate::smallbank::{Blockbench, Hotspot, Original, SmallBank};
use crate::tpcc::Tpcc;
use crate::traceability::Traceability;
use crate::workload::{Workload, WorkloadEntry, WorkloadSetup};
use crate::ycsb::Ycsb;

const fn entry(
    name: &'static str,
    source: &'static str,
    summary: &'static str,
    build: fn(&WorkloadSetup) -> Box<dyn Workload>,
) -> WorkloadEntry {
    WorkloadEntry {
        name,
        source,
        summary,
        build,
        by_clock: MilliTps::ZERO,
    }
}

impl WorkloadEntry {
    /// The same with so much by the clock.
    const fn by_clock(self, by_clock: MilliTps) -> Self {
        Self { by_clock, ..self }
    }
}

/// Every workload that there is, by name.
pub const WORKLOADS: &[WorkloadEntry] = &[
    entry(
        "addresses",
        "docs/sources.md W13",
        "who sits where: 85 % queries, hot buildings, limits, joint changes; 240-420 B",
        |setup| Living::boxed(setup, Addresses::new(setup)),
    ),
    entry(
        "blobs",
        "the load of published measurements of consensus",
        "opaque transactions of 512 B each that change no balance",
        |setup| Box::new(Blobs::new(setup)),
    ),
    entry(
        "components",
        "docs/sources.md W19",
        "roads, pipes and buildings with their histories; readings in bulk; 280 B each",
        |setup| Living::boxed(setup, Components::new(setup)),
    ),
    entry(
        "contracts",
        "docs/sources.md W9",
        "contracts that two to four sign, and exports as evidence; 520 B each",
        |setup| Living::boxed(setup, Contracts::new(setup)),
    ),
    entry(
        "copyrights",
        "docs/sources.md W17",
        "works: shares that come to the whole, licenses of hits, royalties split; 450 B each",
        |setup| Living::boxed(setup, Copyrights::new(setup)),
    ),
    entry(
        "cpuheavy",
        "docs/sources.md BLOCKBENCH",
        "each transaction sorts 10,000 numbers",
        |setup| Living::boxed(setup, CpuHeavy::new(setup)),
    ),
    entry(
        "credit",
        "docs/sources.md W2",
        "credit records: 50 departments report, 30 banks query by consent; 240-600 B",
        |setup| Box::new(Credit::new(setup)),
    ),
    entry(
        "directory",
        "docs/sources.md W3",
        "data of 69 agencies: both agree, digests arrive, ranges are read; 250-20,000 B",
        |setup| Living::boxed(setup, Directory::new(setup)),
    ),
    entry(
        "donations",
        "docs/sources.md W10",
        "donations to one project, on one counter; allocated, paid out, shown; 220-360 B",
        |setup| Living::boxed(setup, Donations::<1>::new(setup)),
    ),
    entry(
        "donations-sharded",
        "docs/sources.md W10",
        "the same on 16 counters a project, of which each donor uses one; 220-360 B",
        |setup| Living::boxed(setup, Donations::<16>::new(setup)),
    ),
    entry(
        "donothing",
        "docs/sources.md BLOCKBENCH",
        "empty calls: what consensus and the ledger cost by themselves",
        |setup| Living::boxed(setup, DoNothing::new(setup)),
    ),
    entry(
        "dota",
        "docs/sources.md Diablo",
        "a game: each call moves ten players, all in the same 20 slots",
        |setup| Living::boxed(setup, Diablo::<Dota>::new(setup)),
    ),
    entry(
        "drafts",
        "docs/sources.md W6",
        "bank drafts: endorsed up to ten times, discounted, paid or refused; 520 B each",
        |setup| Living::boxed(setup, Drafts::new(setup)),
    ),
    entry(
        "evidence",
        "docs/sources.md W4",
        "judicial evidence: digests in batches, notaries, 21 courts, 22 chains; 262-582 B",
        |setup| Living::boxed(setup, Evidence::new(setup)),
    )
    .by_clock(evidence::BY_CLOCK),
    entry(
        "fifa",
        "docs/sources.md Diablo",
        "one counter that everybody increments",
        |setup| Living::boxed(setup, Diablo::<Fifa>::new(setup)),
    ),
    entry(
        "identity",
        "docs/sources.md W18",
        "identities: keys rotated and revoked, attributes shown field by field; 320 B each",
        |setup| Living::boxed(setup, Identity::new(setup)),
    ),
    entry(
        "invoices",
        "docs/sources.md W1",
        "e-invoices from quota to reimbursement; one issuer has 10 %; 220-1,440 B",
        |setup| Box::new(Invoices::new(setup)),
    ),
    entry(
        "ioheavy",
        "docs/sources.md BLOCKBENCH",
        "each transaction writes or scans 100 pairs of 20 B and 100 B",
        |setup| Living::boxed(setup, IoHeavy::new(setup)),
    ),
    entry(
        "medical",
        "docs/sources.md W11",
        "medical records in envelopes: consent, referral, emergency, deletion; 260-4,600 B",
        |setup| Living::boxed(setup, Medical::new(setup)),
    ),
    entry(
        "mortgages",
        "docs/sources.md W7",
        "chattel mortgages: liens by rank, searched five times as often; 240-520 B",
        |setup| Living::boxed(setup, Mortgages::new(setup)),
    ),
    entry(
        "nasdaq",
        "docs/sources.md Diablo",
        "an exchange of five stocks, five hot counters",
        |setup| Living::boxed(setup, Diablo::<Nasdaq>::new(setup)),
    ),
    entry(
        "payments",
        "docs/sources.md W14",
        "retail transfers to shops and people, and refunds; 280 B each",
        |setup| Living::boxed(setup, Payments::new(setup)),
    ),
    entry(
        "receivables",
        "docs/sources.md W5",
        "what core firms owe: passed down five tiers, split, discounted, settled; 650 B",
        |setup| Living::boxed(setup, Receivables::new(setup)),
    ),
    entry(
        "red-packets",
        "docs/sources.md W14",
        "payments on New Year's Eve: a fifth are split among 2 to 63 people; 280-780 B",
        |setup| Living::boxed(setup, RedPackets::new(setup)),
    ),
    entry(
        "remittances",
        "docs/sources.md W12",
        "cross-border payments locked by hash and time, released or refunded; 280-420 B",
        |setup| Living::boxed(setup, Remittances::new(setup)),
    ),
    entry(
        "smallbank",
        "docs/sources.md SmallBank",
        "six operations on a million customers; money is conserved",
        |setup| Living::boxed(setup, SmallBank::<Original>::new(setup)),
    ),
    entry(
        "smallbank-blockbench",
        "docs/sources.md SmallBank",
        "as BLOCKBENCH runs it, faults included: uniform, amounts of zero",
        |setup| Living::boxed(setup, SmallBank::<Blockbench>::new(setup)),
    ),
    entry(
        "smallbank-hotspot",
        "docs/sources.md SmallBank",
        "smallbank, with 90 % on a hundred customers",
        |setup| Living::boxed(setup, SmallBank::<Hotspot>::new(setup)),
    ),
    entry(
        "tpcc",
        "docs/sources.md TPC-C",
        "order entry over 100 warehouses; 1 % of orders are rolled back",
        |setup| Living::boxed(setup, Tpcc::new(setup)),
    ),
    entry(
        "traceability",
        "docs/sources.md W8",
        "goods from maker to buyer in cases and on pallets; hot articles; 350 B each",
        |setup| Living::boxed(setup, Traceability::new(setup)),
    ),
    entry(
        "transfers",
        "docs/sources.md W14",
        "payments among people of whom nobody cheats or errs, for benchmarks; 280 B each",
        |setup| Box::new(Transfers::new(setup)),
    ),
    entry(
        "twitter",
        "docs/sources.md Diablo",
        "tweets of 32 B, each beside its sender",
        |setup| Living::boxed(setup, Diablo::<Twitter>::new(setup)),
    ),
    entry(
        "uber",
        "docs/sources.md Diablo",
        "each call looks for the nearest of 10,000 drivers by square roots",
        |setup| Living::boxed(setup, Diablo::<Uber>::new(setup)),
    ),
    entry(
        "ycsb-a",
        "docs/sources.md YCSB",
        "50 % reads, 50 % updates; Zipf 0.99",
        |setup| Living::boxed(setup, Ycsb::<'a'>::new(setup)),
    ),
    entry(
        "ycsb-b",
        "docs/sources.md YCSB",
        "95 % reads, 5 % updates; Zipf 0.99",
        |setup| Living::boxed(setup, Ycsb::<'b'>::new(setup)),
    ),
    entry(
        "ycsb-c",
        "docs/sources.md YCSB",
        "reads only; Zipf 0.99",
        |setup| Living::boxed(setup, Ycsb::<'c'>::new(setup)),
    ),
    entry(
        "ycsb-d",
        "docs/sources.md YCSB",
        "95 % reads of the latest, 5 % inserts",
        |setup| Living::boxed(setup, Ycsb::<'d'>::new(setup)),
    ),
    entry(
        "ycsb-e",
        "docs/sources.md YCSB",
        "95 % scans of 1 to 100, 5 % inserts",
        |setup| Living::boxed(setup, Ycsb::<'e'>::new(setup)),
    ),
    entry(
        "ycsb-f",
        "docs/sources.md YCSB",
        "50 % reads, 50 % read-modify-writes; Zipf 0.99",
        |setup| Living::boxed(setup, Ycsb::<'f'>::new(setup)),
    ),
    entry(
        "youtube",
        "docs/sources.md Diablo",
        "uploads of 1,024 B, each beside its sender",
        |setup| Living::boxed(setup, Diablo::<Youtube>::new(setup)),
    ),
];

/// The entry of that name.
pub fn find(name: &str) -> Option<&'static WorkloadEntry> {
    WORKLOADS.iter().find(|entry| entry.name == name)
}
