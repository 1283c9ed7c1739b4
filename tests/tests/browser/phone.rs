//! The pages on a phone.

use anyhow::Result;
use leitwarte_tests::browser::Looks;

use leitwarte_tests::browser::demo::{Demo, PAGES};

#[tokio::test]
async fn no_page_scrolls_sideways_on_a_phone() -> Result<()> {
    let demo = Demo::start(Looks { language: "de-CH", dark: true, width: 320 }).await?;
    demo.sign_in("Admin", "/overview").await?;
    let mut wide = Vec::new();
    for path in PAGES {
        demo.open(path).await?;
        let width = demo.browser.script("return document.documentElement.scrollWidth", vec![]).await?;
        if width.as_u64().unwrap_or(u64::MAX) > 320 {
            wide.push(format!("{path}: {width} px"));
        }
    }
    assert!(wide.is_empty(), "wider than the phone's 320 px: {wide:#?}");
    demo.assert_no_faults("the phone").await?;
    demo.browser.close().await
}
