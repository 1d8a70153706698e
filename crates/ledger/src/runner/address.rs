//! Where a write to a record that is there goes: its natural key is known, and its path names its id.
//!
//! The id is looked up each time that the write is sent, and kept nowhere: whoever goes on after a crash looks
//! again, and a record that was deleted and made anew in between has another one.

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use steadfast::dialect::{Act, Resource};
use steadfast::{
    Class, Client, CredentialsKind, Details, Effect, Error, Found, Kind, LookUp, Nature, Options,
    Outcome, Path, Request, Stop, Success,
};

use crate::Delivery;

/// The code of a replace of what is not there.
const NONE_TO_REPLACE: &str = "ledger.none_to_replace";

/// Where a delivery goes.
pub(super) struct Place {
    path: String,
    act: Act,
    /// The record that it is about, if it is there already.
    id: Option<String>,
    /// Our body with the ids of the lines that stay.
    body: Option<Bytes>,
}

/// What a delivery does to its resource.
pub(super) fn act(client: &Client, delivery: &Delivery) -> Act {
    client.dialect().resource.get(&delivery.resource).map_or(Act::Create, |one| one.act)
}

/// True if it writes to a record that is there, and the dialect says that twice has the effect of once.
pub(super) fn may_be_repeated(client: &Client, delivery: &Delivery) -> bool {
    let method = delivery.method.parse().unwrap_or(Method::POST);
    let nature = Nature::of(client.dialect(), &Request::new(method, delivery.path.clone()));
    act(client, delivery) != Act::Create && matches!(nature, Nature::Idempotent { .. })
}

/// Finds the place of a delivery, or its end if it has none.
pub(super) async fn find(
    client: &Client,
    delivery: &Delivery,
    in_doubt: bool,
) -> Result<Place, Box<Result<Outcome, Error>>> {
    let resource = client.dialect().resource.get(&delivery.resource);
    let Some(resource) = resource.filter(|resource| resource.act != Act::Create) else {
        return Ok(Place { path: delivery.path.clone(), act: Act::Create, id: None, body: None });
    };
    let method = delivery.method.parse().unwrap_or(Method::PUT);
    let request = Request::new(method, delivery.path.clone()).json(delivery.body.clone());
    let options = Options {
        resource: Some(delivery.resource.clone()),
        natural_key: delivery.natural_key.clone(),
        ..Options::default()
    };
    let found = client.look_up_of(&request, &options).await;
    let refused = client.refused(&request).is_some();
    let end = |kind, stop, text: String| Box::new(Err(ended(kind, stop, text, in_doubt)));
    match found {
        LookUp::Found(Found { id: Some(id), copies: 1, record, .. }) => {
            let segment = Path::of_segments([&id]).to_string();
            let path = delivery.path.replace("{id}", segment.trim_start_matches('/'));
            let body = with_line_ids(resource, &delivery.body, &record);
            Ok(Place { path, act: resource.act, id: Some(id), body })
        }
        LookUp::Found(found) => {
            let text = format!(
                "there are {} with this key, and nobody can say which is meant",
                found.copies
            );
            Err(end(Kind::Refused(Class::Conflict), Stop::Final, text))
        }
        LookUp::Absent if resource.act == Act::Delete => {
            Err(Box::new(Ok(gone(resource, in_doubt))))
        }
        LookUp::Absent => Err(Box::new(Err(none_to_replace(resource, in_doubt)))),
        LookUp::CannotTell(text) if refused => {
            Err(end(Kind::Credentials(CredentialsKind::Refused), Stop::Final, text))
        }
        LookUp::CannotTell(text) => {
            let text = format!("its id could not be looked up: {text}");
            Err(end(Kind::Unreached(Class::Network), Stop::Attempts, text))
        }
    }
}

/// An end before anything was sent by this process. What an earlier one sent is still in doubt.
fn ended(kind: Kind, stop: Stop, text: String, in_doubt: bool) -> Error {
    Error::new(details(kind, stop, text, in_doubt))
}

fn details(kind: Kind, stop: Stop, text: String, in_doubt: bool) -> Details {
    let (kind, effect) = match in_doubt {
        true => (Kind::Unknown, Effect::Unknown),
        false => (kind, Effect::None),
    };
    let mut details = Details::new(kind, effect, stop, text.clone());
    details.message = Some(text);
    details
}

/// What was to be replaced is not there.
fn none_to_replace(resource: &Resource, in_doubt: bool) -> Error {
    let text = format!("there is none with this key to be replaced{}", but_hidden(resource));
    let mut details = details(Kind::Refused(Class::NotFound), Stop::Final, text, in_doubt);
    if !in_doubt {
        details.code = Some(NONE_TO_REPLACE.to_owned());
        details.action = Some("create it, or correct its key".to_owned());
    }
    Error::new(details)
}

/// What was to be deleted is not there.
fn gone(resource: &Resource, in_doubt: bool) -> Outcome {
    let rule = match in_doubt {
        true => "gone; it may be the work of an unanswered attempt",
        false => "there is none with this key: it is gone already",
    };
    let rule = format!("{rule}{}", but_hidden(resource));
    Outcome::Existing(Success { may_be_ours: in_doubt, rule, ..Success::default() })
}

/// What a look-up cannot see.
fn but_hidden(resource: &Resource) -> String {
    let hidden = resource.lookup.as_ref().and_then(|lookup| lookup.hidden.as_ref());
    hidden.map_or_else(String::new, |hidden| {
        format!(
            " (one whose {} is {} would not be listed)",
            hidden.field,
            hidden.values.join(" or ")
        )
    })
}

/// Our body with the ids of the lines that the record has already, so that they stay the same lines. None if
/// nothing is to be added.
fn with_line_ids(resource: &Resource, ours: &[u8], record: &Value) -> Option<Bytes> {
    let (name, witness) = (resource.lines.as_ref()?, resource.witness.as_ref()?);
    let line_key = &resource.lookup.as_ref()?.line_key;
    let mut ours: Value = serde_json::from_slice(ours).ok()?;
    let there = record.get(name)?.as_array()?;
    let is_same = |one: &Value, other: &Value| {
        let value = |line: &Value, field: &String| line.get(field).cloned().unwrap_or(Value::Null);
        !line_key.is_empty()
            && line_key.iter().all(|field| value(one, field) == value(other, field))
    };
    for line in ours.get_mut(name)?.as_array_mut()? {
        let mut same = there.iter().filter(|other| is_same(line, other));
        // Of two that look the same, neither is known to be it.
        let (Some(kept), None) = (same.next(), same.next()) else { continue };
        let id =
            witness.line_ids.iter().find_map(|field| kept.get(field).filter(|id| !id.is_null()));
        let (Some(id), Some(line)) = (id.cloned(), line.as_object_mut()) else { continue };
        for field in &witness.line_ids {
            let own = line.get(field).is_some_and(|own| !own.is_null());
            if !own {
                line.insert(field.clone(), id.clone());
            }
        }
    }
    Some(Bytes::from(ours.to_string()))
}

impl Place {
    /// What is sent there. A delete says all that it has to say in its path.
    pub(super) fn request(&self, method: Method, body: &Bytes) -> Request {
        let request = Request::new(method, self.path.clone());
        match self.act {
            Act::Delete => request,
            Act::Create | Act::Replace => request.json(self.body.as_ref().unwrap_or(body).clone()),
        }
    }

    /// The outcome with the id of the record, which the answer to such a write need not repeat.
    pub(super) fn named(&self, mut outcome: Outcome) -> Outcome {
        if let (Some(id), Act::Replace) = (&self.id, self.act) {
            let (Outcome::Applied(done) | Outcome::Queued(done) | Outcome::Existing(done)) =
                &mut outcome;
            done.resource_id.get_or_insert_with(|| id.clone());
        }
        outcome
    }
}
