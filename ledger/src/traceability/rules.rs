//! What each transaction about goods touches, checks and writes. The records are in the parent module.

use super::{
    Article, Articles, PACK_LIMIT, Place, Registries, Registry, Size, TraceTx, Unit, UnitId, Units,
};
use crate::access::Access;
use crate::patterns::custody::{self, Custody};
use crate::patterns::desk::Desk;
use crate::receipt::Reason;
use crate::record::{Context, Rule, Touches};

impl Rule for TraceTx {
    fn kind(&self) -> &'static str {
        match self {
            TraceTx::Produce { .. } => "trace.produce",
            TraceTx::Pack { .. } => "trace.pack",
            TraceTx::Unpack { .. } => "trace.unpack",
            TraceTx::Ship { .. } => "trace.ship",
            TraceTx::Customs { .. } => "trace.customs",
            TraceTx::Receive { .. } => "trace.receive",
            TraceTx::Sell { .. } => "trace.sell",
            TraceTx::Query { .. } => "trace.query",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match *self {
            TraceTx::Produce {
                first, count, sku, ..
            } => {
                let maker = context.sender;
                row(
                    UnitId {
                        maker,
                        number: first,
                    },
                    count,
                )
                .for_each(|unit| touches.write::<Units>(&unit));
                touches.write::<Articles>(&sku);
            }
            TraceTx::Pack {
                first, count, into, ..
            } => {
                row(first, count).for_each(|unit| touches.write::<Units>(&unit));
                let number = into;
                touches.write::<Units>(&UnitId { number, ..first });
            }
            TraceTx::Unpack {
                unit,
                first,
                count,
                hop,
            } => {
                touches.write::<Units>(&unit);
                row(
                    UnitId {
                        number: first,
                        ..unit
                    },
                    count,
                )
                .for_each(|part| custody::touch_confirm::<Units>(&part, hop, touches));
            }
            TraceTx::Ship { unit, .. } | TraceTx::Customs { unit } => {
                touches.write::<Units>(&unit);
            }
            TraceTx::Receive { unit, hop } => custody::touch_confirm::<Units>(&unit, hop, touches),
            TraceTx::Sell { unit, sku } => {
                touches.write::<Units>(&unit);
                touches.write::<Articles>(&sku);
            }
            TraceTx::Query { unit, .. } => touches.read::<Units>(&unit),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            TraceTx::Produce {
                first,
                count,
                sku,
                imported,
            } => desk.produce(first, count, sku, imported),
            TraceTx::Pack {
                first,
                count,
                into,
                items,
            } => desk.pack(first, count, into, items),
            TraceTx::Unpack {
                unit,
                first,
                count,
                hop,
            } => desk.unpack(unit, first, count, hop),
            TraceTx::Ship { unit, to } => custody::send::<Units, _>(&mut desk, unit, to),
            TraceTx::Customs { unit } => desk.clear(unit),
            TraceTx::Receive { unit, hop } => desk.receive(unit, hop),
            TraceTx::Sell { unit, sku } => desk.sell(unit, sku),
            TraceTx::Query { unit, sku } => desk.labelled(unit, sku).map(|_| ()),
        }
    }
}

/// Units with numbers in a row, no more than the limit, so that no transaction can name too many.
fn row(first: UnitId, count: u8) -> impl Iterator<Item = UnitId> {
    (0..u64::from(count.min(PACK_LIMIT))).map(move |step| UnitId {
        number: first.number.saturating_add(step),
        ..first
    })
}

impl Desk<'_, '_, Registry> {
    fn produce(&mut self, first: u64, count: u8, sku: u32, imported: bool) -> Result<(), Reason> {
        self.only_one_of(self.registry.makers)?;
        if !(1..=PACK_LIMIT).contains(&count) {
            return Err(Reason::Malformed);
        }
        let maker = self.context.sender;
        let item = Unit {
            sku,
            size: Size::Item,
            parts: 0,
            first: 0,
            items: 1,
            uncleared: imported,
            place: Place::Free,
            custody: Custody::of(maker),
        };
        for unit in row(
            UnitId {
                maker,
                number: first,
            },
            count,
        ) {
            self.create::<Units>(unit, item)?;
        }
        self.count(sku, |article| article.made += u64::from(count));
        Ok(())
    }

    fn pack(&mut self, first: UnitId, count: u8, into: u64, items: u32) -> Result<(), Reason> {
        if !(2..=PACK_LIMIT).contains(&count) {
            return Err(Reason::Malformed);
        }
        let sample = self.entry::<Units>(&first)?;
        let size = match sample.size {
            Size::Item => Size::Case,
            Size::Case => Size::Pallet,
            Size::Pallet => return Err(Reason::WrongState),
        };
        let mut counted = 0;
        for id in row(first, count) {
            let mut unit = self.entry::<Units>(&id)?;
            custody::only_holder::<Units, _>(self, &mut unit)?;
            let alike = (unit.sku, unit.size, unit.uncleared)
                == (sample.sku, sample.size, sample.uncleared);
            if !alike || unit.custody.hops != sample.custody.hops {
                return Err(Reason::WrongState);
            }
            counted += unit.items;
            unit.place = Place::Packed { within: into };
            self.access.put::<Units>(id, unit);
        }
        if counted != items {
            return Err(Reason::Unbalanced);
        }
        let larger = Unit {
            size,
            parts: count,
            first: first.number,
            items,
            place: Place::Free,
            custody: Custody {
                origin: first.maker,
                holder: self.context.sender,
                to: None,
                hops: 0,
            },
            ..sample
        };
        // Its chain begins where it is packed.
        let number = into;
        self.create::<Units>(UnitId { number, ..first }, larger)
    }

    fn unpack(&mut self, id: UnitId, first: u64, count: u8, hop: u16) -> Result<(), Reason> {
        let mut unit = self.entry::<Units>(&id)?;
        custody::only_holder::<Units, _>(self, &mut unit)?;
        if unit.parts == 0 || (unit.first, unit.parts) != (first, count) {
            return Err(Reason::Unbalanced);
        }
        for part_id in row(
            UnitId {
                number: first,
                ..id
            },
            count,
        ) {
            let mut part = self.entry::<Units>(&part_id)?;
            if part.place != (Place::Packed { within: id.number }) {
                return Err(Reason::Unbalanced);
            }
            part.place = Place::Free;
            part.uncleared = unit.uncleared;
            if part.custody.holder == self.context.sender {
                // Unpacked by the one who packed it: it never left these hands.
                self.access.put::<Units>(part_id, part);
            } else {
                custody::link::<Units, _>(self, part_id, part, hop)?;
            }
        }
        unit.place = Place::Opened;
        self.access.put::<Units>(id, unit);
        Ok(())
    }

    fn clear(&mut self, id: UnitId) -> Result<(), Reason> {
        self.only_one_of(self.registry.customs)?;
        let unit = self.entry::<Units>(&id)?;
        if !unit.uncleared || unit.custody.to.is_none() {
            return Err(Reason::WrongState);
        }
        let uncleared = false;
        self.access.put::<Units>(id, Unit { uncleared, ..unit });
        Ok(())
    }

    fn receive(&mut self, id: UnitId, hop: u16) -> Result<(), Reason> {
        // A broken chain is worse than a missing stamp, so it is looked for first.
        custody::confirm::<Units, _>(self, id, hop)?;
        if self.entry::<Units>(&id)?.uncleared {
            return Err(Reason::WrongState);
        }
        Ok(())
    }

    fn sell(&mut self, id: UnitId, sku: u32) -> Result<(), Reason> {
        let mut unit = self.labelled(id, sku)?;
        custody::only_holder::<Units, _>(self, &mut unit)?;
        if unit.size != Size::Item {
            return Err(Reason::WrongState);
        }
        unit.place = Place::Sold;
        self.access.put::<Units>(id, unit);
        self.count(sku, |article| article.sold += 1);
        Ok(())
    }

    fn labelled(&mut self, id: UnitId, sku: u32) -> Result<Unit, Reason> {
        let unit = self.entry::<Units>(&id)?;
        if unit.sku == sku {
            Ok(unit)
        } else {
            Err(Reason::FalseClaim)
        }
    }

    fn count(&mut self, sku: u32, change: impl FnOnce(&mut Article)) {
        let mut article = self.access.load::<Articles>(&sku).unwrap_or_default();
        change(&mut article);
        self.access.put::<Articles>(sku, article);
    }
}
