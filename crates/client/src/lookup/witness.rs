use http::Method;
use serde_json::Value;
use steadfast_call::dialect::{Resource, WitnessRoute};
use steadfast_call::{Error, Outcome, Request, differences};

use crate::client::Client;
use crate::driver::drive;
use crate::path::segment;

/// What a witness showed.
#[derive(Debug, Clone)]
pub enum Testimony {
    /// The tables are free: nothing that was queued before can still be hidden.
    Free,
    /// Writes are being queued.
    Locked,
    /// This record is no witness: it is gone, or somebody has changed it.
    Unfit(String),
    /// The write could not be made.
    Failed(Error),
}

impl Client {
    /// Finds out whether a locked run is on, where nothing but a write can tell: a record that
    /// we made ourselves is read, compared with what we wrote, and written back as it is, with
    /// the ids of its lines. What anybody has changed before the read is left alone; a change
    /// between the read and the write would be undone, so take a record that nobody works on.
    ///
    /// An answer "applied" is noted for all calls that wait for proof.
    pub async fn witness(&self, resource: &str, id: &str, ours: &[u8]) -> Testimony {
        let dialect = self.dialect();
        let Some(shape) = dialect.resource.get(resource) else {
            return Testimony::Unfit(format!("the dialect has no resource \"{resource}\""));
        };
        let Some(route) = &shape.witness else {
            return Testimony::Unfit(format!("the dialect names no witness for \"{resource}\""));
        };
        let record = match self.read(resource, id).await {
            Ok(Some(record)) => record,
            Ok(None) => return Testimony::Unfit("it holds nothing".to_owned()),
            Err(error) => return Testimony::Unfit(error.to_string()),
        };
        let Ok(ours) = serde_json::from_slice::<Value>(ours) else {
            return Testimony::Unfit("our own body is not JSON".to_owned());
        };
        if let Some(difference) = differences(shape, &ours, &record).first() {
            return Testimony::Unfit(format!("somebody has changed it ({difference})"));
        }
        let Some(body) = unchanged(shape, route, &record) else {
            return Testimony::Unfit("its lines have no ids to keep".to_owned());
        };
        let path = route.path.replace("{id}", &segment(id));
        let method = route.method.parse().unwrap_or(Method::PUT);
        let request = Request::new(method, path).json(body.to_string());
        match drive(&self.inner, request).await {
            Ok(Outcome::Queued(_)) => Testimony::Locked,
            Ok(Outcome::Applied(_) | Outcome::Existing(_)) => Testimony::Free,
            Err(error) => Testimony::Failed(error),
        }
    }
}

/// The body that changes nothing: every field that the record has and a write knows, and the
/// ids that keep each line the same line. None if a line has no id, since it would be replaced.
fn unchanged(resource: &Resource, route: &WitnessRoute, record: &Value) -> Option<Value> {
    let known = |from: &Value, fields: &steadfast_call::dialect::FieldTable| {
        let members = from.as_object()?;
        let kept = members.iter().filter(|(name, _)| fields.contains_key(*name));
        Some(kept.map(|(n, v)| (n.clone(), v.clone())).collect::<serde_json::Map<_, _>>())
    };
    let mut body = known(record, &resource.fields)?;
    if let Some(name) = &resource.lines {
        let mut lines = Vec::new();
        for line in record.get(name)?.as_array()? {
            let mut kept = known(line, &resource.line_fields)?;
            let id =
                route.line_ids.iter().find_map(|field| line.get(field).filter(|v| !v.is_null()))?;
            for field in &route.line_ids {
                kept.insert(field.clone(), id.clone());
            }
            lines.push(Value::Object(kept));
        }
        body.insert(name.clone(), Value::Array(lines));
    }
    Some(Value::Object(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use steadfast_call::dialect::Dialect;

    #[test]
    fn hazard_26_a_record_is_written_back_with_all_its_lines_and_their_ids() {
        let knosc = Dialect::built_in("knosc").unwrap();
        let resource = &knosc.resource["purchase-order"];
        let record = json!({"id": 7, "PO List Number": "P", "PO Total Items": 2, "details": [
            {"id": 70, "Item Number": "A", "Item Id": 3}, {"id": 71, "Item Number": "B"}]});
        let route = resource.witness.as_ref().unwrap();
        assert_eq!(
            unchanged(resource, route, &record).unwrap(),
            json!({"PO List Number": "P", "details": [
                {"Item Number": "A", "id": 70, "PO Details Id": 70},
                {"Item Number": "B", "id": 71, "PO Details Id": 71}]})
        );
        let without = json!({"details": [{"Item Number": "A"}]});
        assert!(unchanged(resource, route, &without).is_none());
    }
}
