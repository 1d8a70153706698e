use serde_json::Value;

use super::Extract;
use super::form::{Pointer, Reader, Required};

table! {
    /// Where a reply keeps what people and rules ask for. A list means: the first that is there.
    pub struct ReplyPlaces {
        /// The error code. A `*` in the pointer finds several errors at once.
        pub code: Vec<Extract>,
        /// The error message.
        pub message: Vec<Extract>,
        /// The server's name for this exchange.
        pub request_id: Vec<Extract>,
        /// True if only the body of a 2xx to a write tells done from queued or failed. A body that cannot be read then leaves the effect unknown.
        pub body_decides: bool,
        /// Where faults of single fields of the request stand; all that fit are read.
        pub field_error: Vec<FieldErrors>,
        /// The results of single items inside a 2xx, in every shape that the API has for them.
        pub items: Vec<Items>,
        /// The server's own word on sending again.
        pub verdict: Option<Verdict>,
    }
}

kinds! {
    /// Where faults of single fields of the request stand.
    pub enum FieldErrors {
        /// An object: `{ field: text }` or `{ field: [text, ...] }`.
        Map = "map" {
            /// JSON pointer to the object.
            at: String as Pointer,
        },
        /// An array of faults.
        List = "list" {
            /// JSON pointer to the array.
            at: String as Pointer,
            /// JSON pointer, in an element, to the field: its name, or the steps to it.
            field: String as Pointer,
            /// JSON pointer, in an element, to the text.
            message: String as Pointer,
            /// Steps that are taken off the front of the field.
            strip: Vec<String>,
        },
        /// One fault.
        One = "one" {
            /// Where the name of the field stands.
            field: Extract,
            /// Where the text stands.
            message: Extract,
        },
    }
}

table! {
    /// One shape of the results of single items inside a 2xx. If some of them failed, the class is
    /// `partial`.
    pub struct Items {
        /// JSON pointer to the array of results.
        pub at: String as Pointer,
        /// What shows that an item failed.
        pub failed: ItemFailed,
        /// JSON pointer, in a result, to the item's id.
        pub id: Option<String> as Option<Pointer>,
        /// JSON pointer, in a result, to the code.
        pub code: Option<String> as Option<Pointer>,
        /// JSON pointer, in a result, to the message.
        pub message: Option<String> as Option<Pointer>,
    }
}

table! {
    /// What shows that an item failed: something is there, or a value is one of some.
    pub struct ItemFailed {
        /// JSON pointer, in a result, to something that only a failed one has.
        pub there: Option<String> as Option<Pointer>,
        /// JSON pointer, in a result, to the value that tells.
        pub at: Option<String> as Option<Pointer>,
        /// The values of a failed one.
        pub values: Vec<Value>,
    }
    check |failed: &Self, reader: &mut Reader<'_>| {
        let by_value = failed.at.is_some() && !failed.values.is_empty();
        let parts = failed.at.is_some() || !failed.values.is_empty();
        if failed.there.is_some() == parts || (parts && !by_value) {
            let remedy = "write { there = \"/error\" }, or { at = \"/status\", values = [\"error\"] }";
            reader.wrong("it does not say what shows that an item failed", remedy);
        }
    }
}

impl ItemFailed {
    /// True if this result is one of a failed item.
    #[must_use]
    pub fn holds(&self, result: &Value) -> bool {
        let find = |pointer: &Option<String>| {
            pointer.as_ref().and_then(|pointer| super::find_value(result, pointer))
        };
        find(&self.there).is_some_and(|value| !value.is_null())
            || find(&self.at).is_some_and(|value| self.values.contains(value))
    }
}

table! {
    /// The server's own word on sending again. It goes before what rules and classes say of that, and never before what is known of the effect.
    pub struct Verdict {
        /// Where it stands.
        pub at: Extract,
        /// The words for yes.
        pub yes: Vec<String> as Required<Vec<String>>,
        /// The words for no.
        pub no: Vec<String> as Required<Vec<String>>,
    }
}

impl Verdict {
    /// What a reply says: true for yes, false for no, none for nothing.
    #[must_use]
    pub fn read(&self, reply: &crate::Reply) -> Option<bool> {
        let text = self.at.text(reply)?;
        match (self.yes.contains(&text), self.no.contains(&text)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }
}
