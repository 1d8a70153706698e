use crate::words::words;

words! {
    /// The codes of kneo's errors, with what a caller does about them (contract 4.3).
    pub enum Code {
        /// The key is missing or wrong: fix the profile.
        Unauthorized = "unauthorized",
        /// The key lacks a scope.
        Forbidden = "forbidden",
        /// A policy stands against the spec.
        EnvironmentPolicyBlocked = "environment_policy_blocked",
        /// No such run, task or environment.
        NotFound = "not_found",
        /// The request makes no sense.
        InvalidRequest = "invalid_request",
        /// The spec does not compile.
        SpecInvalid = "spec_invalid",
        /// There are no tokens left for it.
        TokenBudgetExceeded = "token_budget_exceeded",
        /// The idempotency key is too long.
        InvalidIdempotencyKey = "invalid_idempotency_key",
        /// The key was used for another payload.
        IdempotencyKeyConflict = "idempotency_key_conflict",
        /// The request with this key is still running.
        IdempotencyKeyInProgress = "idempotency_key_in_progress",
        /// The state of the run forbids it: read it again.
        RunStateConflict = "run_state_conflict",
        /// Somebody else is answering the task.
        ResourceLocked = "resource_locked",
        /// The deadline of the task has passed.
        HumanTaskExpired = "human_task_expired",
        /// The body is too large.
        PayloadTooLarge = "payload_too_large",
        /// A guardrail refuses the input.
        GuardrailViolation = "guardrail_violation",
        /// The route has no such query parameter.
        UnknownQueryParameters = "unknown_query_parameters",
        /// The path of the spec leads elsewhere.
        SpecPathConfined = "spec_path_confined",
        /// A time without its offset.
        InvalidTimestamp = "invalid_timestamp",
        /// Too many requests.
        RateLimited = "rate_limited",
        /// Too many runs wait.
        QueueFull = "queue_full",
        /// The store is down.
        StoreUnavailable = "store_unavailable",
        /// The platform takes no calls now.
        NotReady = "not_ready",
        /// The platform failed.
        InternalError = "internal_error",
    }
}
