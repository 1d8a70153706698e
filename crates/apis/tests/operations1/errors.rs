//! Errors and logs (O7 to O12).

use serde_json::json;
use steadfast_apis::NoClient;
use steadfast_apis::operations1::{
    Code, ErrorLog, Operations1, Order, OrderQuery, PageIndex, User,
};

use crate::script::Answer;
use crate::world::{BASE_URL, JSON, documented, order, vectors};

#[tokio::test]
async fn o07_an_error_has_all_that_is_known() {
    let world = vectors().await;
    let error = world.operations1.get::<User>(999).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(404), Some(Code::NotFound)));
    assert_eq!(error.message(), Some("Resource not found."));
    assert_eq!(error.to_string(), "[PG5] Resource not found.");
    let failed = error.call().unwrap();
    assert_eq!(
        (&*failed.tenant, failed.method.as_str(), failed.path.as_str()),
        ("acme", "GET", "/users/999")
    );
    let body = String::from_utf8(failed.error.details().body.to_vec()).unwrap();
    assert!(body.contains("PG5"), "{body}");
    let mut wrong = order("ERP-2");
    wrong.name.clear();
    let error = world.operations1.create_order(&wrong).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Some(Code::InvalidParameter), Some("Invalid parameter: name"))
    );
    for code in Code::KNOWN {
        assert!(
            Code::from(*code).as_str() == *code && !matches!(Code::from(*code), Code::Other(_))
        );
    }
}

#[tokio::test]
async fn o08_every_error_is_a_line_of_the_guide_in_a_file() {
    let world = vectors().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("api_errors.log");
    let operations1 = Operations1::builder(world.sandbox.base_url(), "tok")
        .error_log(ErrorLog::at(&file))
        .build()
        .unwrap();
    operations1.get::<User>(999).await.unwrap_err();
    operations1.delete_order(999).await.unwrap_err();
    operations1.get::<User>(7).await.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    let (stamp, line) = lines[0].split_once(' ').unwrap();
    assert!(stamp.ends_with('Z') && stamp.contains('T'), "{stamp}");
    assert_eq!(
        line,
        "ERROR API error: [PG5] Resource not found. tenant=acme method=GET path=/users/999 \
         status=404 attempt=1 error_code=PG5"
    );
    assert!(lines[1].contains("method=DELETE path=/orders/999"), "{}", lines[1]);
    // That it cannot be written fails no call.
    let nowhere = folder.path().join("no").join("such").join("folder");
    let operations1 = Operations1::builder(world.sandbox.base_url(), "tok")
        .error_log(ErrorLog::at(nowhere))
        .build()
        .unwrap();
    assert_eq!(operations1.get::<User>(999).await.unwrap_err().code(), Some(Code::NotFound));
}

#[tokio::test]
async fn o09_no_line_and_no_error_holds_a_token_a_query_or_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("api_errors.log");
    // A server that quotes back what it was sent.
    let quoting: Answer =
        Some((401, JSON, r#"{"message":"Bearer token-canary is void","errorCode":"PG1"}"#));
    let (operations1, _) = documented(&[quoting], |builder| builder.error_log(ErrorLog::at(&file)));
    let query = OrderQuery { search: Some("query-canary".to_owned()), ..OrderQuery::default() };
    let error = operations1.page::<Order>(&query, PageIndex::At(0), 10).await.unwrap_err();
    let log = std::fs::read_to_string(&file).unwrap();
    let text = format!("{log} {error} {error:?} {}", error.user_message());
    assert!(log.contains("API error: "), "{log}");
    for secret in ["token-canary", "query-canary"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn o10_every_scenario_that_the_guide_names_can_be_tried() {
    let world = vectors().await;
    let mut wrong = order("ERP-2");
    wrong.order_document_assignments[0].document_id = 99;
    assert_eq!(world.operations1.create_order(&wrong).await.unwrap_err().status(), Some(400));
    let stranger = world.client_of("tok-expired");
    assert_eq!(stranger.get::<User>(7).await.unwrap_err().status(), Some(401));
    for status in [502, 503] {
        world.faults(json!([{ "on": { "method": "GET" }, "do": { "kind": "status", "status": status, "body": "html" } }]));
        let quick = Operations1::builder(world.sandbox.base_url(), "tok")
            .settings(|builder| builder.attempts(1))
            .build()
            .unwrap();
        assert_eq!(quick.get::<User>(7).await.unwrap_err().status(), Some(status));
    }
}

#[tokio::test]
async fn o11_every_call_names_a_version_and_latest_has_to_be_allowed() {
    let user: Answer = Some((200, JSON, r#"{"id":7,"name":"m.cole"}"#));
    let (operations1, script) = documented(&[user], |builder| builder);
    operations1.get::<User>(7).await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(
        (seen.header("accept-version"), seen.header("accept")),
        ("2025-04-21", "application/json")
    );
    assert_eq!(seen.header("authorization"), "Bearer token-canary");

    for latest in ["latest", "Latest", " latest "] {
        let refused = Operations1::builder(BASE_URL, "t").version(latest).build();
        assert!(matches!(refused, Err(NoClient::LatestVersion)), "{latest:?}");
    }
    // Not by the back door either.
    let (operations1, script) = documented(&[user], |builder| {
        builder.settings(|builder| builder.header("accept-version", "latest"))
    });
    operations1.get::<User>(7).await.unwrap();
    assert_eq!(script.seen()[0].header("accept-version"), "2025-04-21");
    for (wanted, version) in [("2024-10-01", "2024-10-01"), ("latest", "latest")] {
        let (operations1, script) = documented(&[user], |builder| match wanted {
            "latest" => builder.latest_version(),
            date => builder.version(date),
        });
        operations1.get::<User>(7).await.unwrap();
        assert_eq!(script.seen()[0].header("accept-version"), version);
    }
    let world = vectors().await;
    let old = Operations1::builder(world.sandbox.base_url(), "tok").version("1999-01-01");
    let error = old.build().unwrap().get::<User>(7).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::VersionUnknown));
}

#[tokio::test]
async fn o12_who_is_not_let_in_is_told_once_which_tenant_and_permission() {
    let world = vectors().await;
    let stranger = world.client_of("nobody");
    let error = stranger.get::<User>(7).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(401), Some(Code::AuthenticationFailed)));
    let told = error.user_message();
    assert!(told.contains("\"acme\"") && told.contains("token"), "{told}");
    // From now on nothing is sent.
    stranger.get::<User>(7).await.unwrap_err();
    assert_eq!(world.statuses("GET"), [401]);
    let none = world.client_of("tok-none");
    for _ in 0..2 {
        let error = none.get::<User>(7).await.unwrap_err();
        assert_eq!((error.status(), error.code()), (Some(403), Some(Code::MissingPermission)));
        let told = error.user_message();
        assert!(told.contains("\"acme\"") && told.contains("permission"), "{told}");
    }
    assert_eq!(world.statuses("GET"), [401, 403, 403]);
}
