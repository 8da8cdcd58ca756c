//! What each credit transaction touches, checks and writes. The records are in the parent module.

use super::{
    AuditRow, AuditRows, BankId, ConsentKey, Consents, CreditTx, NEWEST_LIMIT, QueryCounts, Record,
    RecordKey, Records, Registries, Registry, Source, Standing, Subjects, WEIGHT_LIMIT,
};
use crate::access::Access;
use crate::patterns::consent;
use crate::patterns::desk::{Desk, permit};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Touches};

impl Rule for CreditTx {
    fn kind(&self) -> &'static str {
        match self {
            CreditTx::Submit { .. } => "credit.submit_record",
            CreditTx::Authorise { .. } => "credit.authorise",
            CreditTx::Query { .. } => "credit.query_with_consent",
            CreditTx::Dispute { .. } => "credit.dispute",
            CreditTx::Correct { .. } => "credit.correct",
            CreditTx::Uphold { .. } => "credit.uphold",
            CreditTx::Reward { .. } => "credit.reward",
            CreditTx::Penalise { .. } => "credit.penalise",
            CreditTx::Revoke { .. } => "credit.revoke",
            CreditTx::Expire { .. } => "credit.expire",
            CreditTx::Archive { .. } => "credit.archive",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match *self {
            CreditTx::Submit { key, .. }
            | CreditTx::Correct { key, .. }
            | CreditTx::Uphold { key }
            | CreditTx::Expire { key }
            | CreditTx::Archive { key }
            | CreditTx::Reward { key, .. }
            | CreditTx::Penalise { key, .. } => touch_record(key, touches),
            CreditTx::Dispute { number, .. } => {
                touch_record(
                    RecordKey {
                        subject: context.sender,
                        number,
                    },
                    touches,
                );
            }
            CreditTx::Authorise { bank, number, .. } | CreditTx::Revoke { bank, number } => {
                touches.write::<Consents>(&own_consent(context, bank, number));
            }
            CreditTx::Query { consent } => {
                touches.write::<Consents>(&consent);
                touches.read::<Subjects>(&consent.subject);
                touches.write::<AuditRows>(&context.id);
                touches.write::<QueryCounts>(&context.sender);
            }
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            CreditTx::Submit {
                key,
                weight,
                digest,
            } => {
                let department = desk.department()?;
                desk.add(key, Source::Department(department), weight, digest)
            }
            CreditTx::Authorise {
                bank,
                number,
                uses,
                expires_ns,
            } => desk.authorise(own_consent(context, bank, number), uses, expires_ns),
            CreditTx::Query { consent } => desk.query(consent),
            CreditTx::Dispute { number, digest } => desk.dispute(number, digest),
            CreditTx::Correct { key, weight } => desk.settle(key, Some(weight)),
            CreditTx::Uphold { key } => desk.settle(key, None),
            CreditTx::Reward { key, points } => desk.score(key, points, 1),
            CreditTx::Penalise { key, points } => desk.score(key, points, -1),
            CreditTx::Revoke { bank, number } => {
                consent::revoke::<Consents, _>(&mut desk, own_consent(context, bank, number))
            }
            CreditTx::Expire { key } => desk.expire(key),
            CreditTx::Archive { key } => desk.archive(key),
        }
    }
}

fn touch_record(key: RecordKey, touches: &mut Touches) {
    touches.write::<Records>(&key);
    touches.write::<Subjects>(&key.subject);
}

/// Only the subject itself can name this consent.
fn own_consent(context: &Context, bank: BankId, number: u32) -> ConsentKey {
    ConsentKey {
        subject: context.sender,
        bank,
        number,
    }
}

impl Desk<'_, '_, Registry> {
    fn add(
        &mut self,
        key: RecordKey,
        source: Source,
        weight: i16,
        digest: [u8; 32],
    ) -> Result<(), Reason> {
        check_weight(weight)?;
        let submitted_ns = self.context.timestamp_ns;
        let record = Record {
            source,
            weight,
            standing: Standing::Active,
            submitted_ns,
            digest,
        };
        self.create::<Records>(key, record)?;
        let mut subject = self
            .access
            .load::<Subjects>(&key.subject)
            .unwrap_or_default();
        subject.score += record.counts();
        subject.records = subject.records.saturating_add(1);
        if subject.newest.len() == NEWEST_LIMIT {
            subject.newest.pop_front();
        }
        subject.newest.push_back(key.number);
        self.access.put::<Subjects>(key.subject, subject);
        Ok(())
    }

    fn score(&mut self, key: RecordKey, points: u16, sign: i16) -> Result<(), Reason> {
        self.only_one_of(self.registry.engine)?;
        let points = i16::try_from(points).ok().filter(|points| *points > 0);
        let weight = points.ok_or(Reason::Malformed)? * sign;
        self.add(key, Source::Engine, weight, self.context.id.0)
    }

    fn dispute(&mut self, number: u64, digest: [u8; 32]) -> Result<(), Reason> {
        let key = RecordKey {
            subject: self.context.sender,
            number,
        };
        let record = self.entry::<Records>(&key)?;
        match record.standing {
            Standing::Active => {
                let standing = Standing::Disputed;
                self.replace(
                    key,
                    record,
                    Record {
                        standing,
                        digest,
                        ..record
                    },
                )
            }
            _ => Err(Reason::WrongState),
        }
    }

    /// Ends a dispute, with a new weight or the old one.
    fn settle(&mut self, key: RecordKey, weight: Option<i16>) -> Result<(), Reason> {
        let department = self.department()?;
        check_weight(weight.unwrap_or(0))?;
        let record = self.entry::<Records>(&key)?;
        if record.source != Source::Department(department) {
            return Err(Reason::NotPermitted);
        }
        if record.standing != Standing::Disputed {
            return Err(Reason::WrongState);
        }
        let settled = match weight {
            Some(weight) => Record {
                weight,
                standing: Standing::Corrected,
                ..record
            },
            None => Record {
                standing: Standing::Upheld,
                ..record
            },
        };
        self.replace(key, record, settled)
    }

    /// A record that the sender's institution reported.
    fn reported(&mut self, key: RecordKey) -> Result<Record, Reason> {
        let record = self.entry::<Records>(&key)?;
        let own = match record.source {
            Source::Department(department) => self.department() == Ok(department),
            Source::Engine => self.only_one_of(self.registry.engine).is_ok(),
        };
        permit(own)?;
        Ok(record)
    }

    fn expire(&mut self, key: RecordKey) -> Result<(), Reason> {
        let record = self.reported(key)?;
        if !matches!(
            record.standing,
            Standing::Active | Standing::Corrected | Standing::Upheld
        ) {
            return Err(Reason::WrongState);
        }
        let over_ns = record
            .submitted_ns
            .saturating_add(self.registry.retention_ns);
        if self.context.timestamp_ns < over_ns {
            return Err(Reason::TooEarly);
        }
        let standing = Standing::Expired;
        self.replace(key, record, Record { standing, ..record })
    }

    fn archive(&mut self, key: RecordKey) -> Result<(), Reason> {
        let record = self.reported(key)?;
        if record.standing != Standing::Expired {
            return Err(Reason::WrongState);
        }
        let archived = Record {
            standing: Standing::Archived,
            weight: 0,
            ..record
        };
        self.replace(key, record, archived)
    }

    /// Writes a record anew and moves the score by the difference.
    fn replace(&mut self, key: RecordKey, old: Record, new: Record) -> Result<(), Reason> {
        let subject = self.access.load::<Subjects>(&key.subject);
        let mut subject = subject.ok_or(Reason::Dependency)?;
        subject.score += new.counts() - old.counts();
        self.access.put::<Subjects>(key.subject, subject);
        self.access.put::<Records>(key, new);
        Ok(())
    }

    fn authorise(&mut self, key: ConsentKey, uses: u16, expires_ns: u64) -> Result<(), Reason> {
        consent::check_terms(self, uses, expires_ns)?;
        if u32::from(key.bank.0) >= self.registry.banks.institutions {
            return Err(Reason::UnknownRecord);
        }
        consent::grant::<Consents, _>(self, key, uses, expires_ns)
    }

    fn query(&mut self, key: ConsentKey) -> Result<(), Reason> {
        let Context {
            sender: teller,
            id,
            timestamp_ns: asked_ns,
            ..
        } = *self.context;
        if self.registry.banks.holder(teller) != Some(u32::from(key.bank.0)) {
            return Err(Reason::NotPermitted);
        }
        let usage = consent::take::<Consents, _>(self, key)?;
        let score = self
            .access
            .get::<Subjects>(&key.subject)
            .map(|subject| subject.score);
        let score = score.unwrap_or(super::BASE_SCORE);
        let row = AuditRow {
            consent: key,
            usage,
            teller,
            asked_ns,
            score,
        };
        self.access.put::<AuditRows>(id, row);
        let asked = self.access.load::<QueryCounts>(&teller).unwrap_or(0);
        self.access.put::<QueryCounts>(teller, asked + 1);
        Ok(())
    }

    /// The department for which the sender speaks.
    fn department(&self) -> Result<u16, Reason> {
        let department = self.only_one_of(self.registry.departments)?;
        u16::try_from(department).map_err(|_| Reason::NotPermitted)
    }
}

fn check_weight(weight: i16) -> Result<(), Reason> {
    let fits = (-WEIGHT_LIMIT..=WEIGHT_LIMIT).contains(&weight);
    if fits { Ok(()) } else { Err(Reason::Malformed) }
}
