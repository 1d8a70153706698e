//! What is wrong with a dialect file: the line, the key, and what to do.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::form::{Form, Reader, Table, line_of, names_in};
use super::{Auth, Dialect};

/// Why a dialect file cannot be used: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// The text is not TOML. The message holds line and column.
    #[error("{text}; correct it: this is not TOML")]
    Syntax {
        /// The line in the file, counted from 1.
        line: usize,
        /// What the reader of TOML says, with the line.
        text: String,
    },
    /// The file is of a version that this program does not read.
    #[error("dialect = {0}: this program reads version 1; use a newer program or `dialect = 1`")]
    Version(u32),
    /// A key or value is not as the format asks, is missing, is out of bounds, or refers to
    /// something that is not there.
    #[error("line {line}, {at}: {what}; {remedy}")]
    Mistake {
        /// The line in the file, counted from 1.
        line: usize,
        /// The key, such as `resource.purchase-order.fields."Supplier Number".list`.
        at: String,
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// An option that there is not, or a value that it cannot have.
    #[error("{0}")]
    Option(String),
}

impl DialectError {
    /// The line in the file, counted from 1; 0 where no line is wrong.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. } | Self::Mistake { line, .. } => *line,
            Self::Version(_) | Self::Option(_) => 0,
        }
    }
}

/// Reads a dialect, or finds every mistake in it, in the order of the file.
///
/// Of a text that is not TOML, the mistakes of TOML are told and no others: what they have torn
/// apart would only look wrong.
pub(super) fn read(text: &str) -> Result<Dialect, Vec<DialectError>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| syntax(text, error)).collect());
    }
    let table = root.get_ref();
    version(table).map_err(|error| vec![error])?;
    let mut reader = Reader::new(text);
    let dialect = Dialect::read_table(Table::of(table, &mut reader));
    let schemes = schemes(table, &mut reader);
    references(table, &mut reader);
    let mistakes = reader.mistakes();
    match (dialect, schemes) {
        (Some(dialect), Some(auth_schemes)) if mistakes.is_empty() => {
            let derived = dialect.resource.iter().flat_map(|(name, one)| one.derived(name));
            let derived: Vec<_> = derived.collect();
            let resource = dialect.resource.into_iter().chain(derived).collect();
            Ok(Dialect { auth_schemes, resource, ..dialect })
        }
        _ => Err(mistakes),
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> DialectError {
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
    let text = format!("line {line}, {shown}: {}", error.message());
    DialectError::Syntax { line, text }
}

/// A file of another version may well have keys that this one does not know, so the version is
/// looked at first.
fn version(table: &DeTable<'_>) -> Result<(), DialectError> {
    let version = table.get("dialect").map(|value| value.get_ref());
    let number = version.and_then(DeValue::as_integer).map(|number| number.as_str().parse::<u32>());
    match number {
        Some(Ok(1)) | None => Ok(()),
        Some(Ok(other)) => Err(DialectError::Version(other)),
        // The form has something to say about it.
        Some(Err(_)) => Ok(()),
    }
}

type Schemes = BTreeMap<String, Auth>;

/// The other ways to log in that a user may choose stand inside `[auth]`.
fn schemes(root: &DeTable<'_>, reader: &mut Reader<'_>) -> Option<Schemes> {
    let Some((at, auth)) = root.get_key_value("auth") else { return Some(Default::default()) };
    let found = table(auth.get_ref()).and_then(|auth| auth.get_key_value("schemes"));
    let Some((key, given)) = found else { return Some(Default::default()) };
    reader.under("auth", at.span().start, |reader| {
        reader.under("schemes", key.span().start, |reader| Schemes::read(given, reader))
    })
}

/// Every reference has to lead somewhere. They are followed in the tree, since the types are not
/// there where anything else is wrong.
fn references(root: &DeTable<'_>, reader: &mut Reader<'_>) {
    let lists = named(root, "list");
    let all = named(root, "resource");
    for (at, resources, name) in entries(root, "resource") {
        let Some(resource) = table(resources) else { continue };
        reader.under("resource", at, |reader| {
            reader.under(name, at, |reader| {
                for key in ["fields", "line_fields"] {
                    field_lists(resource, key, &lists, reader);
                }
                own_fields(resource, name, reader);
                segments(resource, reader);
                derived(resource, name, &all, reader);
            });
        });
    }
    let pages = |key: &str| {
        let of = entries(root, key);
        of.into_iter()
            .find(|(_, given, _)| {
                key == "list" || table(given).is_some_and(|t| t.contains_key("lookup"))
            })
            .map(|(at, _, name)| (at, key.to_owned(), name.to_owned()))
    };
    if let (false, Some((at, key, name))) =
        (root.contains_key("paging"), pages("list").or_else(|| pages("resource")))
    {
        let what = "lists and look-ups are read page by page, and nothing says how";
        reader.under(&key, at, |reader| {
            reader.under(&name, at, |reader| reader.wrong(what, "add a [paging] table"));
        });
    }
}

/// The fields that refer to a list which is not there.
fn field_lists(resource: &DeTable<'_>, key: &'static str, lists: &[&str], reader: &mut Reader<'_>) {
    for (at, field, name) in entries(resource, key) {
        let found = table(field).and_then(|field| field.get_key_value("list"));
        let Some((list_key, DeValue::String(list))) =
            found.map(|(key, given)| (key, given.get_ref()))
        else {
            continue;
        };
        if !lists.contains(&list.as_ref()) {
            let what = format!("there is no list named \"{list}\"");
            let remedy = format!("add [list.{list}], or name one of the lists that are there");
            reader.under(key, at, |reader| {
                reader.under(name, at, |reader| {
                    reader
                        .under("list", list_key.span().start, |reader| reader.wrong(what, remedy));
                });
            });
        }
    }
}

/// The key has to be one of the fields, and lines need an array.
fn own_fields(resource: &DeTable<'_>, name: &str, reader: &mut Reader<'_>) {
    if let Some((at, DeValue::String(key))) = text(resource, "key")
        && resource.contains_key("fields")
        && !named(resource, "fields").contains(&key.as_ref())
    {
        let what = format!("there is no field named \"{key}\"");
        reader.under("key", at, |reader| reader.wrong(what, "name one of the resource's fields"));
    }
    if let (Some((key, _)), false) =
        (resource.get_key_value("line_fields"), resource.contains_key("lines"))
    {
        let what = "there are fields of a line, and nothing says which array holds the lines";
        let remedy = format!("add lines = \"…\" to [resource.{name}]");
        reader.under("line_fields", key.span().start, |reader| reader.wrong(what, remedy));
    }
}

/// The names in braces in the paths of its writes, each of which has to come from somewhere.
fn segments(resource: &DeTable<'_>, reader: &mut Reader<'_>) {
    for route in ["create", "replace", "delete"] {
        let Some((key, given)) = resource.get_key_value(route) else { continue };
        let found = table(given.get_ref()).and_then(|t| text(t, "path"));
        let Some((at, DeValue::String(path))) = found else { continue };
        reader.under(route, key.span().start, |reader| {
            reader.under("path", at, |reader| names(path, route, resource, reader));
        });
    }
}

fn names(path: &str, route: &str, resource: &DeTable<'_>, reader: &mut Reader<'_>) {
    let known = named(resource, "path");
    let names = match names_in(path) {
        Ok(names) => names,
        Err(what) => return reader.wrong(what, "write names in braces, such as {business_id}"),
    };
    let is_known = |name: &str| known.contains(&name) || (route != "create" && name == "id");
    for name in names.into_iter().filter(|name| !is_known(name)) {
        let what = format!("nothing says where {{{name}}} comes from");
        let remedy =
            format!("add {name} = {{ field = \"column\" }} to the resource's `path` table");
        reader.wrong(what, remedy);
    }
}

/// What follows from its routes is a resource, too, and two cannot have one name.
fn derived(resource: &DeTable<'_>, name: &str, all: &[&str], reader: &mut Reader<'_>) {
    for route in ["replace", "delete"] {
        let Some((key, _)) = resource.get_key_value(route) else { continue };
        let taken = format!("{name}-{route}");
        if all.contains(&taken.as_str()) {
            let what = format!("it makes a resource \"{taken}\", and there is one of that name");
            reader.under(route, key.span().start, |reader| {
                reader.wrong(what, "give the other resource another name");
            });
        }
    }
}

fn table<'v, 't>(value: &'v DeValue<'t>) -> Option<&'v DeTable<'t>> {
    match value {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn text<'v, 't>(table: &'v DeTable<'t>, key: &str) -> Option<(usize, &'v DeValue<'t>)> {
    table.get_key_value(key).map(|(key, given)| (key.span().start, given.get_ref()))
}

/// The entries of a table inside a table: where each key stands, its value, its name.
fn entries<'v, 't>(root: &'v DeTable<'t>, key: &str) -> Vec<(usize, &'v DeValue<'t>, &'v str)> {
    let Some(inner) = root.get(key).and_then(|given| table(given.get_ref())) else {
        return Vec::new();
    };
    let entry = |(key, given): (&'v toml::Spanned<_>, &'v toml::Spanned<DeValue<'t>>)| {
        (key.span().start, given.get_ref(), name_of(key))
    };
    inner.iter().map(entry).collect()
}

fn name_of<'v>(key: &'v toml::Spanned<std::borrow::Cow<'_, str>>) -> &'v str {
    key.get_ref().as_ref()
}

/// The names in a table inside a table.
fn named<'v>(root: &'v DeTable<'_>, key: &str) -> Vec<&'v str> {
    entries(root, key).into_iter().map(|(_, _, name)| name).collect()
}
