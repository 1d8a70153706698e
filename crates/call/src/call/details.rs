//! What an error carries (DESIGN §3.11).

use crate::class::Class;
use crate::error::{CredentialsKind, Details, Kind, Stop};
use crate::field_error::{self, FieldError};
use crate::items;

use super::{Call, Last};

/// How much of a body an error keeps.
const BODY_BYTES_MAX: usize = 4_096;
/// What is said to a person of a wait that nobody told, in seconds.
const RETRY_AFTER_S: u64 = 60;

impl Call {
    pub(super) fn details(&mut self, kind: Kind, stop: Stop, rule: String) -> Details {
        let mut details = Details {
            request_id_sent: self.options.request_id.clone(),
            idempotency_key: self.idempotency_key().map(str::to_owned),
            attempts: std::mem::take(&mut self.attempts),
            ..Details::new(kind, self.effect, stop, rule)
        };
        match self.last.take() {
            Some(Last::Reply { reply, reading, hint }) => {
                let places = &self.dialect.reply;
                details.status = Some(reply.status.as_u16());
                details.action = reading
                    .code
                    .as_deref()
                    .and_then(|code| self.dialect.action(code))
                    .map(str::to_owned);
                details.code = reading.code;
                details.message = reading.message;
                details.request_id = reading.request_id;
                details.retry_after = hint;
                if !reply.status.is_success() {
                    details.field_errors = field_error::read(&places.field_error, &reply);
                }
                if details.message.is_none() {
                    details.message = field_error::summary(&details.field_errors);
                }
                details.items = items::read(&places.items, &reply);
                details.body = reply.body.slice(..reply.body.len().min(BODY_BYTES_MAX));
            }
            Some(Last::Failure(failure)) => {
                details.message = Some(failure.text);
                details.source = failure.source;
            }
            None => {}
        }
        details.for_people = self.for_people(&details);
        details
    }

    /// What the dialect has to say to a person, if it says anything of this and all that its text
    /// names is there. Of a write that may have taken effect only what is meant for that is
    /// said: "try again" would be a wrong advice.
    fn for_people(&self, details: &Details) -> Option<String> {
        let texts = &self.dialect.user_messages;
        if texts.is_empty() {
            return None;
        }
        let class = |class: Class| texts.get(class.as_str());
        let named = |name: &str| texts.get(name);
        let template = match details.kind {
            Kind::Refused(of) => class(of),
            Kind::Unreached(of) => class(of).or_else(|| named("unreached")),
            Kind::Credentials(kind) => match kind {
                CredentialsKind::Refused => {
                    class(Class::CredentialsRejected).or_else(|| class(Class::Unauthenticated))
                }
                CredentialsKind::SecondFactorRequired => named("second_factor_required"),
                CredentialsKind::FirstSignIn => named("first_sign_in"),
                CredentialsKind::SessionNotTaken => named("session_not_taken"),
                CredentialsKind::TokenNotTaken => class(Class::Unauthenticated),
            },
            Kind::Partial => class(Class::Partial),
            Kind::Unknown => named("unknown"),
            Kind::Differs => named("differs"),
            Kind::Protocol => named("protocol"),
            Kind::Cancelled => named("cancelled"),
            Kind::Unsendable => None,
        };
        self.filled(template?, details)
    }

    fn filled(&self, template: &str, details: &Details) -> Option<String> {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, behind) = behind.split_once('}')?;
            text.push_str(before);
            text.push_str(&self.named(name, details)?);
            rest = behind;
        }
        text.push_str(rest);
        Some(text)
    }

    fn named(&self, name: &str, details: &Details) -> Option<String> {
        match name {
            "status" => details.status.map(|status| status.to_string()),
            "code" => details.code.clone(),
            "message" => details.message.clone(),
            "request_id" => details.request_id.clone().or_else(|| details.request_id_sent.clone()),
            "retry_after_s" => {
                let wait = details.retry_after.map(|wait| wait.as_secs()).filter(|wait| *wait > 0);
                Some(wait.unwrap_or(RETRY_AFTER_S).to_string())
            }
            "attempts" => Some(details.attempts.len().to_string()),
            "method" => Some(self.request.method.to_string()),
            "path" => Some(self.request.route().to_owned()),
            "idempotency_key" => details.idempotency_key.clone(),
            "fields" => fields(&details.field_errors),
            _ => None,
        }
    }
}

/// Each field with all that is said of it (T10).
fn fields(faults: &[FieldError]) -> Option<String> {
    let mut fields: Vec<String> = Vec::new();
    let mut last = None;
    for fault in faults {
        match fields.last_mut().filter(|_| last == Some(&fault.name)) {
            Some(said) => {
                said.push_str(", ");
                said.push_str(&fault.message);
            }
            None => fields.push(fault.to_string()),
        }
        last = Some(&fault.name);
    }
    (!fields.is_empty()).then(|| fields.join("; "))
}
