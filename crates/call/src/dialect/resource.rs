use std::collections::BTreeMap;

use serde_json::Value;

use super::act::Act;
use super::form::{AtLeastOne, MethodText, PathText, Pointer, Reader, RecordPath, Required};

table! {
    /// A list of master data that fields may refer to.
    pub struct ListRoute {
        /// The path of the list. A name in braces is filled in as in the path of the write that refers to it.
        pub path: String as PathText,
        /// Query parameters that make the list show what it hides otherwise.
        pub include: BTreeMap<String, String>,
        /// The column by which rows are known.
        pub key: String,
        /// What one row is, in words.
        pub title: String,
        /// JSON pointer to the rows of a page, where they are elsewhere than `[paging]` says.
        pub rows: Option<String> as Option<Pointer>,
        /// Only rows in this state count as there.
        pub active: Option<Active>,
        /// The code that the API gives to a write which names a row that is not there.
        pub missing_code: Option<String>,
        /// What to say of them all; `{keys}` is filled in.
        pub missing_message: String = "not found: {keys}".to_owned(),
    }
}

impl ListRoute {
    /// The path with its names in braces filled in, as a request has them in its own path.
    #[must_use]
    pub fn path_with(&self, names: &BTreeMap<String, String>) -> String {
        fill(&self.path, names)
    }
}

table! {
    /// The state that a row must be in.
    pub struct Active {
        /// The column.
        pub field: String,
        /// Its value.
        pub value: String,
    }
}

table! {
    /// Something that can be written.
    pub struct Resource {
        /// What one is, in words.
        pub title: String,
        /// How one is created.
        pub create: Create,
        /// Where the names in braces in its paths come from.
        pub path: BTreeMap<String, PathValue>,
        /// The field that is its natural key.
        pub key: String,
        /// True if the API refuses a second copy under the same natural key.
        pub unique_key: bool,
        /// JSON pointer to its id in the reply to a create.
        pub id: Option<String> as Option<Pointer>,
        /// The array that holds the lines, if rows of a table form one write.
        pub lines: Option<String>,
        /// The code that the API gives to a write which lacks a required field.
        pub missing_code: Option<String>,
        /// The code that the API gives to a create whose key is taken.
        pub exists_code: Option<String>,
        /// How to find one by its key.
        pub lookup: Option<LookupRoute>,
        /// A write that changes nothing, by which the state of the lock shows.
        pub witness: Option<WitnessRoute>,
        /// How one that is there is replaced. It makes a resource of its own, called as this one with `-replace` behind it.
        pub replace: Option<RecordRoute>,
        /// How one that is there is deleted. It makes a resource of its own, called as this one with `-delete` behind it.
        pub delete: Option<RecordRoute>,
        /// The fields of the write itself, in the order of the file.
        pub fields: FieldTable as Required<FieldTable>,
        /// The fields of a line.
        pub line_fields: FieldTable,
    }
    beside {
        /// What a write of it does. `create` is the route of that write, whatever it does.
        pub act []: Act,
    }
}

impl Resource {
    /// The natural key in the body of a write: under its own name, or where its field says.
    #[must_use]
    pub fn key_in<'v>(&self, body: &'v Value) -> Option<&'v Value> {
        match self.fields.get(&self.key) {
            Some(field) => field.value_in(&self.key, body),
            None => body.get(&self.key),
        }
    }

    /// The same with every field where it is written, to compare two bodies that were written.
    #[must_use]
    pub fn as_written(&self) -> Self {
        let mut written = self.clone();
        let fields = written.fields.values_mut().chain(written.line_fields.values_mut());
        fields.for_each(|field| field.shown = None);
        written
    }

    /// The code of a write that lacks a required field: the API's own, or ours.
    #[must_use]
    pub fn missing_code(&self) -> &str {
        self.missing_code.as_deref().unwrap_or("input.value_missing")
    }

    /// The code of a create whose key is taken: the API's own, or ours.
    #[must_use]
    pub fn exists_code(&self) -> &str {
        self.exists_code.as_deref().unwrap_or("input.key_taken")
    }
}

/// Fields by name.
pub type FieldTable = BTreeMap<String, Field>;

table! {
    /// How one is created.
    pub struct Create {
        /// The method.
        pub method: String as MethodText,
        /// The path. A name in braces is filled in as the table `path` says.
        pub path: String as PathText,
    }
}

impl Create {
    /// True if the request goes there: a name in braces stands for any one segment of the path.
    #[must_use]
    pub fn fits(&self, request: &crate::Request) -> bool {
        let (ours, theirs) = (self.path.trim_end_matches('/'), request.route());
        let mut theirs = theirs.trim_end_matches('/').split('/');
        self.method.eq_ignore_ascii_case(request.method.as_str())
            && ours.split('/').all(|step| match theirs.next() {
                Some(there) if step.starts_with('{') && step.ends_with('}') => !there.is_empty(),
                there => there == Some(step),
            })
            && theirs.next().is_none()
    }

    /// What stands in a route where this path has names in braces; none if it is no such route.
    ///
    /// ```
    /// use steadfast_call::dialect::Dialect;
    ///
    /// let thredfi = Dialect::built_in("thredfi").unwrap();
    /// let create = &thredfi.resource["invoice"].create;
    /// let names = create.names_in("/v1/platform/businesses/b1/invoices/").unwrap();
    /// assert_eq!(names["business_id"], "b1");
    /// assert_eq!(create.names_in("/v1/platform/businesses/"), None);
    /// ```
    #[must_use]
    pub fn names_in(&self, route: &str) -> Option<BTreeMap<String, String>> {
        let mut theirs = route.trim_end_matches('/').split('/');
        let mut names = BTreeMap::new();
        for step in self.path.trim_end_matches('/').split('/') {
            let there = theirs.next()?;
            match step.strip_prefix('{').and_then(|step| step.strip_suffix('}')) {
                Some(name) if !there.is_empty() => {
                    names.insert(name.to_owned(), there.to_owned());
                }
                _ if there == step => {}
                _ => return None,
            }
        }
        theirs.next().is_none().then_some(names)
    }
}

table! {
    /// Where a name in braces in a path comes from.
    pub struct PathValue {
        /// A column of the input, which is then no part of the body.
        pub field: Option<String>,
        /// A setting of the account.
        pub setting: Option<String>,
    }
    check |value: &Self, reader: &mut Reader<'_>| {
        if value.field.is_some() == value.setting.is_some() {
            let remedy = "write { field = \"column\" } or { setting = \"name\" }";
            reader.wrong("it does not come from one place", remedy);
        }
    }
}

table! {
    /// How to find one by its key, and when not finding it proves that it is not there.
    pub struct LookupRoute {
        /// The path of the list.
        pub list: String as PathText,
        /// JSON pointer to the rows of a page, where they are elsewhere than `[paging]` says.
        pub rows: Option<String> as Option<Pointer>,
        /// How to ask the list for some keys only. What comes back is checked all the same.
        pub filter: Option<Filter>,
        /// Query parameters that make the list show what it hides otherwise.
        pub include: BTreeMap<String, String>,
        /// The column of the list that holds the key, or a JSON pointer to it.
        pub row_key: String,
        /// The column of the list that holds the id, or a JSON pointer to it.
        pub row_id: String,
        /// The path of one record; `{id}` is filled in. None: the rows of the list are whole records.
        pub read: Option<String> as Option<RecordPath>,
        /// JSON pointer to the record in that reply.
        pub record: String as Pointer = String::new(),
        /// A write may still take effect this long after its last attempt ended, in milliseconds.
        pub settle_ms: u64,
        /// How many keys one filtered request may name.
        pub keys_per_request: usize as AtLeastOne<usize> = 1,
        /// Records in these states are not listed.
        pub hidden: Option<FieldValues>,
        /// The fields by which a line of ours is told from the others.
        pub line_key: Vec<String>,
    }
    check |lookup: &Self, reader: &mut Reader<'_>| {
        let Some(filter) = &lookup.filter else { return };
        if !filter.repeat && !filter.template.contains("{keys}") && lookup.keys_per_request > 1 {
            let what = "its filter can name one key only";
            reader.wrong(what, "say keys_per_request = 1, or write {keys}, or repeat = true");
        }
    }
}

impl LookupRoute {
    /// The same with the names in braces of its paths filled in, as a request has them in its own
    /// path. `{id}` stays: it is another one for each record.
    #[must_use]
    pub fn filled(&self, names: &BTreeMap<String, String>) -> Self {
        let read = self.read.as_deref().map(|path| fill(path, names));
        Self { list: fill(&self.list, names), read, ..self.clone() }
    }

    /// The key of a row.
    #[must_use]
    pub fn key_of(&self, row: &Value) -> Option<String> {
        column(row, &self.row_key)
    }

    /// The id of a row.
    #[must_use]
    pub fn id_of(&self, row: &Value) -> Option<String> {
        column(row, &self.row_id)
    }
}

/// A path with its names in braces filled in.
fn fill(path: &str, names: &BTreeMap<String, String>) -> String {
    names
        .iter()
        .fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

/// The text of a column of a row, which may be named by a JSON pointer.
pub(crate) fn column(row: &Value, name: &str) -> Option<String> {
    let value = match name.starts_with('/') {
        true => row.pointer(name).or_else(|| row.get(name)),
        false => row.get(name),
    };
    value.and_then(super::value_text)
}

table! {
    /// How to ask a list for some keys only.
    pub struct Filter {
        /// The query parameter.
        pub parameter: String,
        /// Its value; `{keys}` becomes a JSON array of the keys, `{key}` the one key.
        pub template: String = "{key}".to_owned(),
        /// True if the parameter is repeated, once for each key.
        pub repeat: bool,
    }
    check |filter: &Self, reader: &mut Reader<'_>| {
        let (one, all) = (filter.template.contains("{key}"), filter.template.contains("{keys}"));
        if !one && !all {
            let remedy = "write {keys} where the JSON array of keys belongs, or {key} for one key";
            reader.wrong("its template names no keys", remedy);
        }
        if filter.repeat && all {
            let what = "a repeated parameter holds one key each time";
            reader.wrong(what, "write {key}, or take out `repeat`");
        }
    }
}

table! {
    /// A field and some of its values.
    pub struct FieldValues {
        /// The field.
        pub field: String,
        /// The values.
        pub values: Vec<String> as Required<Vec<String>>,
    }
}

table! {
    /// A write that changes nothing: a record that we made is read, and written back as it is.
    pub struct WitnessRoute {
        /// The method.
        pub method: String as MethodText,
        /// The path; `{id}` is filled in.
        pub path: String as RecordPath,
        /// The columns of a line that keep it the same line.
        pub line_ids: Vec<String>,
    }
}

table! {
    /// A write to one record that is there.
    pub struct RecordRoute {
        /// The method.
        pub method: String as MethodText,
        /// The path; `{id}` is filled in with the id that a look-up by the natural key finds.
        pub path: String as RecordPath,
    }
}

table! {
    /// One field.
    pub struct Field {
        /// What its values are.
        pub kind ["type"]: FieldType,
        /// True if a write without it is refused.
        pub required: bool,
        /// The list of master data that its values refer to.
        pub list: Option<String>,
        /// JSON pointer to where it stands in the body, if that is not under its own name.
        pub at: Option<String> as Option<Pointer>,
        /// JSON pointer to where a record shows it, if that is not under the same name; a step `*`
        /// stands for every element of an array. Empty: records do not show it.
        pub shown: Option<String> as Option<Pointer>,
        /// True if the API adds values of its own to a list.
        pub added_to: bool,
    }
}

impl PathValue {
    /// What the value is called: the column of the input, or the setting.
    #[must_use]
    pub fn name(&self) -> &str {
        self.field.as_deref().or(self.setting.as_deref()).unwrap_or_default()
    }
}

impl Field {
    /// Its value in the body of a write: under its own name, or where `at` says.
    #[must_use]
    pub fn value_in<'v>(&self, name: &str, body: &'v Value) -> Option<&'v Value> {
        match &self.at {
            Some(at) => body.pointer(at),
            None => body.get(name),
        }
    }
}

impl FieldType {
    /// True if its values are days or instants.
    #[must_use]
    pub fn is_dated(self) -> bool {
        matches!(self, Self::Date | Self::DateTime | Self::DateOrTime)
    }
}

words! {
    /// What the values of a field are.
    pub enum FieldType {
        /// Text, taken as it stands.
        String = "string",
        /// A decimal number, kept digit by digit.
        Number = "number",
        /// A whole number.
        Integer = "integer",
        /// `true` or `false`.
        Boolean = "boolean",
        /// `YYYY-MM-DD`.
        Date = "date",
        /// An instant of RFC 3339, such as `2026-03-31T12:00:00Z`, sent as UTC milliseconds.
        DateTime = "date_time",
        /// A date or an instant: a date is sent as it stands.
        DateOrTime = "date_or_time",
        /// Texts; in a column, separated by semicolons.
        StringList = "string_list",
        /// Whole numbers; in a column, separated by semicolons.
        IntegerList = "integer_list",
        /// Any JSON, taken as it stands.
        Json = "json",
    }
}
