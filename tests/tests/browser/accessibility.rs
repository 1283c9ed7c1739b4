//! Every page before axe-core, a checker of the rules of WCAG, in both themes and languages.

use anyhow::{Context, Result};
use leitwarte_tests::browser::{Browser, Looks};
use leitwarte_tests::foreign;
use serde_json::{Value, json};

use leitwarte_tests::browser::demo::{Demo, PAGES, PUBLIC_PAGES};

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page() -> Result<()> {
    let axe = std::fs::read_to_string(foreign::npm("axe", "axe-core/axe.min.js")).context("axe-core")?;
    let demo = Demo::start(Looks::DESK).await?;
    let mut found = Vec::new();
    for path in PUBLIC_PAGES {
        demo.open(path).await?;
        found.extend(check(&demo.browser, &axe, path).await?);
    }
    demo.sign_in("Admin", "/overview").await?;
    for path in PAGES {
        demo.open(path).await?;
        for dark in [false, true] {
            demo.browser.theme(dark).await?;
            let at = format!("{path} ({})", if dark { "dark" } else { "light" });
            found.extend(check(&demo.browser, &axe, &at).await?);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    demo.browser.close().await
}

/// What axe-core calls serious or critical on the page that is open.
async fn check(browser: &Browser, axe: &str, at: &str) -> Result<Vec<String>> {
    if browser.script("return typeof window.axe", vec![]).await? != "object" {
        browser.script(axe, vec![]).await?;
    }
    // Every `details` opened, so that what it hides is looked at, too.
    browser.script("document.querySelectorAll('main details').forEach(one => { one.open = true; })", vec![]).await?;
    browser.script("window.axeResult = null; axe.run().then(result => { window.axeResult = result; })", vec![]).await?;
    let result = browser.until("axe-core", "return window.axeResult").await?;
    let none = Vec::new();
    let violations = result["violations"].as_array().unwrap_or(&none);
    let serious = violations.iter().filter(|one| one["impact"] == "serious" || one["impact"] == "critical");
    Ok(serious.map(|one| format!("{at}: {} – {} {}", one["id"], one["help"], places(one))).collect())
}

fn places(violation: &Value) -> Value {
    let nodes = violation["nodes"].as_array().into_iter().flatten();
    json!(nodes.take(3).map(|node| node["html"].clone()).collect::<Vec<_>>())
}
