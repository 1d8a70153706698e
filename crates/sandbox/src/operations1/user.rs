//! Users as they are written.

use crate::operations1::Rules;
use crate::operations1::fail::Fail;
use crate::operations1::fields::{Fields, filled, text};
use crate::operations1::tenant::{Tenant, User};
use crate::operations1::write::Write;

pub(crate) fn create(
    tenant: &Tenant,
    body: &Fields<'_>,
    rules: &Rules,
    write: &Write<'_>,
) -> Result<User, Fail> {
    let at = write.stamp().at;
    let user = User {
        id: tenant.users.last_key_value().map_or(1, |(id, _)| id + 1),
        name: body.must("name", filled)?,
        display_name: body.must("displayName", filled)?,
        email: body.may("email", text)?,
        locale: body.may("localeCode", filled)?.unwrap_or_else(|| "en".to_owned()),
        groups: body.ids("groupIds", |id| tenant.has_group(id))?,
        archived: false,
        created: at,
        updated: at,
    };
    checked(tenant, user, rules)
}

/// What the body does not name stays as it is.
pub(crate) fn update(
    tenant: &Tenant,
    before: &User,
    body: &Fields<'_>,
    rules: &Rules,
    write: &Write<'_>,
) -> Result<User, Fail> {
    let mut user = User { updated: write.stamp().at, ..before.clone() };
    if body.has("name") {
        user.name = body.must("name", filled)?;
    }
    if body.has("displayName") {
        user.display_name = body.must("displayName", filled)?;
    }
    if body.has("email") {
        user.email = body.may("email", text)?;
    }
    if body.has("localeCode") {
        user.locale = body.must("localeCode", filled)?;
    }
    if body.has("groupIds") {
        user.groups = body.ids("groupIds", |id| tenant.has_group(id))?;
    }
    if body.has("archived") {
        user.archived = body.must("archived", serde_json::Value::as_bool)?;
    }
    checked(tenant, user, rules)
}

pub(crate) fn archived(before: &User, write: &Write<'_>) -> User {
    User { archived: true, updated: write.stamp().at, ..before.clone() }
}

/// A name belongs to one user, archived ones included.
fn checked(tenant: &Tenant, user: User, rules: &Rules) -> Result<User, Fail> {
    let taken = |other: &User| other.name == user.name && other.id != user.id;
    match !rules.allow_duplicates && tenant.users.values().any(taken) {
        true => Err(Fail::name_in_use()),
        false => Ok(user),
    }
}
