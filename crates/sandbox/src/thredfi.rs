//! The Thredfi double: bookkeeping for the businesses of a partner. Two tiers of tokens, customers, invoices
//! that add up, payments that allocate, refunds.

mod access;
mod apply;
mod book;
mod fail;
mod fixtures;
mod invoice;
mod page;
mod party;
mod payment;
mod read;
mod refund;
mod request;
mod route;
mod schema;
mod serve;
mod stamp;
mod write;

use http::StatusCode;

use crate::dice::Dice;
use crate::double::World;
use crate::exchange::{Reply, Request};
use crate::fault::{FaultPlan, Preset};
use crate::options::{Options, Profile, Quirk, StartError};
use crate::registry::Kit;
use crate::service::{Done, Handled, Id, Now};

use crate::keys::{self, Answered, Known};
use access::{Access, BASIC, BEARER, Caller};
use book::Book;
use fail::{Fail, Noun};
use fixtures::FixtureFile;
use request::Parsed;
use route::{Op, Place};
use write::{Plan, Write};

pub(crate) const KIT: Kit = Kit {
    base_path: "",
    quirks: &[
        Quirk::PagingDrf,
        Quirk::PagingInfo,
        Quirk::NextDropsParams,
        Quirk::FilterIgnored,
        Quirk::AllowDuplicates,
    ],
    faults: &["expire_access", "revoke"],
    control_routes: &["POST thredfi/payment-status", "POST thredfi/token-ttl"],
    preset: |preset| match preset {
        Preset::Calm => r#"{"faults":[]}"#,
        Preset::RoughDay => include_str!("../presets/thredfi-rough-day.json"),
        Preset::Storm => include_str!("../presets/thredfi-storm.json"),
        Preset::Outage => include_str!("../presets/thredfi-outage.json"),
    },
    start: |options, now| {
        Ok(World::boxed(Thredfi::new(options, now)?, FaultPlan::none(), options.seed))
    },
};

/// The profile and the quirks, as the code asks for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// A taken `external_id` is answered with its holder, and partner tokens open what is in a business.
    pub(crate) reference: bool,
    pub(crate) currencies: &'static [&'static str],
    /// Pages have `next` and `previous`.
    pub(crate) links: bool,
    pub(crate) page_info: bool,
    pub(crate) next_drops_params: bool,
    pub(crate) filter_ignored: bool,
    pub(crate) allow_duplicates: bool,
}

impl Rules {
    fn new(options: &Options) -> Self {
        let has = |quirk| options.quirks.contains(&quirk);
        let reference = options.profile == Profile::Reference;
        Rules {
            reference,
            currencies: if reference {
                &["GBP", "EUR", "USD", "SEK", "NOK", "DKK", "ISK", "MYR", "SGD"]
            } else {
                &["GBP", "EUR", "USD"]
            },
            links: !has(Quirk::PagingInfo),
            page_info: !has(Quirk::PagingDrf),
            next_drops_params: has(Quirk::NextDropsParams),
            filter_ignored: has(Quirk::FilterIgnored),
            allow_duplicates: has(Quirk::AllowDuplicates),
        }
    }
}

/// The double's world.
#[derive(Debug)]
struct Thredfi {
    rules: Rules,
    seed: u64,
    fixtures: FixtureFile,
    dice: Dice,
    access: Access,
    book: Book,
}

/// Where a caller may be: the partner, and the business in the path.
#[derive(Debug, Clone, Copy)]
struct Admitted {
    partner: usize,
    business: Option<usize>,
}

impl Thredfi {
    fn new(options: &Options, now: Now) -> Result<Self, StartError> {
        let rules = Rules::new(options);
        let fixtures = FixtureFile::load(&options.fixtures)?;
        let seed = options.seed;
        let mut dice = Dice::new(seed);
        let book = fixtures.book(&rules, &mut dice, now)?;
        let life_s = options.token_ttl_s.unwrap_or(fixtures.token_ttl_s);
        let access = Access::new(life_s, fixtures.partners(), seed, now.ms);
        Ok(Thredfi { rules, seed, fixtures, dice, access, book })
    }

    fn start_afresh(&mut self, now: Now) {
        self.dice = Dice::new(self.seed);
        // The fixtures passed their checks at the start.
        self.book = self.fixtures.book(&self.rules, &mut self.dice, now).unwrap_or_default();
        let life_s = self.access.life_s;
        self.access = Access::new(life_s, self.fixtures.partners(), self.seed, now.ms);
    }

    /// Who is calling, and whether this place is open to them: 401, then 404 for a business that a partner
    /// does not have, then 403.
    fn admit(&mut self, place: &Place, request: &Request, now: Now) -> Result<Admitted, Fail> {
        let scheme = if place.gives_tokens() { BASIC } else { BEARER };
        let caller = self.access.caller(request, &self.book, scheme, now)?;
        let wanted = place.business.as_deref();
        match caller {
            Caller::Partner(partner) => {
                let Some(wanted) = wanted else { return Ok(Admitted { partner, business: None }) };
                let business = self.book.businesses.position(wanted).filter(|position| {
                    self.book.business(*position).is_some_and(|row| row.kept.partner == partner)
                });
                let business = business.ok_or_else(|| Fail::no_such(Noun::Business))?;
                let open = place.is_partners() || place.gives_tokens() || self.rules.reference;
                let admitted = Admitted { partner, business: Some(business) };
                if open { Ok(admitted) } else { Err(Fail::forbidden()) }
            }
            Caller::Business(own) => {
                let row = self.book.business(own);
                let same = wanted.is_some() && row.map(|row| row.id.as_str()) == wanted;
                let reads = place.op(&request.method) == Some(Op::ReadBusiness);
                let open = same && !place.gives_tokens() && (!place.is_partners() || reads);
                let partner = row.map_or(0, |row| row.kept.partner);
                if open {
                    Ok(Admitted { partner, business: Some(own) })
                } else {
                    Err(Fail::forbidden())
                }
            }
        }
    }

    fn perform(
        &mut self,
        place: &Place,
        parsed: &Parsed,
        request: &Request,
        now: Now,
    ) -> Result<Handled, Fail> {
        if place.op(&request.method) == Some(Op::PartnerToken) {
            let partner = access::partner(request, &self.book.partners)?;
            let uuid = self.book.partners.get(partner).map(|partner| partner.uuid.clone());
            let uuid = uuid.unwrap_or_default();
            let reply = self.access.give(partner, &uuid, None, &mut self.dice, now);
            return Ok(Handled::unchanged(reply));
        }
        let admitted = self.admit(place, request, now)?;
        let method = request.method.as_str();
        let op = place
            .op(&request.method)
            .ok_or_else(|| Fail::method_not_allowed(method, place.allow()))?;
        if op == Op::BusinessToken {
            let business = admitted.business.and_then(|at| self.book.business(at));
            let id = business.map(|row| row.id.clone()).unwrap_or_default();
            let reply = self.access.give(admitted.partner, &id, Some(&id), &mut self.dice, now);
            return Ok(Handled::unchanged(reply));
        }
        if op.changes_data() {
            return self.write(op, place, admitted, parsed, request, now);
        }
        self.read(op, place, admitted, request, now).map(Handled::unchanged)
    }

    fn write(
        &mut self,
        op: Op,
        place: &Place,
        admitted: Admitted,
        parsed: &Parsed,
        request: &Request,
        now: Now,
    ) -> Result<Handled, Fail> {
        let at = admitted.business.unwrap_or(usize::MAX);
        let key = parsed.idempotency_key.as_deref().filter(|_| op.takes_key());
        let stored = match (key, &parsed.body) {
            (Some(key), Ok(body)) => Some((key, keys::fingerprint("POST", &request.path, body))),
            _ => None,
        };
        if let Some((key, asked)) = &stored
            && let Some(business) = self.book.business(at)
        {
            match business.kept.keys.look_up(*key, asked, now.ms) {
                Known::Answered { answered, .. } => {
                    let reply = Reply::json_text(answered.status, answered.body.clone());
                    return Ok(Handled::unchanged(reply));
                }
                Known::Other => return Err(Fail::key_reused()),
                Known::No => {}
            }
        }
        let write = Write {
            op,
            partner: admitted.partner,
            business: at,
            id: place.id.as_deref(),
            body: &parsed.body,
        };
        let change = match self.book.plan(&write, &self.rules)? {
            Plan::Change(change) => change,
            Plan::Existing(position) => {
                let shown = self.existing(op, at, position, now);
                return Ok(Handled::unchanged(Reply::json(StatusCode::OK, &shown)));
            }
        };
        let applied = self.book.apply(change, key, self.rules.reference, &mut self.dice, now);
        let text = applied.body.to_string();
        if let Some((key, asked)) = stored
            && let Some(business) = self.book.businesses.at_mut(at)
        {
            // Only the first one says that it was created.
            let answered = Answered { status: StatusCode::OK, body: text.clone() };
            business.kept.keys.keep(key.to_owned(), asked, answered, now.ms, now.ms);
        }
        let done = Done { id: applied.created.map(Id::Text), gone_with: None };
        Ok(Handled::applied(Reply::json_text(applied.status, text), done))
    }

    /// Carries out a write whose credentials were looked at some time ago.
    fn write_late(
        &mut self,
        place: &Place,
        parsed: &Parsed,
        request: &Request,
        now: Now,
    ) -> Result<Handled, Fail> {
        let op = place.op(&request.method).ok_or_else(Fail::no_such_route)?;
        let business = place.business.as_deref().and_then(|id| self.book.businesses.position(id));
        let owner = business.and_then(|at| self.book.business(at)).map(|row| row.kept.partner);
        let admitted = Admitted { partner: owner.or(parsed.partner).unwrap_or(0), business };
        self.write(op, place, admitted, parsed, request, now)
    }

    /// Whether a write would change anything: neither refused, nor answered from what is stored.
    fn would_write(
        &mut self,
        place: &Place,
        parsed: &Parsed,
        request: &Request,
        now: Now,
    ) -> Option<()> {
        let op = place.op(&request.method).filter(|op| op.changes_data())?;
        let admitted = self.admit(place, request, now).ok()?;
        let at = admitted.business.unwrap_or(usize::MAX);
        if let (Some(key), Ok(body)) = (&parsed.idempotency_key, &parsed.body)
            && op.takes_key()
            && let Some(business) = self.book.business(at)
        {
            let asked = keys::fingerprint("POST", &request.path, body);
            if business.kept.keys.look_up(key.as_str(), &asked, now.ms) != Known::No {
                return None;
            }
        }
        let id = place.id.as_deref();
        let write = Write { op, partner: admitted.partner, business: at, id, body: &parsed.body };
        match self.book.plan(&write, &self.rules) {
            Ok(Plan::Change(_)) => Some(()),
            _ => None,
        }
    }
}
