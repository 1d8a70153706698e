//! Thredfi: businesses with their customers, invoices, payments and refunds.
//!
//! ```
//! # use steadfast_apis::thredfi::{Error, NewInvoice, NewLine, Thredfi};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use steadfast_apis::Written;
//! use steadfast_apis::thredfi::Code;
//!
//! let thredfi = Thredfi::builder("https://dev-backend.thredfi.com", "partner-uuid", "api-key")
//!     .build()?;
//! let invoice = NewInvoice {
//!     customer_external_id: Some("CUST-1".into()),
//!     ..NewInvoice::new("INV-1", "2025-01-15", vec![NewLine::new(1, 9_900)])
//! };
//! match thredfi.create_invoice("business-id", &invoice).await {
//!     Ok(Written::Applied(made)) => println!("{} is made: {:?} cents", made.id, made.total_cents),
//!     Ok(Written::Existing(there)) => println!("{} was there, and is the same", there.id),
//!     Ok(Written::Queued(_)) => {} // this API does everything at once
//!     Err(Error::Validation(refused)) => {
//!         for (field, texts) in refused.details() {
//!             println!("{field}: {}", texts.join(", "));
//!         }
//!     }
//!     Err(error) if error.code() == Some(Code::BusinessNotFound) => println!("whose is it?"),
//!     Err(error) => println!("{}", error.user_message()),
//! }
//! # Ok(()) }
//! ```
//!
//! Tokens are got and renewed by themselves: one of the partner, and one for each business, shared
//! by all calls that need it (T7, T14). Paths get their last slash (V16).
//!
//! Money is in whole cents everywhere. Times are texts, as the API writes them.
//!
//! # What may be there already
//!
//! Whatever has an `external_id` is written once: if the API says that it is there, because of an
//! attempt whose answer was lost or because somebody else was first, it is read and compared. The
//! same content is [`Written::Existing`](crate::Written::Existing), other content is [`Error::Differs`] (contract 5, T9).
//! Payments and refunds go out with an idempotency key, which the client makes unless you give one
//! (T5).

mod builder;
mod business;
mod calls;
mod code;
mod customer;
mod error;
pub mod guide;
mod invoice;
mod payment;
mod refund;

pub use builder::Builder;
pub use business::{Business, BusinessChange, BusinessFilter, NewBusiness};
pub use calls::Thredfi;
pub use code::Code;
pub use customer::{Customer, CustomerChange, CustomerFilter, CustomerStatus, NewCustomer};
pub use error::{Error, Fault, validation_lines};
pub use invoice::{
    Invoice, InvoiceCustomer, InvoiceFilter, InvoiceStatus, Line, NewInvoice, NewLine, Tax,
};
pub use payment::{
    Allocation, AppliedInvoice, DeletedPayment, NewPayment, Payment, PaymentChange, PaymentFilter,
    PaymentMethod, PaymentStatus,
};
pub use refund::{NewRefund, NewRefundPayment, Refund, RefundMethod};
