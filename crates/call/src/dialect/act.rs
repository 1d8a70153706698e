//! What a write does to a resource, and the resources that follow from the routes of another.

use super::resource::{Create, FieldTable, LookupRoute, RecordRoute, Resource};

/// What a write of a resource does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Act {
    /// It makes a record that is not there.
    #[default]
    Create,
    /// It puts other content in the place of a record's own. The record is known by its natural key, and
    /// its path names its id.
    Replace,
    /// It takes a record away, known in the same way.
    Delete,
}

impl Act {
    /// The name of the resource that does this to the records of another.
    fn name(self, of: &str) -> String {
        match self {
            Self::Create => of.to_owned(),
            Self::Replace => format!("{of}-replace"),
            Self::Delete => format!("{of}-delete"),
        }
    }
}

impl Resource {
    /// The resources that follow from its routes, with their names.
    pub(super) fn derived(&self, name: &str) -> Vec<(String, Self)> {
        let replace = self.replace.as_ref().map(|route| {
            (
                Act::Replace.name(name),
                Self { title: format!("replaced {}", self.title), ..self.on(route, Act::Replace) },
            )
        });
        let delete = self.delete.as_ref().map(|route| {
            let key = self.fields.get_key_value(&self.key);
            let fields = key.map(|(name, field)| (name.clone(), field.clone()));
            let deleted = Self {
                title: format!("deleted {}", self.title),
                id: None,
                lines: None,
                witness: None,
                fields: fields.into_iter().collect(),
                line_fields: FieldTable::new(),
                ..self.on(route, Act::Delete)
            };
            (Act::Delete.name(name), deleted)
        });
        replace.into_iter().chain(delete).collect()
    }

    /// The look-up that tells whether a write of it took effect by what a record holds. A delete leaves no
    /// record that could be compared.
    pub(crate) fn shows_effect(&self) -> Option<&LookupRoute> {
        self.lookup.as_ref().filter(|_| self.act != Act::Delete)
    }

    fn on(&self, route: &RecordRoute, act: Act) -> Self {
        Self {
            create: Create { method: route.method.clone(), path: route.path.clone() },
            // Nothing refuses a second one: that is said of creates.
            unique_key: false,
            exists_code: None,
            replace: None,
            delete: None,
            act,
            ..self.clone()
        }
    }
}
