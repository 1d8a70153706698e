use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::form::{
    CredentialText, HeaderText, MethodText, OwnerPath, PathText, Pointer, Reader, Required,
    names_in,
};

kinds! {
    /// How to log in. Texts in which credentials are filled in name them in braces: `{api_key}`.
    #[derive(Default)]
    pub enum Auth beside ["schemes": BTreeMap<String, Auth>] {
        /// Nothing is asked for.
        None [default] = "none",
        /// A token goes into the header Authorization, as `Bearer ...` (RFC 6750).
        Bearer = "bearer" {
            /// The token.
            token: String as CredentialText,
            /// How often a call is sent again after a 401.
            replays_after_401: u32 = 0,
        },
        /// A key goes into a header.
        ApiKey = "api_key" {
            /// The header.
            header: String as HeaderText,
            /// Its value.
            value: String as CredentialText,
            /// How often a call is sent again after a 401.
            replays_after_401: u32 = 0,
        },
        /// User name and password go into the header Authorization (RFC 7617).
        Basic = "basic" {
            /// The user name.
            username: String as CredentialText,
            /// The password.
            password: String as CredentialText,
            /// How often a call is sent again after a 401.
            replays_after_401: u32 = 0,
        },
        /// A log-in sets cookies, and a refresh renews them.
        CookieSession = "cookie_session" {
            /// The cookie that has to be there for a session to exist.
            session_cookie: String,
            /// How often a call is sent again after a 401 (DESIGN §3.9).
            replays_after_401: u32,
            /// The route of the log-in.
            login: LoginRoute,
            /// The route of the refresh, if there is one.
            refresh: Option<RefreshRoute>,
        },
        /// A token is got for client id and secret (RFC 6749 §4.4), and goes into the header Authorization.
        ClientCredentials = "client_credentials" {
            /// How often a call is sent again after a 401, each time with a new token.
            replays_after_401: u32 = 1,
            /// Where the token is got.
            token: TokenRoute,
        },
        /// One token per resource owner, each got with a parent token.
        TokenExchange = "token_exchange" {
            /// How often a call is sent again after a 401: first with a new token of the owner, then with a new parent token, too.
            replays_after_401: u32 = 2,
            /// Where the parent token is got.
            parent: TokenRoute,
            /// Where an owner's token is got, and what needs it.
            owner: OwnerRoute,
        },
    }
}

impl Auth {
    /// The names of the credentials that this way of logging in needs, in order.
    ///
    /// ```
    /// use steadfast_call::dialect::Dialect;
    ///
    /// let knosc = Dialect::built_in("knosc").unwrap();
    /// assert_eq!(knosc.auth.fields(), ["password", "username"]);
    /// ```
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        let mut texts: Vec<&str> = Vec::new();
        match self {
            Self::None => {}
            Self::Bearer { token, .. } => texts.push(token),
            Self::ApiKey { value, .. } => texts.push(value),
            Self::Basic { username, password, .. } => texts.extend([username.as_str(), password]),
            Self::CookieSession { login, .. } => {
                texts.extend(login.body.values().map(String::as_str));
            }
            Self::ClientCredentials { token, .. } => texts.extend(token.texts()),
            Self::TokenExchange { parent, owner, .. } => {
                texts.extend(parent.texts());
                texts.extend(owner.body.values().map(String::as_str));
            }
        }
        let names: BTreeSet<&str> =
            texts.into_iter().flat_map(|text| names_in(text).unwrap_or_default()).collect();
        names.into_iter().filter(|name| *name != "owner").map(str::to_owned).collect()
    }

    /// How often a call is sent again after a 401 (DESIGN §3.9).
    #[must_use]
    pub fn replays_after_401(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::Bearer { replays_after_401, .. }
            | Self::ApiKey { replays_after_401, .. }
            | Self::Basic { replays_after_401, .. }
            | Self::CookieSession { replays_after_401, .. }
            | Self::ClientCredentials { replays_after_401, .. }
            | Self::TokenExchange { replays_after_401, .. } => *replays_after_401,
        }
    }
}

table! {
    /// The route of a log-in.
    pub struct LoginRoute {
        /// The method.
        pub method: String as MethodText,
        /// Paths to try; a 404 on one leads to the next, and what worked is remembered.
        pub paths: Vec<String> as Required<Vec<PathText>>,
        /// The JSON body; `{username}` and `{password}` are filled in.
        pub body: BTreeMap<String, String> as Required<BTreeMap<String, CredentialText>>,
        /// Answers of status 200 that are not a session.
        pub answer: Vec<LoginAnswer>,
    }
}

table! {
    /// An answer to a log-in that is neither a session nor an error.
    pub struct LoginAnswer {
        /// JSON pointers and the values that they lead to.
        pub json: BTreeMap<String, Value> as Required<BTreeMap<Pointer, Value>>,
        /// What it asks for.
        pub means: LoginMeaning,
    }
}

words! {
    /// What an answer to a log-in asks for.
    pub enum LoginMeaning {
        /// A second factor has to be given.
        SecondFactorRequired = "second_factor_required",
        /// A first password has to be set.
        FirstSignIn = "first_sign_in",
    }
}

table! {
    /// The route of a refresh.
    pub struct RefreshRoute {
        /// The method.
        pub method: String as MethodText,
        /// Paths to try, in the same order as those of the log-in.
        pub paths: Vec<String> as Required<Vec<PathText>>,
        /// The cookie whose value goes into the CSRF header of the refresh, when the jar has it.
        pub csrf_cookie: Option<String>,
    }
}

table! {
    /// Where a token is got for client id and secret.
    pub struct TokenRoute {
        /// The method.
        pub method: String as MethodText = "POST".to_owned(),
        /// The path below the base URL; or see `url`.
        pub path: Option<String> as Option<PathText>,
        /// The whole URL, where it is elsewhere; credentials are filled in, such as `{tenant_id}`.
        /// The setting `token_url` goes before both.
        pub url: Option<String> as Option<CredentialText>,
        /// Where client id and secret go.
        pub style: TokenStyle,
        /// The client's id.
        pub client_id: String as CredentialText,
        /// The client's secret.
        pub client_secret: String as CredentialText,
        /// Further members of the body.
        pub body: BTreeMap<String, String> as BTreeMap<String, CredentialText>,
        /// JSON pointer to the token in the answer.
        pub token: String as Pointer = "/access_token".to_owned(),
        /// JSON pointer to its life in seconds, if the answer tells it.
        pub expires_in: Option<String> as Option<Pointer>,
        /// It is renewed so long before its end.
        pub renew_before_ms: u64 = 60_000,
    }
    check |route: &Self, reader: &mut Reader<'_>| match (&route.path, &route.url) {
        (None, None) => {
            reader.wrong("nothing says where the token is got", "add `path`, or `url`");
        }
        (Some(_), Some(_)) => {
            reader.wrong("the token is got at two places", "take out `path` or `url`");
        }
        _ => {}
    }
}

impl TokenRoute {
    fn texts(&self) -> impl Iterator<Item = &str> {
        [self.client_id.as_str(), self.client_secret.as_str()]
            .into_iter()
            .chain(self.body.values().map(String::as_str))
            .chain(self.url.as_deref())
    }
}

words! {
    /// Where client id and secret go in a request for a token (RFC 6749 §2.3.1).
    pub enum TokenStyle {
        /// Into the header Authorization; the body is a form.
        Basic = "basic",
        /// Into the body, a form, as `client_id` and `client_secret`.
        Form = "form",
        /// Into the body, a JSON object, as `client_id` and `client_secret`.
        Json = "json",
    }
}

table! {
    /// Where the token of a resource owner is got, with the parent token.
    pub struct OwnerRoute {
        /// The method.
        pub method: String as MethodText = "POST".to_owned(),
        /// The path; `{owner}` is filled in.
        pub path: String as OwnerPath,
        /// Members of the body; without any, there is no body.
        pub body: BTreeMap<String, String> as BTreeMap<String, CredentialText>,
        /// JSON pointer to the token in the answer.
        pub token: String as Pointer = "/access_token".to_owned(),
        /// JSON pointer to its life in seconds, if the answer tells it.
        pub expires_in: Option<String> as Option<Pointer>,
        /// It is renewed so long before its end.
        pub renew_before_ms: u64 = 60_000,
        /// Globs over the paths that need the token of the owner whose id stands at `{owner}`. All other paths are sent with the parent token.
        pub of: Vec<String> as Required<Vec<OwnerPath>>,
    }
}

kinds! {
    /// How a write proves that it was not forged by another site.
    pub enum Csrf {
        /// The value of a cookie goes into a header, read anew for every attempt.
        CookieToHeader = "cookie_to_header" {
            /// The cookie.
            cookie: String,
            /// The header.
            header: String as HeaderText,
            /// The methods that need it.
            methods: Vec<String> as Required<Vec<MethodText>>,
        },
        /// A token is asked for with a header and given in the same header of the answer. It belongs to the cookies of that answer.
        Fetch = "fetch" {
            /// The method of the request that asks.
            method: String as MethodText = "HEAD".to_owned(),
            /// Its path.
            path: String as PathText,
            /// The header that asks, that gives, and that proves.
            header: String as HeaderText,
            /// What the header says when it asks.
            ask: String = "Fetch".to_owned(),
            /// The methods that need it.
            methods: Vec<String> as Required<Vec<MethodText>>,
        },
    }
}
