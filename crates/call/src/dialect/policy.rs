use super::form::{AtLeastOne, Reader, Share};
use super::{Extract, When};

table! {
    /// The two policies that a dialect carries (DESIGN §7).
    pub struct Policies {
        /// What we advise, and the default.
        pub recommended: Policy,
        /// The letter of the API's guide.
        pub documented: Policy,
    }
}

words! {
    /// Which of the two policies to follow.
    #[derive(Default)]
    pub enum PolicyName {
        /// What we advise.
        Recommended [default] = "recommended",
        /// The letter of the API's guide.
        Documented = "documented",
    }
}

impl std::str::FromStr for PolicyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "recommended" => Ok(Self::Recommended),
            "documented" => Ok(Self::Documented),
            other => Err(format!("\"{other}\" is no policy: say recommended or documented")),
        }
    }
}

table! {
    /// Counts and waits. Every duration is in milliseconds.
    #[derive(PartialEq)]
    pub struct Policy {
        /// How often a call is sent at the most, the first time included.
        pub attempts: u32 as AtLeastOne<u32>,
        /// The longest one attempt may take, from the first byte sent to the last byte read.
        pub attempt_timeout_ms: u64 as AtLeastOne<u64>,
        /// The longest that making a connection may take.
        pub connect_timeout_ms: u64 as AtLeastOne<u64>,
        /// The first wait after a fault; it doubles with each further one.
        pub fault_base_ms: u64,
        /// The first wait after being told to slow down; it doubles with each further one.
        pub throttle_base_ms: u64,
        /// No wait of our own is longer.
        pub wait_cap_ms: u64,
        /// A hint longer than this ends the call, which then carries the hint.
        pub hint_cap_ms: u64,
        /// Whether chance changes the waits.
        pub jitter: Jitter,
        /// By which share of itself a wait may differ, where `jitter` is `proportional`.
        pub jitter_share: f64 as Share = 0.1,
        /// What a 429 says of the write.
        pub rate_limited: RateLimited,
        /// What a log-in, or a request for a token, that is answered with 408, 429 or 5xx leads to.
        pub log_in_failed: LogInFailed = LogInFailed::BacksOff,
        /// What a hint is to a wait of our own.
        pub hint: HintUse = HintUse::AtLeast,
        /// What a hint below 0 is.
        pub negative_hint: NegativeHint = NegativeHint::Ignored,
    }
}

words! {
    /// Whether chance changes the waits, so that many callers do not come back at once.
    pub enum Jitter {
        /// The wait is exactly the backoff.
        None = "none",
        /// The wait is anything between nothing and the backoff.
        Full = "full",
        /// The wait is the backoff, longer or shorter by at most `jitter_share` of it.
        Proportional = "proportional",
    }
}

words! {
    /// What a 429 means for sending again.
    pub enum RateLimited {
        /// It was not processed: wait for the hint and send again.
        NotProcessed = "not_processed",
        /// It is returned to the caller.
        Never = "never",
    }
}

words! {
    /// What a log-in leads to that is answered with a failure which may pass.
    #[derive(Default)]
    pub enum LogInFailed {
        /// It backs off and is sent again.
        BacksOff [default] = "backs_off",
        /// It is returned to the caller, and ends the call that it was for.
        Ends = "ends",
    }
}

words! {
    /// What the wait that a server hints at is to a wait of our own.
    #[derive(Default)]
    pub enum HintUse {
        /// The longer of the two.
        AtLeast [default] = "at_least",
        /// The hint, even where our own wait would be longer.
        Exact = "exact",
    }
}

words! {
    /// What a hint below 0 is.
    #[derive(Default)]
    pub enum NegativeHint {
        /// No hint.
        Ignored [default] = "ignored",
        /// A wait of 0.
        Zero = "zero",
    }
}

table! {
    /// Where waits are hinted at, and what headers tell of the limit ahead of a refusal.
    #[derive(Default)]
    pub struct Hints {
        /// Places and forms, in order of authority; the first that can be read wins.
        pub wait: Vec<Hint>,
        /// What tells of the limit.
        pub limit: Vec<LimitHint>,
    }
}

table! {
    /// One place where a wait may be hinted at.
    pub struct Hint {
        /// The place.
        pub at: Extract,
        /// How its text is meant.
        pub form ["as"]: HintForm,
        /// Replies of which it holds; by default all.
        pub when: Option<When>,
        /// What can be spent now, where `as` is `cost`.
        pub available: Option<Extract>,
        /// What is restored in a second, where `as` is `cost`.
        pub restore: Option<Extract>,
    }
    check |hint: &Self, reader: &mut Reader<'_>| {
        let cost = hint.form == HintForm::Cost;
        for (key, place) in [("available", &hint.available), ("restore", &hint.restore)] {
            if cost && place.is_none() {
                let remedy = format!("add the key `{key}`: the wait is (at - available) / restore");
                reader.wrong(format!("as = \"cost\" needs `{key}`"), remedy);
            }
            if !cost && place.is_some() {
                let what = format!("`{key}` belongs to as = \"cost\"");
                reader.wrong(what, "take it out, or write as = \"cost\"");
            }
        }
    }
}

words! {
    /// How the text of a hint is meant.
    pub enum HintForm {
        /// RFC 9110 §10.2.3, with fractions tolerated: seconds, or an HTTP-date.
        SecondsOrDate = "seconds_or_date",
        /// Seconds, with fractions.
        Seconds = "seconds",
        /// Milliseconds.
        Milliseconds = "milliseconds",
        /// Seconds since 1970, read against the reply's own `Date`.
        EpochSeconds = "epoch_seconds",
        /// Milliseconds since 1970, read against the reply's own `Date`.
        EpochMilliseconds = "epoch_milliseconds",
        /// Seconds to wait, or since 1970 if it is more than 10^9.
        SecondsOrEpoch = "seconds_or_epoch",
        /// An HTTP-date (RFC 9110 §5.6.7), read against the reply's own `Date`.
        HttpDate = "http_date",
        /// A number with its unit, or several: `1.5s`, `6m0s`, `200ms`.
        Duration = "duration",
        /// What the call costs: the wait is (cost - available) / restore, in seconds.
        Cost = "cost",
    }
}

table! {
    /// What headers tell of the limit. Either `draft`, or places of the API's own.
    pub struct LimitHint {
        /// The fields of the IETF draft "RateLimit header fields for HTTP": `RateLimit` and
        /// `RateLimit-Policy`, and of its older versions `RateLimit-Limit`, `-Remaining`, `-Reset`.
        pub draft: bool,
        /// How many requests a window has.
        pub limit: Option<Extract>,
        /// How many of them are left.
        pub remaining: Option<Extract>,
        /// When the window ends.
        pub reset: Option<Hint>,
    }
    check |hint: &Self, reader: &mut Reader<'_>| {
        let own = hint.limit.is_some() || hint.remaining.is_some() || hint.reset.is_some();
        if hint.draft && own {
            let remedy = "write places of the API's own in a table of their own";
            reader.wrong("`draft` says already where limit, remaining and reset are", remedy);
        } else if !hint.draft && hint.remaining.is_none() {
            let remedy = "add `remaining`, or draft = true";
            reader.wrong("nothing says how many requests are left", remedy);
        }
    }
}
