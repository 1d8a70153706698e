//! Telling errors apart without comparing texts: broadly by what a caller does about them, and
//! narrowly by class and code.

use std::time::Duration;

use crate::class::Class;
use crate::dialect::glob_matches;
use crate::effect::Effect;

use super::{Error, Kind};

impl Error {
    /// What the last attempt meant, or the refusal; none if nothing was sent.
    ///
    /// A call whose effect is unknown has the class of its last attempt too: it says what
    /// happened, not what was done.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        match self.kind() {
            Kind::Refused(class) | Kind::Unreached(class) => Some(class),
            _ => self.details().attempts.last().map(|attempt| attempt.class),
        }
    }

    /// True if it is of that class.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use http::{HeaderMap, Method, StatusCode};
    /// # use steadfast_call::dialect::{Dialect, PolicyName};
    /// # use steadfast_call::{Account, Call, Draw, Event, Options, Reply, Request, Step, Time};
    /// # let knosc = Arc::new(Dialect::built_in("knosc").unwrap());
    /// # let (now, draw) = (Time::default(), Draw::new(0.5));
    /// # let mut account = Account::new(&knosc, None, now);
    /// # account.session.renewed();
    /// # let request = Request::new(Method::POST, "/item-master").json("{}");
    /// # let mut call = Call::new(knosc, PolicyName::Recommended, request, Options::default(),
    /// #     Duration::from_secs(60), now, &mut account);
    /// # call.step(Event::Started, now, draw, &mut account);
    /// # let body = r#"{"Message":"There is one.","Code":"ItemMaster.AlreadyExists"}"#;
    /// # let reply = Reply::new(StatusCode::BAD_REQUEST, HeaderMap::new(), body.into());
    /// # let Step::Done(result) = call.step(Event::Replied(reply), now, draw, &mut account)
    /// #     else { panic!() };
    /// # let error = result.unwrap_err();
    /// use steadfast_call::Class;
    ///
    /// assert!(error.is(Class::Duplicate));
    /// assert!(error.code_is("*.AlreadyExists"));
    /// assert!(error.is_refused() && !error.is_temporary());
    /// ```
    #[must_use]
    pub fn is(&self, class: Class) -> bool {
        self.class() == Some(class)
    }

    /// True if the API's code is that one, or fits that glob: `*` stands for any run of
    /// characters.
    #[must_use]
    pub fn code_is(&self, pattern: &str) -> bool {
        self.code().is_some_and(|code| glob_matches(pattern, code))
    }

    /// True if the API refused the call for what it is. Sending it again changes nothing.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.kind(), Kind::Refused(_) | Kind::Differs)
    }

    /// True if the credentials do not let us in, or not any more.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        matches!(self.kind(), Kind::Credentials(_) | Kind::Refused(Class::Unauthenticated))
    }

    /// True if the service could not be used, and nothing took effect.
    #[must_use]
    pub fn is_unreached(&self) -> bool {
        matches!(self.kind(), Kind::Unreached(_))
    }

    /// True if there was no answer to the last attempt.
    #[must_use]
    pub fn is_network(&self) -> bool {
        self.is(Class::Network)
    }

    /// True if it may have taken effect: look for it before it is sent again. This is about the
    /// effect, so it also holds for a call that was called off on its way.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.effect() == Effect::Unknown
    }

    /// True if single items failed inside a success.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.kind() == Kind::Partial
    }

    /// True if the caller called it off.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.kind() == Kind::Cancelled
    }

    /// True if it is of a kind that passes by itself: the service was not there, or asked us to
    /// wait. Whether it may then be sent again is what [`Error::may_succeed_later`] says.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self.class(),
            Some(
                Class::RateLimited
                    | Class::Unavailable
                    | Class::ServerError
                    | Class::Network
                    | Class::InProgress
            )
        )
    }

    /// What the server asked us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.details().retry_after
    }

    /// The idempotency key that it was sent with.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.details().idempotency_key.as_deref()
    }

    /// The name of the exchange, for a question to those who run the API: the server's, or else
    /// the one that was sent.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        let details = self.details();
        details.request_id.as_deref().or(details.request_id_sent.as_deref())
    }
}
