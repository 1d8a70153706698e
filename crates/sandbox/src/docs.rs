//! The control routes, the journal and the grammar of fault plans.
//!
//! # Control routes
//!
//! They start at the ready line's `control_url` (`http://127.0.0.1:PORT/__sandbox`), need no login,
//! meet no faults and leave no trace in the journal. While a `refuse` fault is in force they are
//! refused like everything else.
//!
//! | route | does |
//! |---|---|
//! | `GET journal?since=N&limit=N` | entries after number `since`, those moved to a file included; without `since` all that are in memory |
//! | `GET state?after=N&limit=N&masters=0` | Knosc: orders after an id, archived ones included, inventory and forecasts after that id, queue, failed list, users, master data. Thredfi: invoices, payments and refunds after the first N of each; businesses and customers as master data. Always `late_commits` |
//! | `GET audit` | what can be judged from the server's side alone |
//! | `GET faults`, `POST faults`, `DELETE faults` | the plan with its counters; replace it (a plan, or `{"preset":"rough-day","seed":7}`); end all faults |
//! | `POST reset` | back to the fixtures: sessions, lock-outs, lock, queue, journal, audit and clock start afresh, the fault plan from its beginning |
//! | `GET clock`, `POST clock` | `{"advance_s":900}` moves the double's clock on |
//! | `… NAME/…` | routes of the API's own, as below for Knosc |
//! | `POST knosc/integration/start`, `…/finish` | hold and release the procurement tables |
//! | `GET knosc/queue` | `{"locked","queue","failed"}` |
//! | `POST knosc/references` | `{"kind":"purchase-order","id":42}` (or `purchase-order-detail`) marks a record as in use |
//! | `POST thredfi/payment-status` | `{"payment_id":"…","status":"failed"}` gives a payment a status that only time would bring |
//! | `POST thredfi/token-ttl` | `{"seconds":60}`: how long tokens last that are given out from now on |
//! | `POST operations1/report-state` | `{"report_id":5001,"state":"done"}` moves a report on, and its order with it |
//! | `POST knosc/revoke` | `{"username":"ada@example.com"}` changes the user, so that every token is revoked |
//!
//! # Journal
//!
//! `{"entries":[…],"next":N,"more":false,"spilled":0}`. Entries are numbered from 1 without gaps; pass
//! `next` as `since` to go on. At most 200,000 stay in memory, older ones are moved to a temporary file.
//!
//! | field | meaning |
//! |---|---|
//! | `n` | its number |
//! | `at_ms`, `done_ms` | when the request arrived, when its reply was ready; milliseconds since 1970 by the double's clock |
//! | `method`, `path`, `query` | what was asked |
//! | `status` | what was sent; null if nothing was. It says nothing about what arrived |
//! | `sent` | `whole`, `cut`, `malformed` or `nothing` |
//! | `effect` | `none`, `applied` or `queued` |
//! | `kind` | `login`, `verify`, `first-signin`, `refresh`, `logout`, `read`, `create`, `replace`, `delete`, `move`, `archive`, `void`, `unknown` (no such route) or `apply` |
//! | `resource` | `purchase-order`, `purchase-order-details`, `item-master`, …, `session` |
//! | `key` | the natural key, or the idempotency key of a write without one; of session routes the user |
//! | `content` | a digest of the JSON object that was sent, the same however it was written |
//! | `scope` | within what the key is unique, if that is not the whole API: the business of Thredfi |
//! | `fault`, `rule` | the kind of fault that was met and the position of its rule |
//! | `code` | of a refusal |
//! | `id` | of what was created |
//! | `gone_with` | the resource whose record of the same key was deleted, too: an order with its last line |
//! | `user` | whose access token it was |
//! | `hint_until_ms` | before this instant the reply's `Retry-After` forbade a repeat |
//! | `of`, `of_kind` | of an `apply`: number and kind of the request that it completes |
//!
//! **Counting effects.** A queued write and a late commit take effect after their request. Each then
//! adds an entry of kind `apply`, with effect `applied`, or `none` and the `code` if the write no
//! longer passed the checks. So the creates of a key that took effect are the entries with that
//! `resource` and `key`, `effect` = `applied`, and `kind` = `create` or `of_kind` = `create`. A run is
//! over when `state` shows an empty `queue` and `late_commits` = 0.
//!
//! # Audit
//!
//! `{"doubled":[{"resource","key","effects"}],"early":[…],"refresh_reuse":[…],"faults_unmet":[…]}`:
//! keys whose create took effect more than once without a delete between; writes and logins repeated
//! (same method, path and key) before their hint allowed it; refresh tokens presented again after they
//! had been refused; rules that never fired. Reads are not judged, as two reads of one address need
//! not be the same operation.
//!
//! # Fault plans
//!
//! ```json
//! {"seed": 7, "max_in_a_row": 2, "faults": [
//!   {"name": "lost reply", "on": {"method": "POST", "path": "/api/purchase-order", "nth": 3},
//!    "do": {"kind": "commit_then_reset"}},
//!   {"on": {"probability": 0.03},
//!    "do": {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}, "body": "html"}}
//! ]}
//! ```
//!
//! Posting a plan replaces the one before it. The first rule that fires wins; every rule whose filters
//! fit counts the request all the same.
//!
//! `on` (all of it optional):
//!
//! | key | meaning |
//! |---|---|
//! | `method`, `path`, `key`, `kind` | filters: a text or a list of them. `path` is exact and without the query, `key` the natural key, `kind` as in the journal |
//! | `nth` | fires on the n-th request that passes the filters since the plan was posted; a number or a list |
//! | `from`, `to` | fires from and up to such a number |
//! | `every` | of those, fires on the first and on every k-th after it |
//! | `probability` | fires by chance, from 0 to 1 |
//! | `repeat` | what chance has struck is struck so many times in all when it comes again |
//! | `times` | fires so often and no more |
//!
//! A draw is a hash of seed, rule, method, path, natural key (or, without one, the query) and how often
//! that was seen, so the draws do not depend on the order in which concurrent requests arrive.
//! `max_in_a_row` spares an operation that has met so many faults one after the other from further
//! chance. Faults that commit fire, and count, only on writes that would be applied or queued; those of
//! the session only on requests with a good access token.
//!
//! `do`:
//!
//! | `kind` | does | parameters |
//! |---|---|---|
//! | `status` | replies without handling the request | `status`, `headers` (an object, or a list of pairs), `body` |
//! | `delay` | handles and replies after a while; with `after` handles at once and replies late | `ms` (1000), `after` (false) |
//! | `dribble` | sends the body in ten pieces | `over_ms` (1000) |
//! | `refuse` | resets every connection and refuses new ones for a while | `for_ms` (1000) |
//! | `reset_before_read`, `reset_before_commit` | resets the connection and handles nothing (the body is read in either case, as the draw needs the natural key) | |
//! | `commit_then_reset` | handles the request and resets the connection | |
//! | `commit_then_status` | handles the request and replies something else | as `status` |
//! | `late_commit` | replies (or, without `status`, resets the connection), and handles the write afterwards | `after_ms` (500), as `status` |
//! | `truncate_body` | handles the request, announces the whole body and sends half | |
//! | `malformed_body` | handles the request and sends a body that is no JSON | |
//! | `expire_access` | the access token presented is expired from now on | |
//! | `revoke` | every token of the user is revoked from now on | |
//! | `rotate_csrf` | handles the request; from then on the token's CSRF value is another. The reply brings the new pair of cookies unless `silent` | `silent` (false) |
//! | `rate_limit` | replies 429 with a hint; with `per_second` only beyond that rate | `per_second`, `burst` (a tenth of it), `retry_after` (1), `body` |
//! | `lock` | starts an integration run, this request included | `for_requests`, `for_ms`: whichever comes first ends it |
//! | `unlock` | ends the integration run | |
//! | `in_progress` | answers that the request's idempotency key is still being worked on | |
//!
//! `expire_access`, `revoke`, `rotate_csrf`, `lock`, `unlock` and `in_progress` are for APIs that have such a
//! thing; a plan with one for another API is refused.
//!
//! The presets are plans in this grammar, in the crate's folder `presets/`.
//!
//! `body` is `json` (the API's error body), `html`, `plain`, `empty`, `truncated` (the API's error body,
//! cut in the middle) or any other text, which is sent as it is.
//!
//! # Fixtures
//!
//! A file of fixtures is a JSON object. Its records are bodies as the API's create routes take them, in
//! the order of their ids, and are checked as those routes would check them:
//!
//! ```json
//! {"roles": [{"Role Name": "Buyer", "Privileges": [{"type": "Procurement", "access": "Edit"}]}],
//!  "users": [{"Username": "ada", "User Email": "ada@example.com", "password": "sandbox-password",
//!             "Role Name": "Buyer"}],
//!  "items": [{"Item Number": "ITEM-A"}],
//!  "suppliers": [{"Supplier Number": "SUP-1"}],
//!  "warehouses": [{"Warehouse Number": "WH-1"}],
//!  "ship_froms": [{"Ship From Number": "SF-1", "Supplier Number": "SUP-1"}],
//!  "orders": [], "inventory": [], "forecasts": [],
//!  "next_ids": {"purchase-order": 42, "purchase-order-detail": 101}}
//! ```
//!
//! That was Knosc's. Only `users` is required; the first one stands in the ready line. A user may have a `totp_secret`
//! (base32), `"first_signin": true`, or `Privileges` other than those of the role. The categories of privileges
//! are `Procurement`, `Item Master`, `Supplier Master` (which covers ship-froms), `Warehouse Master`, `Inventory`,
//! `Forecast`, `Forecast Over Time` and `Users`.
//!
//! Thredfi's, in which every record may have an `id`, a customer `"archived": true`, an invoice
//! `"voided": true`, a payment a `status`:
//!
//! ```json
//! {"token_ttl_s": 3600,
//!  "partners": [{"uuid": "11111111-1111-4111-8111-111111111111", "api_key": "sandbox-partner-key",
//!    "businesses": [{"external_id": "BIZ-1", "legal_name": "A Ltd", "entity_type": "limited", "email": "a@example.com",
//!      "customers": [{"external_id": "CUST-1", "company_name": "C"}],
//!      "invoices": [{"external_id": "OPEN-1", "sent_at": "2026-01-02", "customer_external_id": "CUST-1",
//!                    "line_items": [{"quantity": 1, "unit_price": 9900}]}],
//!      "payments": []}]}]}
//! ```
//!
//! # What the contract leaves open
//!
//! - Orders that are `Received` or `Closed` are left out of the list unless it is filtered on
//!   `PO List Document Status`, as inactive warehouses are unless it is filtered on theirs.
//! - An order whose number is queued but not applied can be queued again. The second copy is dropped
//!   into the failed list at the end of the run, or applied under `allow-duplicates`.
//! - A replacement of an order that is not there is refused before its body is looked at, but after the
//!   body has been found to be JSON.
//! - A log-out empties the cookies; a token kept all the same stays good until it expires, as there is
//!   no list of tokens on the server.
//! - A rate limit answers 429 with the code `Request.RateLimited`, a body of more than 16 MiB 413 with
//!   `Request.TooLarge`. Neither is a code of the contract.
