//! `explain`, as it is typed.

use http::{HeaderName, HeaderValue, Method, StatusCode};
use steadfast::dialect::PolicyName;

use clap::Args;

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Nothing is sent. Without --method it is told for a write (POST) and for a read (GET).

  steadfast explain --api knosc --status 503 -X POST --natural-key
  steadfast explain --api stripe --status 500 -X POST --key-sent
  steadfast explain --api knosc --status 400 '{\"Code\":\"ItemMaster.NotFound\"}'
  curl -i … | steadfast explain --api knosc -X POST --path /purchase-order -

Exit status: 0 it is explained; 2 usage, input or settings.")]
pub(crate) struct ExplainArgs {
    /// The body of the reply, or what `curl -i` printed; from a file (FILE or @FILE) or - for stdin
    #[arg(value_name = "BODY|FILE|-")]
    pub(crate) reply: Option<String>,
    /// The API, as the settings name it; a built-in dialect or the path of a dialect file will do
    #[arg(long, value_name = "API", env = "STEADFAST_TO")]
    pub(crate) api: String,
    /// The status of the reply; what `curl -i` printed holds it already
    #[arg(long, value_name = "N", value_parser = status)]
    pub(crate) status: Option<StatusCode>,
    /// The method of the request that was answered
    #[arg(long, short = 'X', value_name = "M", value_parser = method)]
    pub(crate) method: Option<Method>,
    /// The path of the request, below the base URL
    #[arg(long, value_name = "P", value_parser = path)]
    pub(crate) path: Option<String>,
    /// A header of the reply; may be given more than once
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) header: Vec<(HeaderName, HeaderValue)>,
    /// The request carried an idempotency key; at an API that takes none it means --natural-key
    #[arg(long)]
    pub(crate) key_sent: bool,
    /// The caller knows the natural key of what it wrote, so that it can be found again
    #[arg(long)]
    pub(crate) natural_key: bool,
    /// Which policy of the dialect to follow: recommended, documented
    #[arg(long, value_name = "POLICY", env = "STEADFAST_POLICY")]
    pub(crate) policy: Option<PolicyName>,
}

fn status(text: &str) -> Result<StatusCode, String> {
    let status = text.parse::<u16>().ok().filter(|status| (100..600).contains(status));
    status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| format!("\"{text}\" is no status; write a number from 100 to 599"))
}

/// A method in any case.
pub(crate) fn method(text: &str) -> Result<Method, String> {
    let wrong = |_| format!("\"{text}\" is no method; write one such as GET or POST");
    text.to_ascii_uppercase().parse().map_err(wrong)
}

/// A path below the base URL, which begins with a slash.
pub(crate) fn path(text: &str) -> Result<String, String> {
    if text.contains("://") {
        let wrong =
            "is a whole address; write what stands behind base_url, such as /purchase-order";
        return Err(format!("\"{text}\" {wrong}"));
    }
    match text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Ok(format!("/{text}")),
    }
}

/// `Name: value`. The value is not quoted in a message: it may be a secret.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = "that is no header; write it as 'Name: value'";
    let (name, value) = text.split_once(':').ok_or(wrong)?;
    let name = name.trim().parse().map_err(|_| wrong)?;
    let value = value.trim().parse().map_err(|_| wrong)?;
    Ok((name, value))
}
