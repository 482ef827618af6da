//! The rows of `bench/traffic.py` that Goose takes part in; prints the requests per second that it counted, and failures.
//! BENCH_ROW: `gzip` (a decoded JSON body, two checks), `holes` (a path of two values), `json` (that, a bearer token, a
//! value out of the JSON body, the status checked); else one GET of BENCH_PATH.

use goose::goose::{GooseMethod, GooseRequest};
use goose::prelude::*;
use serde_json::Value;

#[derive(Clone, Default)]
struct Session {
    path: String,
    token: String,
    iteration: u64,
    found: String,
}

async fn start(user: &mut GooseUser) -> TransactionResult {
    let path = std::env::var("BENCH_PATH").unwrap_or_default();
    user.set_session_data(Session { path, ..Session::default() });
    Ok(())
}

async fn one(user: &mut GooseUser) -> TransactionResult {
    let path = user.get_session_data_unchecked::<Session>().path.clone();
    user.get(&path).await?;
    Ok(())
}

async fn holes(user: &mut GooseUser) -> TransactionResult {
    let number = user.weighted_users_index;
    let session = user.get_session_data_unchecked_mut::<Session>();
    session.iteration += 1;
    let path = format!("/accounts/{}/{}", number, session.iteration);
    user.get_named(&path, "/accounts").await?;
    Ok(())
}

async fn report(user: &mut GooseUser) -> TransactionResult {
    let mut answer = user.get("/report").await?;
    if let Ok(response) = answer.response {
        let text = response.text().await?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if body["count"].as_u64().is_none() || !text.contains("items") {
            return user.set_failure("body", &mut answer.request, None, None);
        }
    }
    Ok(())
}

async fn login(user: &mut GooseUser) -> TransactionResult {
    let answer = user.get("/login").await?;
    let body: Value = answer.response?.json().await?;
    let token = body["token"].as_str().unwrap_or_default().to_owned();
    user.set_session_data(Session { token, ..Session::default() });
    Ok(())
}

async fn account(user: &mut GooseUser) -> TransactionResult {
    let number = user.weighted_users_index;
    let session = user.get_session_data_unchecked_mut::<Session>();
    session.iteration += 1;
    let path = format!("/accounts/{}/{}", number, session.iteration);
    let token = session.token.clone();
    let builder = user.get_request_builder(&GooseMethod::Get, &path)?.bearer_auth(token);
    let request = GooseRequest::builder()
        .method(GooseMethod::Get)
        .path(path.as_str())
        .name("/accounts")
        .expect_status_code(200)
        .set_request_builder(builder)
        .build();
    let mut answer = user.request(request).await?;
    if let Ok(response) = answer.response {
        let body: Value = response.json().await?;
        match body["data"]["token"].as_str() {
            Some(found) => user.get_session_data_unchecked_mut::<Session>().found = found.to_owned(),
            None => return user.set_failure("no token", &mut answer.request, None, None),
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), GooseError> {
    let row = std::env::var("BENCH_ROW").unwrap_or_default();
    let scenario = match row.as_str() {
        "holes" => scenario!("Walker")
            .register_transaction(transaction!(start).set_on_start())
            .register_transaction(transaction!(holes)),
        "json" => scenario!("Customer")
            .register_transaction(transaction!(login).set_on_start())
            .register_transaction(transaction!(account)),
        "gzip" => scenario!("Reporter").register_transaction(transaction!(report)),
        _ => scenario!("Reader")
            .register_transaction(transaction!(start).set_on_start())
            .register_transaction(transaction!(one)),
    };
    let metrics = GooseAttack::initialize()?.register_scenario(scenario).execute().await?;
    let sent: usize = metrics.requests.values().map(|row| row.success_count).sum();
    let failed: usize = metrics.requests.values().map(|row| row.fail_count).sum();
    println!("{} {}", sent as f64 / metrics.duration as f64, failed);
    Ok(())
}
