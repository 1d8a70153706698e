//! Profile resolution, and keys that cannot be sent (contract 2).

use steadfast_apis::kneo::{Arguments, AuthScheme, Kneo, resolve_profile};

use crate::world::{World, profile};

const FILE: &str = r#"
[default]
url = "http://file"
api_key = "file-canary"
timeout = 5

[other]
url = "http://other"
api_key = "other-canary"
auth_scheme = "kneo_api_key"
"#;

fn variables(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
    move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

#[test]
fn later_wins_file_environment_arguments() {
    let file = resolve_profile(&Arguments::default(), variables(&[]), Some(FILE)).unwrap();
    assert_eq!((file.url.as_str(), file.timeout.as_secs()), ("http://file", 5));
    assert_eq!((file.api_key.reveal(), file.auth_scheme), ("file-canary", AuthScheme::Bearer));

    let environment = variables(&[("KNEO_URL", "http://env"), ("KNEO_TIMEOUT", "2.5")]);
    let env = resolve_profile(&Arguments::default(), &environment, Some(FILE)).unwrap();
    assert_eq!((env.url.as_str(), env.timeout.as_millis()), ("http://env", 2_500));
    assert_eq!(env.api_key.reveal(), "file-canary");

    let said = Arguments {
        url: Some("http://arg".to_owned()),
        timeout_s: Some(1.0),
        ..Arguments::default()
    };
    let argument = resolve_profile(&said, &environment, Some(FILE)).unwrap();
    assert_eq!((argument.url.as_str(), argument.timeout.as_secs()), ("http://arg", 1));

    let named = variables(&[("KNEO_PROFILE", "other")]);
    let other = resolve_profile(&Arguments::default(), named, Some(FILE)).unwrap();
    assert_eq!((other.name.as_str(), other.auth_scheme), ("other", AuthScheme::KneoApiKey));
    let bare = variables(&[("KNEO_URL", "http://x"), ("KNEO_API_KEY", "k")]);
    assert_eq!(resolve_profile(&Arguments::default(), bare, None).unwrap().timeout.as_secs(), 30);
}

#[test]
fn what_is_missing_or_wrong_is_said_and_the_key_is_not() {
    let cases = [
        ("", "`url`"),
        ("[default]\nurl = \"http://x\"", "KNEO_API_KEY"),
        ("[default]\nurl = \"http://x\"\napi_key = \"key-canary", "line 3"),
        ("default = 1", "is no section"),
        ("[default]\nurl = 1\napi_key = \"key-canary\"", "`url` in the file is no text"),
        (
            "[default]\nurl = \"x\"\napi_key = \"key-canary\"\nauth_scheme = \"basic\"",
            "kneo_api_key",
        ),
        ("[default]\nurl = \"x\"\napi_key = \"key-canary\"\ntimeout = \"soon\"", "no number"),
        ("[default]\nurl = \"x\"\napi_key = \"key-canary\"\ntimeout = 0", "more than 0"),
        ("[default]\nurl = \"x\"\napi_key = \"key-canary\"\ntimeout = inf", "finite"),
        ("[default]\nurl = \"x\"\napi_key = \"\"", "empty"),
        ("[default]\nurl = \"x\"\napi_key = \"key-canary\\n\"", "control character"),
    ];
    for (file, words) in cases {
        let error = resolve_profile(&Arguments::default(), variables(&[]), Some(file)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words), "{file}: {text}");
        assert!(!format!("{text} {error:?}").contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn either_scheme_is_sent_alone() {
    let world = World::new().await;
    for scheme in [AuthScheme::Bearer, AuthScheme::KneoApiKey] {
        let mut of = profile(world.sandbox.base_url(), "sandbox-admin-key");
        of.auth_scheme = scheme;
        Kneo::builder(of).build().unwrap().health().healthz().await.unwrap();
    }
    let kneo = Kneo::builder(profile("http://127.0.0.1:9", "key-canary")).build().unwrap();
    assert!(!format!("{kneo:?}").contains("canary"));
}
