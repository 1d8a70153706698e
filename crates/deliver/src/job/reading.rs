//! From the file to accepted deliveries.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;
use steadfast::{Client, Options, Path, Request};
use steadfast_call::dialect::{Resource, value_text};
use steadfast_call::differences;
use steadfast_ledger::{
    Accepted, Initial, Ledger, NewDelivery, Piece as Staged, Reason, RunId, Settlement, State,
    identity,
};
use tokio::sync::mpsc;

use super::acts::name_act;
use super::{DeliverError, Job};
use crate::compose::{Composed, compose, line_ranges};
use crate::input::{self, Naming, Piece, RowFault, with_path};
use crate::progress::{Phase, Progress};

/// So many remarks are kept; of the others only how many they were.
const REMARKS_MAX: usize = 100;
/// How many pieces are staged, and writes accepted, at a time.
const BATCH: usize = 500;

/// Reads the whole input and accepts its writes. Gives remarks that are no faults.
pub(super) async fn read(
    job: &Job,
    ledger: &Ledger,
    client: &Client,
    resource: &Resource,
    run: RunId,
    progress: &Arc<Progress>,
) -> Result<Vec<String>, DeliverError> {
    progress.phase(Phase::Reading);
    let suspects = stage(job, ledger, resource, run, progress).await?;
    progress.phase(Phase::Grouping);
    let maker = Maker {
        job: job.clone(),
        client: client.clone(),
        resource: resource.clone(),
        shape: with_path(resource, &job.read.given).into_owned(),
        run,
        suspects,
    };
    let remarks = accept_all(ledger, maker, progress).await?;
    ledger.drop_pieces(run).await?;
    Ok(remarks)
}

/// Puts every piece aside. Gives the keys of writes that an unreadable row may belong to.
async fn stage(
    job: &Job,
    ledger: &Ledger,
    resource: &Resource,
    run: RunId,
    progress: &Arc<Progress>,
) -> Result<HashSet<String>, DeliverError> {
    let (sender, mut batches) = mpsc::channel::<Result<Vec<Piece>, DeliverError>>(4);
    let (source, resource) = (Arc::clone(&job.source), resource.clone());
    let (options, seen) = (job.read.clone(), Arc::clone(progress));
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read_batches(&source, &resource, &options, &seen, &sender) {
            let _ = sender.blocking_send(Err(error));
        }
    });
    let mut suspects = HashSet::new();
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        for piece in &batch {
            suspects.extend(piece.neighbours.iter().cloned());
        }
        ledger.stage(run, batch.iter().map(staged).collect()).await?;
    }
    Ok(suspects)
}

fn read_batches(
    source: &input::Source,
    resource: &Resource,
    options: &input::Options,
    progress: &Progress,
    sender: &mpsc::Sender<Result<Vec<Piece>, DeliverError>>,
) -> Result<(), DeliverError> {
    let mut reader = input::open(source, resource, options)?;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let piece = reader.next().transpose()?;
        let ended = piece.is_none();
        batch.extend(piece);
        if batch.len() >= BATCH || (ended && !batch.is_empty()) {
            let count = batch.len() as u64;
            progress.update(|view| {
                view.rows += count;
                view.read_bytes = reader.read_bytes();
                view.size_bytes = reader.size_bytes();
            });
            if sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
        }
        if ended {
            return Ok(());
        }
    }
}

fn staged(piece: &Piece) -> Staged {
    Staged {
        line: piece.line,
        key: piece.key.clone(),
        body: serde_json::to_vec(piece).unwrap_or_default(),
        fault: None,
    }
}

async fn accept_all(
    ledger: &Ledger,
    maker: Maker,
    progress: &Arc<Progress>,
) -> Result<Vec<String>, DeliverError> {
    let (sender, mut batches) =
        mpsc::channel::<Result<(Vec<NewDelivery>, Vec<String>), DeliverError>>(4);
    let (resource, groups) = (maker.resource.clone(), ledger.groups(maker.run)?);
    tokio::task::spawn_blocking(move || {
        let mut groups = groups;
        loop {
            let mut made = (Vec::with_capacity(BATCH), Vec::new());
            for group in groups.by_ref().take(BATCH) {
                match group {
                    Ok((key, pieces)) => maker.make(key, pieces, &mut made.0, &mut made.1),
                    Err(error) => {
                        let _ = sender.blocking_send(Err(error.into()));
                        return;
                    }
                }
            }
            if made.0.is_empty() || sender.blocking_send(Ok(made)).is_err() {
                return;
            }
        }
    });
    let resumes = !ledger.is_empty()?;
    let (mut remarks, mut unsaid) = (Vec::new(), 0);
    while let Some(batch) = batches.recv().await {
        let (mut deliveries, mut said) = batch?;
        let room = REMARKS_MAX - remarks.len();
        unsaid += said.len().saturating_sub(room);
        said.truncate(room);
        remarks.extend(said);
        if resumes {
            deliveries.iter_mut().for_each(|new| {
                name_act(ledger, &resource, new);
                take_the_same(ledger, &resource, new);
            });
        }
        let bodies: Vec<Vec<u8>> = deliveries.iter().map(|new| new.body.clone()).collect();
        let count = deliveries.len() as u64;
        let accepted = ledger.accept(deliveries).await?;
        explain_changes(ledger, &resource, &accepted, &bodies).await?;
        progress.update(|view| view.accepted += count);
    }
    if unsaid > 0 {
        remarks.push(format!("and {unsaid} more remarks of this kind"));
    }
    Ok(remarks)
}

/// A write that says the same as before in other words (its lines stand in another order, say)
/// is the same write: it takes the bytes that were sent.
fn take_the_same(ledger: &Ledger, resource: &Resource, new: &mut NewDelivery) {
    let Some(key) = &new.natural_key else { return };
    let identity = match &new.key_of_user {
        Some(key) => identity::of_users_key(key),
        None => identity::of_natural_key(key),
    };
    let Ok(Some(before)) = ledger.find(&new.account, &new.resource, &identity) else { return };
    if before.body == new.body {
        return;
    }
    if says_the_same(resource, &before.body, &new.body) {
        new.body = before.body;
    }
}

/// True if two bodies write the same, in whatever words.
pub(super) fn says_the_same(resource: &Resource, one: &[u8], other: &[u8]) -> bool {
    let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let (one, other) = (parsed(one), parsed(other));
    let resource = &resource.as_written();
    differences(resource, &one, &other).is_empty() && differences(resource, &other, &one).is_empty()
}

/// A write that was sent before with other content is refused, and told where it differs.
async fn explain_changes(
    ledger: &Ledger,
    resource: &Resource,
    accepted: &[Accepted],
    bodies: &[Vec<u8>],
) -> Result<(), DeliverError> {
    for (accepted, body) in accepted.iter().zip(bodies) {
        let Accepted::Changed { id, before, state } = accepted else { continue };
        let Some(row) = ledger.get(*id)? else { continue };
        if row.state != State::Rejected {
            continue;
        }
        let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let found = differences(&resource.as_written(), &parsed(body), &parsed(before));
        let mut reason = row.reason.unwrap_or_default();
        reason.text = format!("it was delivered before with other content, and is {state} there");
        reason.action =
            Some("change it at the API itself, or give this one another number".to_owned());
        reason.differences = found.iter().map(ToString::to_string).collect();
        ledger.settle(*id, Settlement::Rejected(reason), Vec::new()).await?;
    }
    Ok(())
}

/// Makes deliveries of groups of pieces.
struct Maker {
    job: Job,
    client: Client,
    resource: Resource,
    /// The resource as the file has it.
    shape: Resource,
    run: RunId,
    suspects: HashSet<String>,
}

impl Maker {
    fn make(
        &self,
        key: Option<String>,
        pieces: Vec<Staged>,
        made: &mut Vec<NewDelivery>,
        remarks: &mut Vec<String>,
    ) {
        let pieces: Vec<Piece> =
            pieces.iter().filter_map(|staged| serde_json::from_slice(&staged.body).ok()).collect();
        let Some(key) = key else {
            made.extend(pieces.into_iter().map(|piece| self.nameless(piece)));
            return;
        };
        match compose(&self.shape, &key, pieces) {
            Composed::Write { natural_key, body, lines, repeats, .. } => {
                if !repeats.is_empty() {
                    let again: Vec<String> = repeats.iter().map(u64::to_string).collect();
                    remarks.push(format!(
                        "{natural_key} is in the file more than once, each time the same (again on line {}): it is sent once",
                        again.join(", ")
                    ));
                }
                let initial = match self.suspects.contains(&natural_key) {
                    true => Initial::Held(suspected(&natural_key)),
                    false => Initial::Staged,
                };
                made.push(self.delivery(Some(natural_key), body, lines, initial));
            }
            Composed::Rejected { natural_key, faults, lines, body } => {
                let initial = Initial::Rejected(refused(&self.resource, &faults));
                made.push(self.delivery(Some(natural_key), body, lines, initial));
            }
        }
    }

    /// A row whose key cannot be read is a write of its own, which is refused.
    fn nameless(&self, piece: Piece) -> NewDelivery {
        let lines = line_ranges(std::slice::from_ref(&piece));
        let reason = refused(&self.resource, &piece.faults);
        let body = serde_json::to_vec(&piece.content).unwrap_or_default();
        self.delivery(None, body, lines, Initial::Rejected(reason))
    }

    /// `name`: what names it in the file.
    fn delivery(
        &self,
        name: Option<String>,
        body: Vec<u8>,
        lines: String,
        initial: Initial,
    ) -> NewDelivery {
        let mut body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let path = self.path(&mut body);
        // With a name that is wider than the natural key, the natural key is what the body says.
        let wider = Naming::of(&self.resource, &self.job.read).is_wider();
        let (natural_key, key_of_user) = match wider {
            true => (self.resource.key_in(&body).and_then(value_text), name),
            false => (name, None),
        };
        // A file whose columns were moved about is the same file to the ledger.
        body.sort_all_objects();
        let body = body.to_string().into_bytes();
        let idempotency_key = match initial {
            Initial::Staged => self.idempotency_key(&path, &body),
            // It is not sent as it is.
            _ => None,
        };
        NewDelivery {
            run: self.run,
            account: self.job.account.clone(),
            resource: self.job.resource.clone(),
            natural_key,
            key_of_user,
            lane: None,
            method: self.resource.create.method.clone(),
            path,
            body,
            headers: Vec::new(),
            idempotency_key,
            lines,
            initial,
        }
    }

    /// The key by which the API recognises a repeat, where its dialect has keys made. It is written
    /// down with the delivery, so that whoever goes on after a crash sends the same one.
    fn idempotency_key(&self, path: &str, body: &[u8]) -> Option<String> {
        self.client.dialect().idempotency.as_ref()?;
        let create = &self.resource.create;
        let request = Request::new(create.method.parse().ok()?, path);
        let mut options = Options::default();
        self.client.fill_in(&request.json(body.to_vec()), &mut options);
        options.idempotency_key.map(|key| key.value)
    }

    /// The path of a write. What stands in it is taken out of the body.
    fn path(&self, body: &mut Value) -> String {
        let mut path = self.resource.create.path.clone();
        for (name, value) in &self.resource.path {
            let own = body.as_object_mut().and_then(|body| body.shift_remove(value.name()));
            let own = own.as_ref().and_then(value_text).map(|text| text.trim().to_owned());
            let given = || self.job.read.given.get(value.name()).cloned();
            // A write without one is refused before it could be sent.
            let Some(text) = own.filter(|text| !text.is_empty()).or_else(given) else { continue };
            let segment = Path::of_segments([text]).to_string();
            path = path.replace(&format!("{{{name}}}"), segment.trim_start_matches('/'));
        }
        path
    }
}

fn suspected(key: &str) -> Reason {
    Reason::new(format!("a row next to it in the file cannot be read, and may be a line of {key}"))
        .with_code("input.row_unreadable_nearby")
        .with_action("correct that row and deliver the file again")
}

fn refused(resource: &Resource, faults: &[RowFault]) -> Reason {
    let texts: Vec<&str> = faults.iter().map(|fault| fault.text.as_str()).collect();
    let missing = faults.first().is_some_and(|fault| fault.code == resource.missing_code());
    Reason {
        code: faults.first().map(|fault| fault.code.clone()),
        text: texts.join("; "),
        action: Some(match missing {
            true => "fill it in and deliver the file again".to_owned(),
            false => "correct the row and deliver the file again".to_owned(),
        }),
        ..Reason::default()
    }
}
