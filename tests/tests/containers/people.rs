//! The demo in containers as somebody sees it who opens it in a browser.

use anyhow::Result;
use leitwarte_tests::browser::demo::choose;
use leitwarte_tests::browser::{Browser, Looks};
use serde_json::json;

use crate::left_out;
use crate::system::System;

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_with_their_browser_and_see_the_demo() -> Result<()> {
    if left_out() {
        return Ok(());
    }
    let system = System::start().await;
    let browser = Browser::start_trusting(Looks::DESK).await?;
    let overview = format!("http://localhost:{}/overview", system.compose.variable("GATEWAY_PORT"));

    browser.open(&overview).await?;
    let address = browser.address().await?;
    assert!(address.starts_with("https://graph.localhost:"), "the stand-in's own page: {address}");
    choose(&browser, "Read").await?;

    let arrived = format!("return location.href === {} && document.readyState === 'complete'", json!(overview));
    browser.until("the overview after signing in", &arrived).await?;
    let overview = browser.text("main").await?;
    for tenant in ["Northwind", "Contoso Schule", "Fabrikam", "Tailspin"] {
        assert!(overview.contains(tenant), "{tenant} is missing in {overview}");
    }
    browser.close().await
}
