//! The contracts of Diablo (docs/sources.md Diablo): what their functions do, as ledger operations.
//!
//! | contract | a call | keys |
//! |---|---|---|
//! | Dota | moves all ten players | 20 hot slots |
//! | exchange | sells one share | the counter of its stock |
//! | mobility | finds the nearest of 10,000 drivers, by integer square roots | the rider's own |
//! | video | stores what was uploaded | the sender's own |
//! | tweets | stores the sender's latest, of 1,000 bytes at most | the sender's own |
//! | FIFA | counts a visit | one counter |
//!
//! Any account may call. How often each sender has called each contract is in its tally, so that the
//! law can hold the counters against the calls that were applied.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::tally::{self, Tallied, Tallies};
use crate::patterns::unwritten::spread;
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};

/// A call of one of the contracts.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum DappTx {
    /// Dota: every player moves by so much, around the map.
    Move {
        /// Along the first axis.
        x: u16,
        /// Along the second.
        y: u16,
    },
    /// Exchange: one share of a stock is sold.
    Buy {
        /// Which stock, below [`STOCKS`].
        stock: u8,
    },
    /// Mobility: looks for the driver who is nearest.
    Ride {
        /// Where the rider is; below [`GRID`].
        x: u32,
        /// And on the other axis.
        y: u32,
    },
    /// Video: stores what the filler stands for.
    Upload {
        /// How long it is, in bytes.
        bytes: u32,
    },
    /// FIFA: a visit.
    Visit,
    /// Tweets: replaces the sender's tweet, which the filler stands for.
    Tweet {
        /// How long it is, in bytes: at most [`TWEET_LIMIT`].
        bytes: u32,
    },
}

/// Contracts in the order of [`Calls`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contract {
    /// A game.
    Dota,
    /// Five stocks.
    Exchange,
    /// Riders and drivers.
    Mobility,
    /// Uploads.
    Video,
    /// A counter.
    Fifa,
    /// Messages.
    Tweets,
}

/// How often a sender has called each contract.
pub type Calls = [u64; 6];

/// Players of the game, of whom each takes two slots.
pub const PLAYERS: u8 = 10;
/// The side of the map, on which who leaves comes back from the other side.
pub const MAP: u16 = 250;
/// Stocks of the exchange.
pub const STOCKS: u8 = 5;
/// Shares of each stock at the start.
pub const SHARES: u64 = 1_000_000_000_000;
/// Drivers of the mobility service.
pub const DRIVERS: u32 = 10_000;
/// The side of the city in which they drive.
pub const GRID: u32 = 100_000;

/// The longest tweet, in bytes.
pub const TWEET_LIMIT: u32 = 1_000;

/// One coordinate of one player.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Coordinate {
    /// Below [`MAP`].
    pub at: u16,
    /// How often it was moved.
    pub moves: u64,
}

impl Coordinate {
    /// Where a slot is before the first move.
    pub fn start(slot: u8) -> Coordinate {
        Coordinate {
            at: u16::from(slot) * 12,
            moves: 0,
        }
    }
}

/// Slots of the game: a player's first coordinate is twice its number, the second follows.
pub struct Slots;

impl Table for Slots {
    const ID: u8 = 216;
    const NAME: &'static str = "contract_slots";
    type Key = u8;
    type Value = Coordinate;
}

/// Shares left by stock; [`SHARES`] where none was sold.
pub struct Stocks;

impl Table for Stocks {
    const ID: u8 = 217;
    const NAME: &'static str = "contract_stocks";
    type Key = u8;
    type Value = u64;
}

/// A rider's last ride.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Ride {
    /// Where the rider was.
    pub x: u32,
    /// And on the other axis.
    pub y: u32,
    /// Who was nearest.
    pub driver: u32,
    /// How far away, rounded down.
    pub distance: u32,
    /// How many rides there were.
    pub rides: u64,
}

/// Rides by rider.
pub struct Rides;

impl Table for Rides {
    const ID: u8 = 218;
    const NAME: &'static str = "contract_rides";
    type Key = AccountId;
    type Value = Ride;
}

/// What a sender has uploaded, or tweeted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Uploads {
    /// How often.
    pub count: u64,
    /// How much in all.
    pub bytes: u64,
    /// The first bytes of the id of the last one.
    pub latest: [u8; 16],
}

/// Uploads by sender.
pub struct Videos;

impl Table for Videos {
    const ID: u8 = 219;
    const NAME: &'static str = "contract_videos";
    type Key = AccountId;
    type Value = Uploads;
}

/// Visits, under one key.
pub struct Visits;

impl Table for Visits {
    const ID: u8 = 220;
    const NAME: &'static str = "contract_visits";
    type Key = ();
    type Value = u64;
}

/// Tweets by sender.
pub struct Tweets;

impl Table for Tweets {
    const ID: u8 = 222;
    const NAME: &'static str = "contract_tweets";
    type Key = AccountId;
    type Value = Uploads;
}

/// The contracts, as keepers of tallies.
pub struct Contracts;

impl Tallied for Contracts {
    const TALLIES: u8 = 221;
    const TALLIES_NAME: &'static str = "contract_tallies";
    type Tally = Calls;
}

/// Tallies by sender, for those who look into the state.
pub type ContractTallies = Tallies<Contracts>;

/// Where a driver waits.
pub fn driver(number: u32) -> (u32, u32) {
    let place = |axis| spread(u64::from(number), axis, u64::from(GRID)) as u32;
    (place(0), place(1))
}

/// The distance between two places, rounded down.
pub fn distance((x, y): (u32, u32), other: (u32, u32)) -> u32 {
    let (across, along) = (x.abs_diff(other.0), y.abs_diff(other.1));
    let square = u64::from(across).pow(2) + u64::from(along).pow(2);
    square.isqrt() as u32
}

/// The driver who is nearest, and how far away; of several, the first. It looks at all of them.
pub fn nearest(rider: (u32, u32)) -> (u32, u32) {
    let drivers = 0..DRIVERS;
    let far = drivers.map(|number| (distance(rider, driver(number)), number));
    let (distance, number) = far.min().expect("there are drivers");
    (number, distance)
}

impl DappTx {
    /// Which contract it calls.
    pub fn contract(&self) -> Contract {
        match self {
            DappTx::Move { .. } => Contract::Dota,
            DappTx::Buy { .. } => Contract::Exchange,
            DappTx::Ride { .. } => Contract::Mobility,
            DappTx::Upload { .. } => Contract::Video,
            DappTx::Visit => Contract::Fifa,
            DappTx::Tweet { .. } => Contract::Tweets,
        }
    }
}

impl Rule for DappTx {
    fn kind(&self) -> &'static str {
        match self {
            DappTx::Move { .. } => "dapp.move",
            DappTx::Buy { .. } => "dapp.buy",
            DappTx::Ride { .. } => "dapp.ride",
            DappTx::Upload { .. } => "dapp.upload",
            DappTx::Visit => "dapp.visit",
            DappTx::Tweet { .. } => "dapp.tweet",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        match self {
            DappTx::Move { .. } => (0..2 * PLAYERS).for_each(|slot| {
                touches.write::<Slots>(&slot);
            }),
            DappTx::Buy { stock } => touches.write::<Stocks>(stock),
            DappTx::Ride { .. } => touches.write::<Rides>(&context.sender),
            DappTx::Upload { .. } => touches.write::<Videos>(&context.sender),
            DappTx::Visit => touches.write::<Visits>(&()),
            DappTx::Tweet { .. } => touches.write::<Tweets>(&context.sender),
        }
        tally::touch::<Contracts>(0, context, touches);
    }

    /// A ride computes 10,000 distances in 148 us, as measured on a core on which a payment takes
    /// 0.8 us: 54 drivers each. The others do next to nothing.
    fn weight(&self) -> u64 {
        match self {
            DappTx::Ride { .. } => u64::from(DRIVERS) / 54,
            _ => 1,
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        match *self {
            DappTx::Move { x, y } => move_all(access, x, y)?,
            DappTx::Buy { stock } => buy(access, stock)?,
            DappTx::Ride { x, y } => ride(context, access, (x, y))?,
            DappTx::Upload { bytes } => store::<Videos>(context, access, bytes),
            DappTx::Visit => {
                let visits = access.get::<Visits>(&()).copied().unwrap_or(0);
                access.put::<Visits>((), visits + 1);
            }
            DappTx::Tweet { bytes } if bytes > TWEET_LIMIT => return Err(Reason::Malformed),
            DappTx::Tweet { bytes } => store::<Tweets>(context, access, bytes),
        }
        tally::count::<Contracts>(0, context, access, |calls| {
            calls[self.contract() as usize] += 1;
        });
        Ok(())
    }
}

fn move_all(access: &mut Access<'_>, x: u16, y: u16) -> Result<(), Reason> {
    if x >= MAP || y >= MAP {
        return Err(Reason::Malformed);
    }
    for slot in 0..2 * PLAYERS {
        let by = if slot % 2 == 0 { x } else { y };
        let before = access.get::<Slots>(&slot).copied();
        let before = before.unwrap_or_else(|| Coordinate::start(slot));
        let after = Coordinate {
            at: (before.at + by) % MAP,
            moves: before.moves + 1,
        };
        access.put::<Slots>(slot, after);
    }
    Ok(())
}

fn buy(access: &mut Access<'_>, stock: u8) -> Result<(), Reason> {
    if stock >= STOCKS {
        return Err(Reason::UnknownRecord);
    }
    let left = access.get::<Stocks>(&stock).copied().unwrap_or(SHARES);
    let left = left.checked_sub(1).ok_or(Reason::QuotaExceeded)?;
    access.put::<Stocks>(stock, left);
    Ok(())
}

fn ride(context: &Context, access: &mut Access<'_>, rider: (u32, u32)) -> Result<(), Reason> {
    if rider.0 >= GRID || rider.1 >= GRID {
        return Err(Reason::Malformed);
    }
    let before = access.get::<Rides>(&context.sender).copied();
    let (driver, distance) = nearest(rider);
    let ride = Ride {
        x: rider.0,
        y: rider.1,
        driver,
        distance,
        rides: before.map_or(0, |before| before.rides) + 1,
    };
    access.put::<Rides>(context.sender, ride);
    Ok(())
}

/// Counts what a sender stores beside its own account.
fn store<T: Table<Key = AccountId, Value = Uploads>>(
    context: &Context,
    access: &mut Access<'_>,
    bytes: u32,
) {
    let before = access.load::<T>(&context.sender).unwrap_or_default();
    let latest = context.id.0.first_chunk().expect("32 bytes hold 16");
    let after = Uploads {
        count: before.count + 1,
        bytes: before.bytes + u64::from(bytes),
        latest: *latest,
    };
    access.put::<T>(context.sender, after);
}
