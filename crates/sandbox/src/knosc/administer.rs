//! Users as administrators keep them, and second factors as users set them up.

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::knosc::Rules;
use crate::knosc::fail::Fail;
use crate::knosc::field::{date, filled, optional_text, require, text};
use crate::knosc::resource::Resource;
use crate::knosc::route::Op;
use crate::knosc::session::SHORTEST_PASSWORD;
use crate::knosc::user::{Role, User, UserFixture, UserStatus, Users, totp_fits};
use crate::service::{Done, Id, Now};

/// The role that may take a second factor away.
pub(crate) const ADMINISTRATOR: &str = "Administrator";

/// A write to the users that has passed every check.
#[derive(Debug)]
pub(crate) enum UserChange {
    Create(UserFixture),
    Update(u64, UserFixture),
    Deactivate(u64),
    OfferTotp(u64),
    ActivateTotp(u64),
    ResetTotp(u64),
}

/// Checks a write; `actor` is the user who asks for it.
pub(crate) fn plan(
    op: Op,
    body: Option<&Map<String, Value>>,
    actor: Option<u64>,
    users: &Users,
    rules: &Rules,
    now: Now,
) -> Result<UserChange, Fail> {
    let body = || body.ok_or_else(Fail::json_invalid);
    let actor = || actor.ok_or_else(Fail::token_missing);
    let known = |id| users.by_id(id).ok_or_else(|| Fail::no_such_id(rules, "User", "User", id));
    match op {
        Op::Create(Resource::Users) => read_new(body()?, users).map(UserChange::Create),
        Op::Replace(Resource::Users, id) => {
            let body = body()?;
            read_changed(body, id, known(id)?, users).map(|user| UserChange::Update(id, user))
        }
        Op::Delete(Resource::Users, id) => known(id).map(|_| UserChange::Deactivate(id)),
        Op::ResetTotp(id) => known(id).map(|_| UserChange::ResetTotp(id)),
        Op::GenerateTotp => actor().map(UserChange::OfferTotp),
        Op::ActivateTotp => {
            let (body, id) = (body()?, actor()?);
            require(body, &["totp_code"])?;
            let code = text(body, "totp_code").ok_or_else(|| Fail::invalid_field("totp_code"))?;
            let offered = users.by_id(id).and_then(|user| user.offered_secret.as_deref());
            let right = |secret: &str| totp_fits(secret, code, now.ms, now.real_ms);
            if offered.is_some_and(right) {
                Ok(UserChange::ActivateTotp(id))
            } else {
                Err(Fail::bad_activation())
            }
        }
        _ => Err(Fail::route_not_found()),
    }
}

fn read_new(body: &Map<String, Value>, users: &Users) -> Result<UserFixture, Fail> {
    require(body, &["Username", "User Email", "Role Id", "password"])?;
    let blank = UserFixture {
        username: String::new(),
        email: String::new(),
        full_name: None,
        phone: None,
        status: UserStatus::Active,
        password_expiration: None,
        password: String::new(),
        role: String::new(),
        privileges: None,
        totp_secret: None,
        // Whoever made the user knows the password, so it is good for one log-in only.
        first_signin: true,
    };
    read(body, blank, None, users)
}

fn read_changed(
    body: &Map<String, Value>,
    id: u64,
    before: &User,
    users: &Users,
) -> Result<UserFixture, Fail> {
    read(body, before.fixture.clone(), Some(id), users)
}

/// Takes over what the body names.
fn read(
    body: &Map<String, Value>,
    mut user: UserFixture,
    own: Option<u64>,
    users: &Users,
) -> Result<UserFixture, Fail> {
    for (name, field) in [("Username", &mut user.username), ("User Email", &mut user.email)] {
        if body.contains_key(name) {
            let text = filled(body, name)?.ok_or_else(|| Fail::invalid_field(name))?;
            text.clone_into(field);
        }
    }
    for (name, field) in [("User Fullname", &mut user.full_name), ("User Phone", &mut user.phone)] {
        if body.contains_key(name) {
            *field = optional_text(body, name)?.map(Into::into);
        }
    }
    if body.contains_key("Password Expiration") {
        user.password_expiration = date(body, "Password Expiration")?.map(Into::into);
    }
    match body.get("First Signin") {
        None => {}
        Some(Value::Bool(first)) => user.first_signin = *first,
        Some(_) => return Err(Fail::invalid_field("First Signin")),
    }
    match body.get("User Status") {
        None => {}
        Some(status) => {
            user.status =
                UserStatus::of(status).ok_or_else(|| Fail::invalid_field("User Status"))?;
        }
    }
    if body.contains_key("Role Id") {
        user.role = role_of(body, users).ok_or_else(|| Fail::invalid_field("Role Id"))?;
        user.privileges = None;
    }
    if body.contains_key("password") {
        let password = text(body, "password").filter(|password| is_long_enough(password));
        user.password = password.ok_or_else(|| Fail::invalid_field("password"))?.to_owned();
    }
    check_free(&user, own, users)?;
    Ok(user)
}

pub(crate) fn is_long_enough(password: &str) -> bool {
    password.chars().count() >= SHORTEST_PASSWORD
}

fn role_of(body: &Map<String, Value>, users: &Users) -> Option<String> {
    let id = body.get("Role Id")?.as_u64()?;
    let named = |role: &Role| role.name.clone();
    users.roles().find(|(other, _)| *other == id).map(|(_, role)| named(role))
}

/// Names and e-mail addresses belong to one user each, as either logs in.
fn check_free(user: &UserFixture, own: Option<u64>, users: &Users) -> Result<(), Fail> {
    for name in [&user.username, &user.email] {
        let taken = users.iter().any(|(id, other)| {
            Some(id) != own && (&other.fixture.username == name || &other.fixture.email == name)
        });
        if taken {
            return Err(Fail::already_exists("User", "User", name));
        }
    }
    Ok(())
}

/// Carries out what [`plan`] has checked. Returns what was done and the reply's body.
pub(crate) fn apply(
    change: UserChange,
    users: &mut Users,
    dice: &mut Dice,
    now: Now,
) -> (Done, Value) {
    let done =
        |text: &str| (Done::default(), json!({ "message": text, "notification_type": "Success" }));
    match change {
        UserChange::Create(fixture) => {
            let id = users.add(User::new(fixture));
            let body = json!({ "message": "User created successfully.", "id": id });
            (Done { id: Some(Id::Number(id)), gone_with: None }, body)
        }
        UserChange::Update(id, fixture) => {
            if let Some(user) = users.by_id_mut(id) {
                let before = std::mem::replace(&mut user.fixture, fixture);
                let after = &user.fixture;
                if before.password != after.password
                    || before.role != after.role
                    || before.status != after.status
                {
                    user.revoke(now.ms);
                }
            }
            done("User updated successfully.")
        }
        UserChange::Deactivate(id) => {
            if let Some(user) = users.by_id_mut(id) {
                user.fixture.status = UserStatus::Inactive;
                user.revoke(now.ms);
            }
            done("User deleted successfully.")
        }
        UserChange::OfferTotp(id) => offer_totp(id, users, dice),
        UserChange::ActivateTotp(id) => {
            if let Some(user) = users.by_id_mut(id) {
                user.fixture.totp_secret = user.offered_secret.take();
            }
            (Done::default(), json!({ "message": "2FA activated successfully." }))
        }
        UserChange::ResetTotp(id) => {
            if let Some(user) = users.by_id_mut(id) {
                user.fixture.totp_secret = None;
                user.offered_secret = None;
                user.totp_until_ms = 0;
            }
            (Done::default(), json!({ "message": "2FA reset successfully." }))
        }
    }
}

/// A new secret, which is good for nothing until a code of it has been shown.
fn offer_totp(id: u64, users: &mut Users, dice: &mut Dice) -> (Done, Value) {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut letter = || char::from(BASE32[usize::from(dice.roll().to_le_bytes()[0] & 31)]);
    let secret: String = (0..32).map(|_| letter()).collect();
    let mut email = String::new();
    if let Some(user) = users.by_id_mut(id) {
        user.offered_secret = Some(secret.clone());
        email.clone_from(&user.fixture.email);
    }
    let label: String = url::form_urlencoded::byte_serialize(email.as_bytes()).collect();
    let url = format!("otpauth://totp/Knosc:{label}?secret={secret}&issuer=Knosc");
    (Done::default(), json!({ "secret": secret, "otpauth_url": url }))
}
