//! What the world holds at the start.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::operations1::Rules;
use crate::operations1::access::{Access, PERMISSIONS, Token};
use crate::operations1::fail::Fail;
use crate::operations1::order;
use crate::operations1::route::{Action, Op, Resource};
use crate::operations1::stamp;
use crate::operations1::tenant::{Document, Group, Tenant, User};
use crate::operations1::write::{Change, Write};
use crate::options::{Fixtures, StartError};
use crate::service::Now;

const DEFAULT: &str = include_str!("../../fixtures/operations1-default.json");
const VECTORS: &str = include_str!("../../fixtures/operations1-vectors.json");
const VECTORS_EMPTY: &str = include_str!("../../fixtures/operations1-vectors-empty.json");

/// A file of fixtures: master data with its ids, then orders as the API's create route takes them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FixtureFile {
    /// How many requests a token has in ten seconds.
    #[serde(default = "a_hundred")]
    pub(crate) rate_limit: u32,
    /// When all of it was made.
    created_at: String,
    tokens: Vec<TokenFixture>,
    users: Vec<UserFixture>,
    #[serde(default)]
    groups: Vec<GroupFixture>,
    /// Names of class characteristics, by id.
    #[serde(default)]
    class_characteristics: BTreeMap<u64, String>,
    #[serde(default)]
    documents: Vec<DocumentFixture>,
    #[serde(default = "one")]
    first_order_id: u64,
    #[serde(default = "one")]
    first_report_id: u64,
    /// Each may have a `ruleId`, a `state` and `archived` of its own, too.
    #[serde(default)]
    orders: Vec<Map<String, Value>>,
}

fn a_hundred() -> u32 {
    100
}

fn one() -> u64 {
    1
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TokenFixture {
    token: String,
    user_id: u64,
    permissions: Vec<String>,
    expires_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UserFixture {
    id: u64,
    name: String,
    display_name: String,
    email: Option<String>,
    #[serde(default = "english")]
    locale_code: String,
    #[serde(default)]
    group_ids: Vec<u64>,
    #[serde(default)]
    archived: bool,
}

fn english() -> String {
    "en".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GroupFixture {
    id: u64,
    name: String,
    display_name: String,
    external_id: Option<String>,
    #[serde(default)]
    archived: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DocumentFixture {
    id: u64,
    document_base_id: Option<u64>,
    /// By locale; the first is that of the document.
    names: Map<String, Value>,
    num_of_steps: u64,
    #[serde(default)]
    class_characteristic_ids: Vec<u64>,
    #[serde(default)]
    archived: bool,
}

impl FixtureFile {
    pub(crate) fn load(fixtures: &Fixtures) -> Result<Self, StartError> {
        let read = |text: &str, place: &str| {
            let wrong = |source| StartError::Fixtures(format!("{place}{source}"));
            serde_json::from_str::<Self>(text).map_err(|source: serde_json::Error| wrong(source))
        };
        match fixtures {
            Fixtures::Default => read(DEFAULT, ""),
            Fixtures::Vectors => read(VECTORS, ""),
            Fixtures::VectorsEmpty => read(VECTORS_EMPTY, ""),
            Fixtures::File(path) => {
                let unreadable =
                    |source| StartError::FixturesUnreadable { path: path.clone(), source };
                let text = std::fs::read_to_string(path).map_err(unreadable)?;
                read(&text, &format!("{}: ", path.display()))
            }
        }
    }

    /// The tokens; each has to belong to a user and to name permissions that there are.
    pub(crate) fn access(&self, tenant: &Tenant) -> Result<Access, StartError> {
        let mut access = Access::default();
        for (position, fixture) in self.tokens.iter().enumerate() {
            let place = format!("tokens[{position}]");
            if !tenant.has_user(fixture.user_id) {
                return Err(wrong(&place, "userId: there is no such user"));
            }
            let known = |name: &String| PERMISSIONS.into_iter().find(|known| known == name);
            let permissions: Option<Vec<_>> = fixture.permissions.iter().map(known).collect();
            let there_are = || format!("permissions: there are {}", PERMISSIONS.join(", "));
            let expires = fixture.expires_at.as_deref().map(|text| moment(text, &place));
            let expires_ms = expires.transpose()?.map(Timestamp::as_millisecond);
            access.add(Token {
                secret: fixture.token.clone(),
                user: fixture.user_id,
                permissions: permissions.ok_or_else(|| wrong(&place, &there_are()))?,
                expires_ms: expires_ms.map(|ms| u64::try_from(ms).unwrap_or(0)),
            });
        }
        if self.tokens.is_empty() {
            return Err(StartError::Fixtures("tokens: give one or more".to_owned()));
        }
        Ok(access)
    }

    /// Builds the data; an order that the API itself would refuse is an error.
    pub(crate) fn tenant(&self, rules: &Rules, now: Now) -> Result<Tenant, StartError> {
        let created = moment(&self.created_at, "createdAt")?;
        let mut tenant = Tenant {
            characteristics: self.class_characteristics.clone(),
            next_order: self.first_order_id,
            next_report: self.first_report_id,
            next_assignment: 1,
            ..Tenant::default()
        };
        for fixture in &self.groups {
            tenant.groups.insert(fixture.id, fixture.group(created));
        }
        for (position, fixture) in self.users.iter().enumerate() {
            if !fixture.group_ids.iter().all(|id| tenant.has_group(*id)) {
                return Err(wrong(&format!("users[{position}]"), "groupIds: no such group"));
            }
            tenant.users.insert(fixture.id, fixture.user(created));
        }
        for fixture in &self.documents {
            tenant.documents.insert(fixture.id, fixture.document(created));
        }
        let user = self.tokens.first().map_or(0, |token| token.user_id);
        for (position, body) in self.orders.iter().enumerate() {
            put_order(&mut tenant, body, user, rules, now)
                .map_err(|fail| wrong(&format!("orders[{position}]"), &fail.text))?;
        }
        Ok(tenant)
    }
}

fn put_order(
    tenant: &mut Tenant,
    body: &Map<String, Value>,
    user: u64,
    rules: &Rules,
    now: Now,
) -> Result<(), Fail> {
    let op = Op { resource: Resource::Orders, action: Action::Create };
    let created = Ok(body.clone());
    let write = Write { op, id: 0, body: &created, user, now };
    let mut change = tenant.plan(&write, rules)?;
    if let Change::NewOrder(order, _) = &mut change {
        order.rule = body.get("ruleId").and_then(Value::as_u64);
        order.archived = body.get("archived") == Some(&Value::Bool(true));
        if let Some(state) = body.get("state").and_then(Value::as_str) {
            let known = order::STATES.iter().find(|known| **known == state);
            order.state = known.ok_or_else(|| Fail::parameter("state"))?;
        }
    }
    tenant.apply(change);
    Ok(())
}

impl UserFixture {
    fn user(&self, created: Timestamp) -> User {
        User {
            id: self.id,
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            email: self.email.clone(),
            locale: self.locale_code.clone(),
            groups: self.group_ids.clone(),
            archived: self.archived,
            created,
            updated: created,
        }
    }
}

impl GroupFixture {
    fn group(&self, created: Timestamp) -> Group {
        Group {
            id: self.id,
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            external_id: self.external_id.clone(),
            archived: self.archived,
            created,
        }
    }
}

impl DocumentFixture {
    fn document(&self, created: Timestamp) -> Document {
        let first = self.names.iter().next();
        let name = first.and_then(|(_, name)| name.as_str()).unwrap_or_default();
        Document {
            id: self.id,
            base: self.document_base_id.unwrap_or(self.id),
            name: name.to_owned(),
            names: self.names.clone(),
            steps: self.num_of_steps,
            locale: first.map(|(locale, _)| locale.clone()).unwrap_or_else(english),
            characteristics: self.class_characteristic_ids.clone(),
            archived: self.archived,
            created,
        }
    }
}

fn moment(text: &str, place: &str) -> Result<Timestamp, StartError> {
    let form = "give instants like 2025-01-01T08:00:00.000Z";
    stamp::moment(text).ok_or_else(|| wrong(place, form))
}

fn wrong(place: &str, text: &str) -> StartError {
    StartError::Fixtures(format!("{place}: {text}"))
}
