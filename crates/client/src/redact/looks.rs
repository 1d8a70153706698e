//! What is secret by how it looks in a text that nobody can parse.

use super::names::is_secret;

/// What follows these words in a text is a credential.
const SCHEMES: [&str; 2] = ["Bearer ", "Basic "];
/// A credential is not shorter: "Basic plan" is none.
const CREDENTIAL_CHARS_MIN: usize = 8;

/// Where something that looks like a secret stands.
pub(super) fn find(text: &str) -> Option<(usize, usize)> {
    find_jwt(text).or_else(|| find_credential(text))
}

/// Three parts in base64url, the first one of a JSON object.
fn find_jwt(text: &str) -> Option<(usize, usize)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.match_indices("eyJ").find_map(|(from, _)| {
        let token = text[from..].split(|c| !is_part(c)).next().unwrap_or_default();
        (token.matches('.').count() >= 2).then_some((from, from + token.len()))
    })
}

/// The text of an Authorization header (RFC 7235, section 2.1: a token68).
fn find_credential(text: &str) -> Option<(usize, usize)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    SCHEMES.iter().find_map(|scheme| {
        text.match_indices(scheme).find_map(|(at, _)| {
            let from = at + scheme.len();
            let token = text[from..].split(|c| !is_part(c)).next().unwrap_or_default();
            let token = token.trim_end_matches('.');
            let is_no_word = token.chars().any(|c| !c.is_ascii_lowercase());
            (token.len() >= CREDENTIAL_CHARS_MIN && is_no_word)
                .then_some((from, from + token.len()))
        })
    })
}

/// The values of `"name":"value"` and `name=value` with the name of a secret, wherever they stand:
/// in JSON that was cut off, in a form, in a page.
pub(super) fn named_values(text: &str, values: &mut Vec<String>) {
    for (at, separator) in text.match_indices([':', '=']) {
        let before = text[..at].trim_end();
        if separator == ":" && !before.ends_with(['"', '\'']) {
            continue;
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ' ' | '.');
        let before = before.trim_end_matches(['"', '\'', '\\']);
        let name = before.rsplit(|c| !is_name(c)).next().unwrap_or_default();
        if !is_secret(name) {
            continue;
        }
        let after = text[at + 1..].trim_start().trim_start_matches('\\');
        let value = match after.strip_prefix(['"', '\'']) {
            Some(inside) => inside.split(['"', '\'', '\\', '\n']).next(),
            None => after.split(|c: char| c.is_whitespace() || "&,;\"'<>}".contains(c)).next(),
        };
        values.extend(value.map(str::to_owned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_names_in_any_text() {
        for text in [
            r#"{"a":1,"access_token":"s3cret-1","n"#,
            r#"{"a":1,"Api Key" : "s3cret-1""#,
            "id=7&api_key=s3cret-1&x=1",
            "<input name='csrf-token' value=1> token=\"s3cret-1\">",
            r#"said {\"password\":\"s3cret-1\"}"#,
        ] {
            let mut values = Vec::new();
            named_values(text, &mut values);
            assert!(values.iter().any(|value| value == "s3cret-1"), "{text}: {values:?}");
        }
        let mut values = Vec::new();
        named_values("Token: expired. note=fine, time 10:20, {\"a\":\"b\"}", &mut values);
        assert_eq!(values, Vec::<String>::new());
    }

    #[test]
    fn credentials_are_found_by_their_scheme() {
        for text in ["got Bearer abc123DEF-456.", "Authorization: Basic YWRhOmh1bnRlcjI="] {
            let (from, to) = find(text).unwrap();
            assert!(["abc123DEF-456", "YWRhOmh1bnRlcjI="].contains(&&text[from..to]), "{text}");
        }
        assert_eq!(find("a Bearer credential is missing; Basic plans only"), None);
    }
}
