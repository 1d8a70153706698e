//! `steadfast sandbox`: run doubles until told to stop.

use std::net::SocketAddr;

use steadfast_sandbox::{Api, FaultPlan, Options, Preset, Sandbox};

use crate::args::SandboxArgs;
use crate::failure::Failure;
use crate::{signals, stdout};

pub(crate) async fn run(args: SandboxArgs) -> Result<u8, Failure> {
    // A quirk is for those of the doubles that have it; for none of them it is a mistake.
    if let Some(quirk) =
        args.quirk.iter().find(|quirk| !args.api.iter().any(|api| api.has_quirk(**quirk)))
    {
        let apis: Vec<_> = args.api.iter().map(|api| api.name()).collect();
        return Err(Failure::usage(format!("--quirk {quirk}: {} cannot have it", apis.join(", "))));
    }
    // Heard before anybody is told that the doubles are ready, as who reads that may interrupt at once.
    let interrupted = signals::interrupted();
    let mut running = Vec::new();
    for (index, api) in args.api.iter().enumerate() {
        // Several doubles take ports in a row, unless any free one will do.
        let port = args.listen.port();
        let port = if port == 0 { 0 } else { port.saturating_add(index as u16) };
        let options = Options {
            listen: SocketAddr::new(args.listen.ip(), port),
            profile: args.profile,
            quirks: args.quirk.iter().copied().filter(|quirk| api.has_quirk(*quirk)).collect(),
            faults: args
                .faults
                .as_deref()
                .map(|plan| read_plan(plan, *api, args.seed))
                .transpose()?,
            seed: args.seed,
            fixtures: args.fixtures.clone(),
            token_ttl_s: args.token_ttl,
        };
        let sandbox = Sandbox::start(*api, options).await.map_err(Failure::usage)?;
        let ready = serde_json::to_string(&sandbox.ready()).unwrap_or_default();
        stdout::write(format!("{ready}\n"))?;
        running.push(sandbox);
    }
    interrupted.await;
    for sandbox in running {
        sandbox.stop().await;
    }
    Ok(0)
}

fn read_plan(name: &str, api: Api, seed: u64) -> Result<FaultPlan, Failure> {
    if let Ok(preset) = name.parse::<Preset>() {
        return Ok(preset.plan(api, seed));
    }
    let text = std::fs::read_to_string(name).map_err(|error| {
        Failure::usage(format!(
            "--faults {name}: this is no preset (calm, rough-day, storm, outage) and no file that can be read: {error}"
        ))
    })?;
    FaultPlan::from_json(&text).map_err(|error| Failure::usage(format!("--faults {name}: {error}")))
}
