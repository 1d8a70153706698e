use std::collections::BTreeMap;

use steadfast_call::dialect::{Field, Resource};

use super::{InputError, Options, REJECT_COLUMNS, Record};

/// True if a file of writes to this resource may have the column.
pub(crate) fn is_known(resource: &Resource, column: &str) -> bool {
    field(resource, column).is_some()
        || REJECT_COLUMNS.contains(&column)
        || resource.lines.as_deref() == Some(column)
}

/// The field of that name, be it of the write or of a line.
pub(crate) fn field<'r>(resource: &'r Resource, column: &str) -> Option<&'r Field> {
    resource.fields.get(column).or_else(|| resource.line_fields.get(column))
}

/// How a table is written down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// What separates the columns.
    pub(crate) delimiter: u8,
    /// What ends a line.
    pub(crate) line_break: &'static [u8],
    /// True if the file begins with a byte order mark.
    pub(crate) byte_order_mark: bool,
}

/// The first row of a table.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    names: Vec<String>,
    record: Record,
    style: Style,
}

impl Header {
    /// Reads the header, and says everything that is wrong with it at once.
    pub(crate) fn read(
        file: &str,
        record: &Record,
        style: Style,
        fit: Option<(&Resource, &Options)>,
    ) -> Result<Self, InputError> {
        let mut problems = Vec::new();
        let mut names = Vec::new();
        for index in 0..record.fields.len() {
            match String::from_utf8(record.field(index)) {
                Ok(name) => names.push(name.trim().to_owned()),
                Err(_) => problems.push(format!(
                    "the name of column {} is not UTF-8; save the file as UTF-8",
                    index + 1
                )),
            }
        }
        if record.broken.is_some() {
            problems.push("the header's quotation marks do not close; correct them".to_owned());
        }
        if problems.is_empty() {
            repeated(&names, &mut problems);
            if let Some((resource, options)) = fit {
                unknown(&names, resource, options, &mut problems);
                missing(&names, resource, options, &mut problems);
            }
        }
        if problems.is_empty() {
            let record = record.clone();
            return Ok(Self { names, record, style });
        }
        Err(InputError::Columns { file: file.to_owned(), line: record.line, problems })
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.names.len()
    }

    /// The row as it stands in the file.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// How the table is written down.
    pub(crate) fn style(&self) -> Style {
        self.style
    }
}

fn repeated(names: &[String], problems: &mut Vec<String>) {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        places.entry(name).or_default().push((index + 1).to_string());
    }
    for (name, places) in places {
        if name.is_empty() {
            problems.push(format!(
                "column {} has no name; name it or delete it",
                places.join(" and column ")
            ));
        } else if places.len() > 1 {
            problems.push(format!(
                "the column \"{name}\" is there {} times (columns {}); keep one",
                places.len(),
                places.join(", ")
            ));
        }
    }
}

fn unknown(names: &[String], resource: &Resource, options: &Options, problems: &mut Vec<String>) {
    for name in names {
        let is_key = options.key_column.as_deref() == Some(name);
        let is_lines = resource.lines.as_deref() == Some(name);
        if name.is_empty() || is_key || (is_known(resource, name) && !is_lines) {
            continue;
        }
        let near = nearest(name, resource, names);
        let advice = if near.is_empty() {
            "delete it, or name it as the API names its field".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        problems.push(format!("a {} has no field \"{name}\"; {advice}", resource.title));
    }
}

/// The most similar names that are not columns already, the nearest first.
fn nearest(name: &str, resource: &Resource, taken: &[String]) -> Vec<String> {
    let small = name.to_lowercase();
    let mut near: Vec<(f64, &String)> = resource
        .fields
        .keys()
        .chain(resource.line_fields.keys())
        .filter(|known| !taken.contains(known))
        .map(|known| (strsim::jaro_winkler(&small, &known.to_lowercase()), known))
        .map(|(score, known)| {
            let inside = known.to_lowercase().contains(&small) && small.len() > 3;
            (if inside { score.max(0.9) } else { score }, known)
        })
        .filter(|(score, _)| *score > 0.8)
        .collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let exact = near.first().is_some_and(|(score, _)| *score >= 1.0);
    near.truncate(if exact { 1 } else { 2 });
    near.into_iter().map(|(_, known)| format!("\"{known}\"")).collect()
}

fn missing(names: &[String], resource: &Resource, options: &Options, problems: &mut Vec<String>) {
    let has = |column: &str| names.iter().any(|name| name == column);
    if let Some(key) = options.key_column.as_deref()
        && !has(key)
    {
        problems.push(format!("there is no column \"{key}\", which is to name the writes"));
    }
    let tables = resource.fields.iter().chain(&resource.line_fields);
    let lacking: Vec<String> = tables
        .filter(|(column, field)| {
            let names_it = options.key_column.is_none() && **column == resource.key;
            (field.required || names_it) && !has(column)
        })
        .map(|(column, _)| format!("\"{column}\""))
        .collect();
    if !lacking.is_empty() {
        let (noun, them) =
            if lacking.len() == 1 { ("column is", "it") } else { ("columns are", "them") };
        let of_path = resource.path.values().map(|value| value.name());
        let given: Vec<String> = of_path
            .filter(|name| lacking.contains(&format!("\"{name}\"")))
            .map(|name| {
                format!("; for the whole file say --set {name}=…, or {name} in the settings")
            })
            .collect();
        problems.push(format!(
            "every {} needs {}, and the {noun} not there; add {them}{}",
            resource.title,
            lacking.join(", "),
            given.concat()
        ));
    }
}
