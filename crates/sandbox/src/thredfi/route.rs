//! Which operation a method and a path stand for.

use http::Method;

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    PartnerToken,
    BusinessToken,
    ListBusinesses,
    CreateBusiness,
    ReadBusiness,
    UpdateBusiness,
    ArchiveBusiness,
    UnarchiveBusiness,
    ListCustomers,
    CreateCustomer,
    ReadCustomer,
    UpdateCustomer,
    ArchiveCustomer,
    ListInvoices,
    CreateInvoice,
    ReadInvoice,
    ReplaceInvoice,
    VoidInvoice,
    ListPayments,
    CreatePayment,
    ReadPayment,
    UpdatePayment,
    CancelPayment,
    ListRefunds,
    CreateRefund,
    ReadRefund,
    CreateRefundPayment,
}

/// What a path names, and what can be done there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// What each method does.
    pub(crate) ops: &'static [(&'static str, Op)],
    /// The business in the path.
    pub(crate) business: Option<String>,
    /// The record below the business.
    pub(crate) id: Option<String>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Place(Place),
    /// There is such a path with a slash at its end.
    Redirect(String),
    Unknown,
}

const PREFIX: &str = "/v1/platform/";

pub(crate) fn route(path: &str) -> Route {
    let Some(below) = path.strip_prefix(PREFIX) else { return Route::Unknown };
    if let Some(below) = below.strip_suffix('/') {
        return place(below).map_or(Route::Unknown, Route::Place);
    }
    if place(below).is_some() { Route::Redirect(format!("{path}/")) } else { Route::Unknown }
}

fn place(below: &str) -> Option<Place> {
    let mut parts = below.split('/');
    let mut steps = [""; 6];
    let mut depth = 0;
    for part in &mut parts {
        *steps.get_mut(depth)? = part;
        depth += 1;
    }
    let named =
        |ops, business: Option<&str>, id: Option<&str>| {
            let owned = |text: &str| text.to_owned();
            (!business.is_some_and(str::is_empty) && !id.is_some_and(str::is_empty))
                .then(|| Place { ops, business: business.map(owned), id: id.map(owned) })
        };
    match steps.get(..depth)? {
        ["oauth2", "token"] => named(&[("POST", Op::PartnerToken)], None, None),
        [b, "oauth2", "token"] => named(&[("POST", Op::BusinessToken)], Some(b), None),
        ["businesses"] => {
            named(&[("GET", Op::ListBusinesses), ("POST", Op::CreateBusiness)], None, None)
        }
        ["businesses", b] => {
            named(&[("GET", Op::ReadBusiness), ("PATCH", Op::UpdateBusiness)], Some(b), None)
        }
        ["businesses", b, "archive"] => named(&[("POST", Op::ArchiveBusiness)], Some(b), None),
        ["businesses", b, "unarchive"] => named(&[("POST", Op::UnarchiveBusiness)], Some(b), None),
        ["businesses", b, "customers"] => {
            named(&[("GET", Op::ListCustomers), ("POST", Op::CreateCustomer)], Some(b), None)
        }
        ["businesses", b, "customers", id] => {
            named(&[("GET", Op::ReadCustomer), ("PATCH", Op::UpdateCustomer)], Some(b), Some(id))
        }
        ["businesses", b, "customers", id, "archive"] => {
            named(&[("POST", Op::ArchiveCustomer)], Some(b), Some(id))
        }
        ["businesses", b, "invoices", rest @ ..] => {
            let (ops, id) = below_invoices(rest)?;
            named(ops, Some(b), id)
        }
        _ => None,
    }
}

type Found<'a> = (&'static [(&'static str, Op)], Option<&'a str>);

fn below_invoices<'a>(rest: &[&'a str]) -> Option<Found<'a>> {
    Some(match rest {
        [] => (&[("GET", Op::ListInvoices), ("POST", Op::CreateInvoice)], None),
        ["payments"] => (&[("GET", Op::ListPayments), ("POST", Op::CreatePayment)], None),
        ["payments", id] => (&[("GET", Op::ReadPayment), ("PATCH", Op::UpdatePayment)], Some(*id)),
        ["payments", id, "delete"] => (&[("POST", Op::CancelPayment)], Some(*id)),
        ["refunds"] => (&[("GET", Op::ListRefunds), ("POST", Op::CreateRefund)], None),
        ["refunds", id] => (&[("GET", Op::ReadRefund)], Some(*id)),
        ["refunds", id, "payments"] => (&[("POST", Op::CreateRefundPayment)], Some(*id)),
        [id] => (&[("GET", Op::ReadInvoice), ("PUT", Op::ReplaceInvoice)], Some(*id)),
        [id, "void"] => (&[("POST", Op::VoidInvoice)], Some(*id)),
        _ => return None,
    })
}

impl Place {
    /// The operation of a method; `HEAD` asks what `GET` asks.
    pub(crate) fn op(&self, method: &Method) -> Option<Op> {
        let name = if *method == Method::HEAD { "GET" } else { method.as_str() };
        self.ops.iter().find(|(known, _)| *known == name).map(|(_, op)| *op)
    }

    /// The methods, as the header `Allow` lists them.
    pub(crate) fn allow(&self) -> String {
        let names: Vec<_> = self.ops.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// Whether tokens are given out here.
    pub(crate) fn gives_tokens(&self) -> bool {
        self.ops.iter().any(|(_, op)| matches!(op, Op::PartnerToken | Op::BusinessToken))
    }

    /// Whether it belongs to the partner rather than to one business.
    pub(crate) fn is_partners(&self) -> bool {
        self.ops.iter().any(|(_, op)| op.resource() == "businesses")
    }
}

impl Op {
    /// The word for it in the journal.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Op::PartnerToken | Op::BusinessToken => "login",
            Op::ListBusinesses
            | Op::ReadBusiness
            | Op::ListCustomers
            | Op::ReadCustomer
            | Op::ListInvoices
            | Op::ReadInvoice
            | Op::ListPayments
            | Op::ReadPayment
            | Op::ListRefunds
            | Op::ReadRefund => "read",
            Op::CreateBusiness
            | Op::CreateCustomer
            | Op::CreateInvoice
            | Op::CreatePayment
            | Op::CreateRefund
            | Op::CreateRefundPayment => "create",
            Op::UpdateBusiness
            | Op::UpdateCustomer
            | Op::ReplaceInvoice
            | Op::UpdatePayment
            | Op::UnarchiveBusiness => "replace",
            Op::ArchiveBusiness | Op::ArchiveCustomer => "archive",
            Op::VoidInvoice => "void",
            Op::CancelPayment => "delete",
        }
    }

    /// The list it belongs to.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Op::PartnerToken | Op::BusinessToken => "session",
            Op::ListBusinesses
            | Op::CreateBusiness
            | Op::ReadBusiness
            | Op::UpdateBusiness
            | Op::ArchiveBusiness
            | Op::UnarchiveBusiness => "businesses",
            Op::ListCustomers
            | Op::CreateCustomer
            | Op::ReadCustomer
            | Op::UpdateCustomer
            | Op::ArchiveCustomer => "customers",
            Op::ListInvoices
            | Op::CreateInvoice
            | Op::ReadInvoice
            | Op::ReplaceInvoice
            | Op::VoidInvoice => "invoices",
            Op::ListPayments
            | Op::CreatePayment
            | Op::ReadPayment
            | Op::UpdatePayment
            | Op::CancelPayment => "payments",
            Op::ListRefunds | Op::CreateRefund | Op::ReadRefund => "refunds",
            Op::CreateRefundPayment => "refund-payments",
        }
    }

    pub(crate) fn changes_data(self) -> bool {
        !matches!(self.kind(), "login" | "read")
    }

    /// Whether the request has a body that matters.
    pub(crate) fn takes_body(self) -> bool {
        matches!(self.kind(), "create" | "replace") && self != Op::UnarchiveBusiness
    }

    /// Whether an `Idempotency-Key` counts.
    pub(crate) fn takes_key(self) -> bool {
        matches!(self, Op::CreatePayment | Op::CreateRefund | Op::CreateRefundPayment)
    }
}
