use crate::words::words;

words! {
    /// The codes of Thredfi's errors, with what a caller does about them (contract 4).
    pub enum Code {
        /// No credentials were sent.
        AuthenticationRequired = "authentication_required",
        /// The token is void or expired.
        InvalidToken = "invalid_token",
        /// The token is good, and not for this: match the business to the token.
        PermissionDenied = "permission_denied",
        /// A rule of the fields was broken: read the details.
        ValidationError = "validation_error",
        /// The business is unknown, or of another partner.
        BusinessNotFound = "business_not_found",
        /// No such invoice of this business.
        InvoiceNotFound = "invoice_not_found",
        /// No such customer of this business.
        CustomerNotFound = "customer_not_found",
        /// No such payment of this business.
        PaymentNotFound = "payment_not_found",
        /// No such refund of this business.
        RefundNotFound = "refund_not_found",
        /// Nothing is there, such as a page past the end.
        NotFound = "not_found",
        /// The `external_id` is taken: use what is there.
        DuplicateExternalId = "duplicate_external_id",
        /// The state forbids it: read it again.
        StateConflict = "state_conflict",
        /// The idempotency key was used for another request: make a new one.
        IdempotencyKeyConflict = "idempotency_key_conflict",
        /// The method is none of this path's.
        MethodNotAllowed = "method_not_allowed",
        /// The body was not sent as JSON.
        UnsupportedMediaType = "unsupported_media_type",
        /// The server failed.
        ServerError = "server_error",
    }
}
