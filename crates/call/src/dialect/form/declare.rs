//! The three declarations of the format: tables, tables of a kind, and words. Each gives the
//! Rust type, what reads it, and its part of the JSON Schema, so that none can miss a key that
//! another has.

/// `field: Type`, read as that type; `as Form` where it is read as something narrower, `= value`
/// where the key may be left out, `["key"]` where the file calls it otherwise. A variant that is the
/// default is marked `[default]`. What stands behind
/// `beside` is no key of the table.
macro_rules! table {
    (
        $(#[doc = $about:literal])*
        $(#[derive($($derived:ident),*)])?
        pub struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                pub $field:ident $([$key:literal])? : $ty:ty $(as $form:ty)? $(= $default:expr)?
            ),* $(,)?
        }
        $(beside {
            $( $(#[doc = $beside_doc:literal])* pub $beside:ident [$($beside_key:literal)?] : $beside_ty:ty ),* $(,)?
        })?
        $(check $check:expr)?
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone $($(, $derived)*)?)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $field: $ty, )*
            $($( $(#[doc = $beside_doc])* pub $beside: $beside_ty, )*)?
        }

        impl $crate::dialect::form::Form for $name {
            type Value = Self;

            fn read(
                given: &$crate::dialect::form::Given<'_>,
                reader: &mut $crate::dialect::form::Reader<'_>,
            ) -> Option<Self> {
                let table = $crate::dialect::form::Table::open(given, reader)?;
                let read = Self::read_table(table)?;
                $( ($check)(&read, reader); )?
                Some(read)
            }

            fn schema(schemas: &mut $crate::dialect::form::Schemas) -> serde_json::Value {
                schemas.refer(stringify!($name), Self::describe)
            }
        }

        impl $name {
            pub(in crate::dialect) fn read_table(
                mut table: $crate::dialect::form::Table<'_, '_, '_>,
            ) -> Option<Self> {
                $( let $field = declared!(
                    take table, declared!(key $field $($key)?), form_of!($ty $(, $form)?) $(, $default)?
                ); )*
                $($($( table.beside(&[$beside_key]); )?)*)?
                table.end();
                Some(Self {
                    $( $field: $field?, )*
                    $($( $beside: Default::default(), )*)?
                })
            }

            pub(in crate::dialect) fn describe(
                schemas: &mut $crate::dialect::form::Schemas,
            ) -> serde_json::Value {
                let mut table = $crate::dialect::form::TableSchema::new();
                $( table.key::<form_of!($ty $(, $form)?)>(
                    declared!(key $field $($key)?),
                    concat!($($doc),*),
                    declared!(has $($default)?),
                    schemas,
                ); )*
                table.end(concat!($($about),*))
            }
        }
    };
}

/// A table whose `kind` says which keys it has. `beside [...]`: keys that are read elsewhere.
macro_rules! kinds {
    (
        $(#[doc = $about:literal])*
        $(#[derive($($derived:ident),*)])?
        pub enum $name:ident $(beside [$($beside:literal : $beside_form:ty),*])? {
            $(
                $(#[doc = $doc:literal])*
                $variant:ident $([$mark:ident])? = $word:literal $({
                    $(
                        $(#[doc = $field_doc:literal])*
                        $field:ident : $ty:ty $(as $form:ty)? $(= $default:expr)?
                    ),* $(,)?
                })?
            ),* $(,)?
        }
        $(check $check:expr)?
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone $($(, $derived)*)?)]
        pub enum $name {
            $(
                $(#[doc = $doc])*
                $(#[$mark])?
                $variant $({ $( $(#[doc = $field_doc])* $field: $ty, )* })?,
            )*
        }

        impl $crate::dialect::form::Form for $name {
            type Value = Self;

            fn read(
                given: &$crate::dialect::form::Given<'_>,
                reader: &mut $crate::dialect::form::Reader<'_>,
            ) -> Option<Self> {
                let mut table = $crate::dialect::form::Table::open(given, reader)?;
                $( table.beside(&[$($beside),*]); )?
                let Some(kind) = table.take::<Kind>("kind") else {
                    table.end_unread();
                    return None;
                };
                let read = match kind {
                    $( Kind::$variant => {
                        $($( let $field = declared!(
                            take table, stringify!($field), form_of!($ty $(, $form)?) $(, $default)?
                        ); )*)?
                        table.end();
                        Self::$variant $({ $( $field: $field?, )* })?
                    } )*
                };
                $( ($check)(&read, reader); )?
                return Some(read);

                #[derive(Clone, Copy)]
                enum Kind { $( $variant, )* }

                impl $crate::dialect::form::Form for Kind {
                    type Value = Self;

                    fn read(
                        given: &$crate::dialect::form::Given<'_>,
                        reader: &mut $crate::dialect::form::Reader<'_>,
                    ) -> Option<Self> {
                        $crate::dialect::form::word(&[$( ($word, Self::$variant) ),*], given, reader)
                    }

                    fn schema(_: &mut $crate::dialect::form::Schemas) -> serde_json::Value {
                        serde_json::json!({ "enum": [$($word),*] })
                    }
                }
            }

            fn schema(schemas: &mut $crate::dialect::form::Schemas) -> serde_json::Value {
                schemas.refer(stringify!($name), |schemas| {
                    let beside = |_table: &mut $crate::dialect::form::TableSchema,
                                  _schemas: &mut $crate::dialect::form::Schemas| {
                        $($( _table.property(
                            $beside,
                            "",
                            <$beside_form as $crate::dialect::form::Form>::schema(_schemas),
                        ); )*)?
                    };
                    let mut kinds = Vec::new();
                    $( {
                        let mut table = $crate::dialect::form::TableSchema::new();
                        table.word("kind", $word);
                        $($( table.key::<form_of!($ty $(, $form)?)>(
                            stringify!($field),
                            concat!($($field_doc),*),
                            declared!(has $($default)?),
                            schemas,
                        ); )*)?
                        beside(&mut table, schemas);
                        kinds.push(table.end(concat!($($doc),*)));
                    } )*
                    serde_json::json!({
                        "description": concat!($($about),*).trim(),
                        "oneOf": kinds,
                    })
                })
            }
        }
    };
}

/// A choice of words.
macro_rules! words {
    (
        $(#[doc = $about:literal])*
        $(#[derive($($derived:ident),*)])?
        pub enum $name:ident {
            $( $(#[doc = $doc:literal])* $variant:ident $([$mark:ident])? = $word:literal ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq $($(, $derived)*)?)]
        pub enum $name {
            $( $(#[doc = $doc])* $(#[$mark])? $variant, )*
        }

        impl $name {
            /// The word as dialects write it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )*
                }
            }
        }

        impl $crate::dialect::form::Form for $name {
            type Value = Self;

            fn read(
                given: &$crate::dialect::form::Given<'_>,
                reader: &mut $crate::dialect::form::Reader<'_>,
            ) -> Option<Self> {
                $crate::dialect::form::word(&[$( ($word, Self::$variant) ),*], given, reader)
            }

            fn schema(_: &mut $crate::dialect::form::Schemas) -> serde_json::Value {
                serde_json::json!({ "enum": [$($word),*] })
            }
        }
    };
}

/// What the declarations above have in common.
macro_rules! declared {
    (key $field:ident) => {
        stringify!($field)
    };
    (key $field:ident $key:literal) => {
        $key
    };
    (has) => {
        false
    };
    (has $default:expr) => {
        true
    };
    (take $table:ident, $key:expr, $form:ty) => {
        $table.take::<$form>($key)
    };
    (take $table:ident, $key:expr, $form:ty, $default:expr) => {
        $table.take_or::<$form>($key, $default)
    };
}

/// The form that a field is read as.
macro_rules! form_of {
    ($ty:ty) => {
        $ty
    };
    ($ty:ty, $form:ty) => {
        $form
    };
}
