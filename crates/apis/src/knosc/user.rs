//! Users, their roles, and second factors (contract, sections 2.1 and 3.4).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use steadfast::{Secret, path};

use super::master::RecordStatus;
use super::records::records;
use super::{Error, Knosc, Write};
use crate::words::words;

words! {
    /// What a privilege lets its holder do.
    pub enum Access {
        /// Read.
        View = "View",
        /// Read and write.
        Edit = "Edit",
    }
}

/// What somebody may do with one category of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privilege {
    /// The category, such as `Procurement`.
    #[serde(rename = "type")]
    pub category: String,
    /// What may be done.
    pub access: Access,
}

/// A user. To change one, name what is to change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The API's id.
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    /// The full name.
    #[serde(rename = "User Fullname", default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// The name to log in with, unique.
    #[serde(rename = "Username", default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The address for mail, unique; it logs in as well.
    #[serde(rename = "User Email", default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The telephone.
    #[serde(rename = "User Phone", default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether a first password has still to be set.
    #[serde(rename = "First Signin", default, skip_serializing_if = "Option::is_none")]
    pub first_signin: Option<bool>,
    /// Until when the password is good, `YYYY-MM-DD`.
    #[serde(rename = "Password Expiration", default, skip_serializing_if = "Option::is_none")]
    pub password_expiration: Option<String>,
    /// The role, to be set by its id.
    #[serde(rename = "Role Id", default, skip_serializing_if = "Option::is_none")]
    pub role_id: Option<u64>,
    /// The role's name. Shown only.
    #[serde(rename = "Role Name", default, skip_serializing)]
    pub role_name: Option<String>,
    /// What the role is for. Shown only.
    #[serde(rename = "Role Description", default, skip_serializing)]
    pub role_description: Option<String>,
    /// Whether the user may log in.
    #[serde(rename = "User Status", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RecordStatus>,
    /// Whether a second factor is asked for. Shown only.
    #[serde(rename = "2FA Enabled", default, skip_serializing)]
    pub second_factor: Option<bool>,
    /// What the user may do. Shown only.
    #[serde(rename = "Privileges", default, skip_serializing)]
    pub privileges: Vec<Privilege>,
    /// The password to be set, eight characters at least. Never shown.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "reveal",
        skip_deserializing
    )]
    pub password: Option<Secret>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Role {
    /// The API's id.
    pub id: u64,
    /// Its name.
    #[serde(rename = "Role Name")]
    pub name: String,
    /// What it is for.
    #[serde(rename = "Role Description", default)]
    pub description: Option<String>,
    /// What it lets somebody do.
    #[serde(rename = "Privileges", default)]
    pub privileges: Vec<Privilege>,
}

/// A second factor that has been offered, and is good for nothing until a code of it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SecondFactorOffer {
    /// What codes are made from.
    #[serde(deserialize_with = "hide")]
    pub secret: Secret,
    /// The same as an address that authenticators read. A secret, too.
    #[serde(deserialize_with = "hide")]
    pub otpauth_url: Secret,
}

records! {
    User: "/user", read "/data", write |_| None;
    Role: "/role";
}

impl Knosc {
    /// The user who is logged in.
    ///
    /// # Errors
    /// [`Error`] if it cannot be read.
    pub async fn profile(&self) -> Result<User, Error> {
        self.read_at("/profile".into(), "/data").await
    }

    /// Asks for a second factor for the user who is logged in. It is set up once
    /// [`Knosc::activate_second_factor`] has shown a code of it.
    ///
    /// # Errors
    /// [`Error`] if there is none to be had.
    pub async fn offer_second_factor(&self) -> Result<SecondFactorOffer, Error> {
        let call = self.client.post("/setup-2fa/generate").json(&json!({}));
        Ok(call.send_as().await?)
    }

    /// Shows a code of the second factor that was offered, after which every log-in asks for one.
    ///
    /// A code that is wrong earns [`Code::InvalidSecondFactor`](super::Code::InvalidSecondFactor).
    pub fn activate_second_factor(&self, totp_code: &str) -> Write {
        let call = self.client.post("/setup-2fa/activate").json(&json!({ "totp_code": totp_code }));
        Write::new(self, call, None)
    }

    /// Takes the second factor of a user away. Only an administrator may.
    pub fn reset_second_factor(&self, user_id: u64) -> Write {
        let call = self.client.post(path!("user", user_id, "reset-2fa")).json(&json!({}));
        Write::new(self, call, None)
    }
}

fn reveal<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::reveal).serialize(serializer)
}

fn hide<'de, D: Deserializer<'de>>(reader: D) -> Result<Secret, D::Error> {
    String::deserialize(reader).map(Secret::new)
}
