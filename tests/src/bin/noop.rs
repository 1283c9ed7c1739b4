//! A function that does nothing, for measuring what the host around it costs. The same program runs under
//! our emulator and under cargo-lambda's.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

// One thread, as for any function that handles one event at a time: what is measured is the host.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let answer = service_fn(async |_: LambdaEvent<Value>| {
        // All fields, because cargo-lambda's HTTP mapping does not take the shorthand.
        Ok::<_, lambda_runtime::Error>(json!({
            "statusCode": 200, "headers": {}, "multiValueHeaders": {}, "cookies": [], "isBase64Encoded": false, "body": "ok"
        }))
    });
    lambda_runtime::Runtime::new(answer).run().await
}
