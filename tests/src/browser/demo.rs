//! The demo with its own browser, and signing in as one of its people.

use std::time::Duration;

use super::{Browser, Looks};
use crate::stack::{Options, Stack};
use crate::wait;
use anyhow::{Context, Result};

/// Pages for people who are not signed in.
pub const PUBLIC_PAGES: [&str; 2] = ["/", "/sign-in-problem?reason=guest"];

/// Every page that somebody who is signed in can open.
pub const PAGES: [&str; 12] = [
    "/overview",
    "/licences",
    "/tenants",
    "/tenants/northwind",
    "/incidents",
    "/incidents/1",
    "/monitoring",
    "/certificates",
    "/roles",
    "/settings",
    "/audit",
    "/help",
];

/// The demo and a browser that looks at it.
#[derive(Debug)]
pub struct Demo {
    /// The running stack.
    pub stack: Stack,
    /// The browser.
    pub browser: Browser,
    /// `host:port` of the stand-in for Microsoft.
    simulator: String,
}

/// On the stand-in's sign-in page: chooses the person whose name ends in `role`.
///
/// # Errors
/// If there is no such page or person, or the browser does not answer.
pub async fn choose(browser: &Browser, role: &str) -> Result<()> {
    browser.find("form button[name=person]").await?;
    let buttons = browser.all("form button[name=person]").await?;
    for button in buttons {
        if button.text().await?.lines().next().is_some_and(|name| name.ends_with(role)) {
            button.click().await?;
            return Ok(());
        }
    }
    anyhow::bail!("nobody on the sign-in page is called {role}")
}

impl Demo {
    /// The demo after its first poll, and a browser that has not been there yet.
    ///
    /// # Errors
    /// If the demo or the browser does not do as it should; the error says what.
    pub async fn start(looks: Looks) -> Result<Self> {
        let options = Options { args: vec!["--demo".to_owned()], ..Options::default() };
        let stack = Stack::start_in(Stack::folder()?, options).await?;
        let simulator = std::fs::read_to_string(stack.path().join("data/demo/simulator.addr"))?.trim().to_owned();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        let token = http.get(format!("http://{simulator}/demo/token")).send().await?.text().await?;
        // Pages can be looked at before the first poll; what is tested here is the working day after it.
        wait::until("the first incident", Duration::from_mins(1), async || {
            let asked = http.get(stack.url("/api/v1/incidents")).bearer_auth(&token).send().await.ok()?;
            let incidents: Vec<serde_json::Value> = asked.error_for_status().ok()?.json().await.ok()?;
            (!incidents.is_empty()).then_some(())
        })
        .await;
        let browser = Browser::start(looks).await?;
        Ok(Self { stack, browser, simulator })
    }

    /// An address of the stand-in for Microsoft.
    #[must_use]
    pub fn simulator(&self, path: &str) -> String {
        format!("http://{}{path}", self.simulator)
    }

    /// Opens a page of ours.
    ///
    /// # Errors
    /// If the demo or the browser does not do as it should; the error says what.
    pub async fn open(&self, path: &str) -> Result<()> {
        self.browser.open(&self.stack.url(path)).await
    }

    /// On the stand-in's sign-in page: chooses the person whose name ends in `role`.
    ///
    /// # Errors
    /// If the demo or the browser does not do as it should; the error says what.
    pub async fn choose(&self, role: &str) -> Result<()> {
        choose(&self.browser, role).await
    }

    /// Signs in by way of a page, and waits until it is shown.
    ///
    /// # Errors
    /// If the demo or the browser does not do as it should; the error says what.
    pub async fn sign_in(&self, role: &str, path: &str) -> Result<()> {
        self.open(path).await?;
        self.choose(role).await?;
        let here = self.stack.url(path);
        let arrived =
            format!("return location.href === {} && document.readyState === 'complete'", serde_json::json!(here));
        self.browser.until(&format!("{path} after signing in"), &arrived).await?;
        Ok(())
    }

    /// The path and query shown now.
    ///
    /// # Errors
    /// If the demo or the browser does not do as it should; the error says what.
    pub async fn path(&self) -> Result<String> {
        let address = self.browser.address().await?;
        let (_, rest) = address.split_once("://").context("no address")?;
        Ok(rest.split_once('/').map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}")))
    }

    /// Fails if a page asked another host, broke its policy or wrote an error into the console.
    ///
    /// # Errors
    /// If the browser does not answer.
    ///
    /// # Panics
    /// If a page did; the message says what.
    pub async fn assert_no_faults(&self, at: &str) -> Result<()> {
        let gateway = self.stack.url("");
        let gateway = gateway.trim_start_matches("http://");
        let faults = self.browser.faults(&[gateway, &self.simulator]).await?;
        assert!(faults.is_empty(), "{at}: {faults:#?}");
        Ok(())
    }
}
