//! `make screenshots`: every page of the demo, in both themes, on a desk and on a phone, as PNG files in
//! `target/screenshots`. For people to look at; no test compares them.

use anyhow::Result;
use leitwarte_tests::browser::Looks;
use leitwarte_tests::browser::demo::{Demo, PAGES, PUBLIC_PAGES};
use leitwarte_tests::stack::repository;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = repository().join("target/screenshots");
    std::fs::create_dir_all(&folder)?;
    for (device, language, width) in [("desk", "en-GB", 1280), ("phone", "de-CH", 390)] {
        let demo = Demo::start(Looks { language, dark: false, width }).await?;
        for path in PUBLIC_PAGES {
            demo.open(path).await?;
            both_themes(&demo, &folder, device, path).await?;
        }
        demo.sign_in("Admin", "/overview").await?;
        for path in PAGES {
            demo.open(path).await?;
            both_themes(&demo, &folder, device, path).await?;
        }
        demo.browser.close().await?;
    }
    println!("{}", folder.display());
    Ok(())
}

async fn both_themes(demo: &Demo, folder: &std::path::Path, device: &str, path: &str) -> Result<()> {
    let name = path.split('?').next().unwrap_or_default().trim_matches('/').replace('/', "-");
    let name = if name.is_empty() { "main" } else { &name };
    for (theme, dark) in [("light", false), ("dark", true)] {
        demo.browser.theme(dark).await?;
        std::fs::write(folder.join(format!("{name}-{device}-{theme}.png")), demo.browser.picture().await?)?;
    }
    Ok(())
}
