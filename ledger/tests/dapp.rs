//! The contracts of Diablo, call by call.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::dapp::{
    Contract, ContractTallies, Coordinate, DRIVERS, DappTx, GRID, MAP, Rides, SHARES, STOCKS,
    Slots, Stocks, Tweets, Videos, Visits, distance, driver, nearest,
};
use groma_ledger::{AccountId, Body, Genesis, Reason};
use invoice_common::Desk;

fn desk() -> Desk {
    let mut genesis = Genesis::new(3, 0);
    genesis.put::<Stocks>(&4, &1);
    Desk::new(&genesis)
}

#[test]
fn calls_do_what_the_contracts_do() {
    use DappTx::*;
    let mut desk = desk();
    let script = [
        (Move { x: 1, y: 249 }, None),
        (Move { x: MAP, y: 0 }, Some(Reason::Malformed)),
        (Buy { stock: 0 }, None),
        (Buy { stock: 4 }, None),
        (Buy { stock: 4 }, Some(Reason::QuotaExceeded)),
        (Buy { stock: STOCKS }, Some(Reason::UnknownRecord)),
        (Ride { x: 7, y: 70_000 }, None),
        (Ride { x: 0, y: GRID }, Some(Reason::Malformed)),
        (Upload { bytes: 300 }, None),
        (Upload { bytes: 200 }, None),
        (Visit, None),
        (Visit, None),
        (Visit, None),
        (Tweet { bytes: 140 }, None),
        (Tweet { bytes: 1_001 }, Some(Reason::Malformed)),
    ];
    for (step, (tx, refusal)) in script.into_iter().enumerate() {
        let found = desk.submit(1, Body::Dapp(tx.clone()));
        assert_eq!(found, refusal.map_or(Ok(()), Err), "step {step}: {tx:?}");
    }
    let slot = |slot| desk.record::<Slots>(&slot);
    assert_eq!((slot(0).at, slot(0).moves), (1, 1));
    // Slot 19 began at 228 and left the map on the one side.
    assert_eq!(Coordinate::start(19).at, 228);
    assert_eq!((slot(19).at, slot(19).moves), (227, 1));
    assert_eq!(desk.state.count::<Slots>(), 20);
    assert_eq!(desk.record::<Stocks>(&0), SHARES - 1);
    assert_eq!(desk.record::<Stocks>(&4), 0);
    let ride = desk.record::<Rides>(&AccountId(1));
    assert_eq!(distance((7, 70_000), driver(ride.driver)), ride.distance);
    let videos = desk.record::<Videos>(&AccountId(1));
    assert_eq!((videos.count, videos.bytes), (2, 500));
    assert_eq!(desk.record::<Visits>(&()), 3);
    let calls = desk.record::<ContractTallies>(&(AccountId(1), 0));
    assert_eq!(calls, [1, 2, 1, 2, 3, 1]);
    let tweets = desk.record::<Tweets>(&AccountId(1));
    assert_eq!((tweets.count, tweets.bytes), (1, 140));
    assert_eq!(calls[Contract::Fifa as usize], 3);
}

#[test]
fn the_nearest_driver_is_nearest() {
    for rider in [(0, 0), (GRID - 1, GRID - 1), (12_345, 67_890)] {
        let (number, least) = nearest(rider);
        assert_eq!(distance(rider, driver(number)), least);
        for other in 0..DRIVERS {
            assert!(distance(rider, driver(other)) >= least);
        }
    }
    assert_eq!(distance((3, 0), (0, 4)), 5);
    let corners = distance((0, 0), (GRID, GRID));
    assert_eq!(corners, 141_421);
}
