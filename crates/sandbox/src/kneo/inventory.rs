//! What the platform is equipped with: credentials of its providers, and skills.

use serde_json::{Map, Value, json};

use crate::kneo::Kneo;
use crate::kneo::fail::Fail;
use crate::kneo::query::{Query, written};
use crate::kneo::route::Op;

/// The providers that are asked about by default, and whether their keys are there.
const PROVIDERS: [(&str, bool); 2] = [("language_model", true), ("search", false)];

const SKILLS: [(&str, &str); 2] =
    [("search", "Looks things up"), ("summarise", "Says it in fewer words")];

impl Kneo {
    pub(crate) fn inventory(&self, query: &Query, now_ms: u64) -> Result<Value, Fail> {
        let tokens = query.flag("include_service_tokens")?.unwrap_or(true);
        let entry = |name: &str, suffix: &str, present: bool| {
            let variable = format!("{}{suffix}", name.to_ascii_uppercase().replace('-', "_"));
            let mut entry = Map::new();
            entry.insert("name".to_owned(), json!(name));
            entry.insert("env_var".to_owned(), json!(variable));
            entry.insert("present".to_owned(), json!(present));
            entry.insert("value".to_owned(), json!(present.then_some("<redacted>")));
            if self.rules.reference {
                let status = if present { "ok" } else { "missing" };
                entry.insert("status".to_owned(), json!(status));
                entry.insert("expires_at".to_owned(), Value::Null);
                entry.insert("last_checked".to_owned(), json!(written(now_ms)));
            }
            (name.to_owned(), Value::Object(entry))
        };
        let known =
            |name: &str| PROVIDERS.iter().any(|(known, present)| *known == name && *present);
        let mut names = query.all("providers");
        if names.is_empty() {
            names = PROVIDERS.iter().map(|(name, _)| *name).collect();
        }
        let providers: Map<String, Value> =
            names.iter().map(|name| entry(name, "_API_KEY", known(name))).collect();
        let extra: Map<String, Value> =
            query.all("extras").iter().map(|name| entry(name, "", false)).collect();
        let keys = self.access.keys.iter().filter(|_| tokens);
        let service_tokens: Map<String, Value> =
            keys.map(|key| entry(&key.name, "_SERVICE_TOKEN", true)).collect();
        Ok(json!({ "inventory": {
            "providers": providers, "extra": extra, "service_tokens": service_tokens,
        }}))
    }

    pub(crate) fn skills(&self, query: &Query) -> Result<Value, Fail> {
        let window = query.window(&["name"], false, Op::Skills, &self.rules)?;
        let mut rows = SKILLS;
        window.sort(&mut rows, |(name, _)| *name);
        let show = |(name, text): &(&str, &str)| json!({ "name": name, "description": text });
        Ok(Value::Object(window.page("skills", &rows, &self.rules, show)))
    }
}
