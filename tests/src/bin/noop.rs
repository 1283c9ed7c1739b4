//! A function that does nothing, for measuring what the host around it costs. The same program runs under
//! our emulator and under cargo-lambda's.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let answer = service_fn(async |_: LambdaEvent<Value>| {
        Ok::<_, lambda_runtime::Error>(json!({ "statusCode": 200, "body": "ok" }))
    });
    lambda_runtime::Runtime::new(answer).run().await
}
