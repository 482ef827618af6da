//! One GET without think time, by Goose; prints the requests per second that it counted.

use goose::prelude::*;

async fn rates(user: &mut GooseUser) -> TransactionResult {
    user.get("/rates").await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), GooseError> {
    let metrics = GooseAttack::initialize()?
        .register_scenario(scenario!("Reader").register_transaction(transaction!(rates)))
        .execute()
        .await?;
    let sent: usize = metrics.requests.values().map(|row| row.success_count).sum();
    let failed: usize = metrics.requests.values().map(|row| row.fail_count).sum();
    println!("{} {}", sent as f64 / metrics.duration as f64, failed);
    Ok(())
}
