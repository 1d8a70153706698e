//! What is wrong with a dialect file: the line, the key, and what to do.

use toml::de::{DeTable, DeValue};

use super::{Dialect, Policy, Resource};

/// Why a dialect file cannot be used: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// The text is not TOML, or not of the form a dialect has. The message holds line, column
    /// and key.
    #[error("{0}")]
    Form(String),
    /// The file is of a version that this program does not read.
    #[error("dialect = {0}: this program reads version 1; use a newer program or `dialect = 1`")]
    Version(u32),
    /// Something refers to something that is not there, or is out of bounds.
    #[error("line {line}, {at}: {what}; {remedy}")]
    Reference {
        /// The line in the file, counted from 1.
        line: usize,
        /// The key, such as `resource.purchase-order.fields."Supplier Number".list`.
        at: String,
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
}

impl DialectError {
    /// The line in the file, counted from 1; 0 where the message itself says it.
    fn line(&self) -> usize {
        match self {
            Self::Reference { line, .. } => *line,
            Self::Form(_) | Self::Version(_) => 0,
        }
    }
}

/// A file of another version may well have keys that this one does not know, so the version is
/// looked at first.
pub(super) fn version(text: &str) -> Result<(), DialectError> {
    let Ok(table) = DeTable::parse(text) else { return Ok(()) };
    let version = table.get_ref().get("dialect").map(|value| value.get_ref());
    let number = version.and_then(DeValue::as_integer).map(|number| number.as_str().parse::<u32>());
    match number {
        Some(Ok(1)) | None => Ok(()),
        Some(Ok(other)) => Err(DialectError::Version(other)),
        // The form has something to say about it.
        Some(Err(_)) => Ok(()),
    }
}

/// The reader names line, column and what it expected; where it does not say what to do, we do.
pub(super) fn form(error: &toml::de::Error) -> DialectError {
    let mut text = error.to_string().trim_end().to_owned();
    if let Some(rest) = error.message().strip_prefix("missing field ") {
        text.push_str(&format!("; add the key {rest} to this table, or a table of that name"));
    } else if error.message().starts_with("unknown field ") {
        text.push_str("; correct the key, or take it out");
    } else if error.message().starts_with("invalid ") {
        text.push_str("; correct the value");
    }
    DialectError::Form(text)
}

/// Every reference has to lead somewhere, and no bound may be out of reach. All that do not, in
/// the order of the file.
pub(super) fn references(dialect: &Dialect, text: &str) -> Vec<DialectError> {
    let mut found = Found { text, problems: Vec::new() };
    counts("recommended", &dialect.policy.recommended, &mut found);
    counts("documented", &dialect.policy.documented, &mut found);
    for (name, resource) in &dialect.resource {
        fields(dialect, name, resource, &mut found);
        lookup(name, resource, &mut found);
    }
    let listed = dialect.list.keys().next().map(|name| ["list", name.as_str()]);
    let looked_up = dialect.resource.iter().find(|(_, resource)| resource.lookup.is_some());
    let read = listed.or(looked_up.map(|(name, _)| ["resource", name.as_str()]));
    if let (None, Some(path)) = (&dialect.paging, read) {
        let what = "lists and look-ups are read page by page, and nothing says how";
        found.wrong(&path, what, "add a [paging] table");
    }
    found.problems.sort_by_key(DialectError::line);
    found.problems
}

fn counts(name: &str, policy: &Policy, found: &mut Found<'_>) {
    let counts = [
        ("attempts", u64::from(policy.attempts), "say 1 to send once and never again"),
        ("attempt_timeout_ms", policy.attempt_timeout_ms, "give an attempt some time"),
        ("connect_timeout_ms", policy.connect_timeout_ms, "give a connection some time"),
    ];
    for (key, _, remedy) in counts.into_iter().filter(|(_, count, _)| *count == 0) {
        found.wrong(&["policy", name, key], "it is 0", remedy);
    }
}

fn fields(dialect: &Dialect, name: &str, resource: &Resource, found: &mut Found<'_>) {
    let tables = [("fields", &resource.fields), ("line_fields", &resource.line_fields)];
    for (table, fields) in tables {
        for (field, shape) in fields {
            let Some(list) = &shape.list else { continue };
            if !dialect.list.contains_key(list) {
                let what = format!("there is no list named \"{list}\"");
                let remedy = format!("add [list.{list}], or name one of the lists that are there");
                found.wrong(&["resource", name, table, field, "list"], what, remedy);
            }
        }
    }
    if !resource.fields.contains_key(&resource.key) {
        let what = format!("there is no field named \"{}\"", resource.key);
        found.wrong(&["resource", name, "key"], what, "name one of the resource's fields");
    }
    if resource.lines.is_none() && !resource.line_fields.is_empty() {
        let what = "there are fields of a line, and nothing says which array holds the lines";
        let remedy = format!("add lines = \"…\" to [resource.{name}]");
        found.wrong(&["resource", name, "line_fields"], what, remedy);
    }
}

fn lookup(name: &str, resource: &Resource, found: &mut Found<'_>) {
    if let Some(lookup) = &resource.lookup {
        let path = |key| ["resource", name, "lookup", key];
        if lookup.keys_per_request == 0 {
            let remedy = "let a request name at least one key";
            found.wrong(&path("keys_per_request"), "it is 0", remedy);
        }
        if !lookup.read.contains("{id}") {
            let what = "it names no record";
            found.wrong(&path("read"), what, "write {id} where the id of the record belongs");
        }
        if lookup.filter.as_ref().is_some_and(|filter| !filter.template.contains("{keys}")) {
            let what = "its template names no keys";
            found.wrong(&path("filter"), what, "write {keys} where the JSON array of keys belongs");
        }
    }
    if resource.witness.as_ref().is_some_and(|witness| !witness.path.contains("{id}")) {
        let path = ["resource", name, "witness", "path"];
        found.wrong(&path, "it names no record", "write {id} where the id of the record belongs");
    }
}

/// What has been found in a file.
struct Found<'t> {
    text: &'t str,
    problems: Vec<DialectError>,
}

impl Found<'_> {
    fn wrong(&mut self, path: &[&str], what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(wrong(self.text, path, what.into(), remedy.into()));
    }
}

fn wrong(text: &str, path: &[&str], what: String, remedy: String) -> DialectError {
    let plain = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let quoted = path.iter().map(|key| match plain(key) {
        true => (*key).to_owned(),
        false => format!("\"{key}\""),
    });
    let at = quoted.collect::<Vec<_>>().join(".");
    DialectError::Reference { line: line_of(text, path), at, what, remedy }
}

/// The line of a key, or of the innermost table of its path that is there.
fn line_of(text: &str, path: &[&str]) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 1 };
    let mut table = root.get_ref();
    let mut from = 0;
    for key in path {
        let Some((name, value)) = table.get_key_value(*key) else { break };
        from = name.span().start;
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    1 + text.bytes().take(from).filter(|byte| *byte == b'\n').count()
}
