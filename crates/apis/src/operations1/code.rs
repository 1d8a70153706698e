use crate::words::words;

words! {
    /// What Operations1 says went wrong (contract, section 4). A body is optional there, so decide
    /// by the status where there is no code.
    ///
    /// ```
    /// use steadfast_apis::operations1::Code;
    ///
    /// assert_eq!(Code::from("PG5"), Code::NotFound);
    /// assert_eq!(Code::from("PG77").as_str(), "PG77");
    /// ```
    pub enum Code {
        /// Something broke inside.
        Internal = "PG0",
        /// Tenant or token is wrong, or the token has expired (O12).
        AuthenticationFailed = "PG1",
        /// The API user lacks the permission (O12).
        MissingPermission = "PG2",
        /// The header `Accept-Version` is missing.
        VersionMissing = "PG3",
        /// There is no such version of the API.
        VersionUnknown = "PG4",
        /// There is no such record, or no such route.
        NotFound = "PG5",
        /// A parameter, or a field of the body, cannot be used.
        InvalidParameter = "PG6",
        /// Too many requests.
        TooManyRequests = "PG7",
        /// The body is no JSON.
        MalformedBody = "PG8",
        /// The route does not take this method.
        MethodNotAllowed = "PG9",
        /// The name of the user is taken.
        NameInUse = "PG10",
        /// The payload of an order connector lacks a property.
        MissingProperty = "OC1",
        /// No document fits the payload of an order connector.
        NoMatchingDocument = "OC2",
    }
}
