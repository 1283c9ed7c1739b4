//! A real Chromium without a window, driven through `WebDriver` by `chromedriver`.
//!
//! It remembers what pages must not do: load from another host, break their content security policy, write errors into
//! the console. [`Browser::faults`] tells.

pub mod demo;

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longest wait for something to appear on a page.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the browser looks at pages.
#[derive(Debug, Clone, Copy)]
pub struct Looks {
    /// Preferred language, such as `de-CH`.
    pub language: &'static str,
    /// Whether the system is set to dark.
    pub dark: bool,
    /// Width of the window in CSS pixels.
    pub width: u32,
}

impl Looks {
    /// A desk with a light English system.
    pub const DESK: Self = Self { language: "en-GB", dark: false, width: 1280 };
}

/// A running browser; ended when dropped.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    http: reqwest::Client,
    /// Address of the session's own commands.
    session: String,
    width: u32,
    _profile: tempfile::TempDir,
    _driver: Child,
}

impl Browser {
    /// Starts a browser with an empty profile.
    ///
    /// # Errors
    /// If `chromedriver` or `chromium` is missing (`scripts/setup test` installs them) or does not start.
    pub async fn start(looks: Looks) -> Result<Self> {
        Self::start_with(looks, false).await
    }

    /// The same for the demo in containers, whose certificate is of its own making: people agree to it once.
    ///
    /// # Errors
    /// Those of [`Self::start`].
    pub async fn start_trusting(looks: Looks) -> Result<Self> {
        Self::start_with(looks, true).await
    }

    async fn start_with(looks: Looks, trusting: bool) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start chromedriver; `scripts/setup test` installs it")?;
        let port = port_of(&mut driver).await?;
        let base = format!("http://127.0.0.1:{port}");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities(looks, trusting, profile.path())).connect(&base).await?;
        let id = client.session_id().await?.context("a session without an id")?;
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let session = format!("{base}/session/{id}");
        let browser = Self { client, http, session, width: looks.width, _profile: profile, _driver: driver };
        browser.height(900).await?;
        browser.theme(looks.dark).await?;
        Ok(browser)
    }

    /// Goes to an address and waits until it is loaded.
    ///
    /// # Errors
    /// If nothing answers there.
    pub async fn open(&self, address: &str) -> Result<()> {
        Ok(self.client.goto(address).await?)
    }

    /// The address shown now.
    ///
    /// # Errors
    /// If the browser does not answer, here and below.
    pub async fn address(&self) -> Result<String> {
        Ok(self.client.current_url().await?.to_string())
    }

    /// Waits for an element.
    ///
    /// # Errors
    /// If none appears in time; the error tells the address and the page's text.
    pub async fn find(&self, css: &str) -> Result<Element> {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await {
            Ok(element) => Ok(element),
            Err(error) => {
                let text = self.text("body").await.unwrap_or_default();
                anyhow::bail!("no `{css}` at {}: {error}; the page says: {text}", self.address().await?)
            }
        }
    }

    /// Every element there is now.
    ///
    /// # Errors
    /// See [`Self::address`].
    pub async fn all(&self, css: &str) -> Result<Vec<Element>> {
        Ok(self.client.find_all(Locator::Css(css)).await?)
    }

    /// Waits for an element and clicks it.
    ///
    /// # Errors
    /// If none appears, or it cannot be clicked.
    pub async fn click(&self, css: &str) -> Result<()> {
        self.find(css).await?.click().await.with_context(|| format!("cannot click `{css}`"))
    }

    /// Replaces what a field says.
    ///
    /// # Errors
    /// If there is no such field.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// The visible text of the first such element there is now.
    ///
    /// # Errors
    /// If there is none.
    pub async fn text(&self, css: &str) -> Result<String> {
        Ok(self.client.find(Locator::Css(css)).await?.text().await?)
    }

    /// Agrees to the question that the page is about to ask.
    ///
    /// # Errors
    /// If it asks none in time.
    pub async fn agree(&self) -> Result<()> {
        let end = tokio::time::Instant::now() + PATIENCE;
        while self.client.get_alert_text().await.is_err() {
            anyhow::ensure!(tokio::time::Instant::now() < end, "the page asks no question");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(self.client.accept_alert().await?)
    }

    /// Forgets every cookie, as a browser does that nobody has used yet.
    ///
    /// # Errors
    /// See [`Self::address`].
    pub async fn forget(&self) -> Result<()> {
        self.devtools("Network.clearBrowserCookies", json!({})).await?;
        Ok(())
    }

    /// Runs a script in the page and returns what it returns.
    ///
    /// # Errors
    /// If the script throws.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// Waits until a script returns something that is not `null`, `false` or empty.
    ///
    /// # Errors
    /// If it does not in time, or throws.
    pub async fn until(&self, what: &str, script: &str) -> Result<Value> {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            // A page that is being left cannot run a script; the next one can.
            let value = self.client.execute(script, vec![]).await.unwrap_or(Value::Null);
            if !matches!(&value, Value::Null | Value::Bool(false)) && value != json!("") {
                return Ok(value);
            }
            if tokio::time::Instant::now() > end {
                let text = self.text("body").await.unwrap_or_default();
                anyhow::bail!("waited in vain for {what} at {}; the page says: {text}", self.address().await?);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Switches the system's theme.
    ///
    /// # Errors
    /// See [`Self::address`].
    pub async fn theme(&self, dark: bool) -> Result<()> {
        let value = if dark { "dark" } else { "light" };
        // Without motion: a colour that is still on its way to the other theme is nobody's to judge.
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": value },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", features).await?;
        Ok(())
    }

    async fn height(&self, height: u64) -> Result<()> {
        let phone = self.width < 600;
        let metrics = json!({ "width": self.width, "height": height, "deviceScaleFactor": 1, "mobile": phone });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
        Ok(())
    }

    /// A picture of the whole page as PNG.
    ///
    /// # Errors
    /// See [`Self::address`].
    pub async fn picture(&self) -> Result<Vec<u8>> {
        let height = self.script("return document.documentElement.scrollHeight", vec![]).await?;
        self.height(height.as_u64().unwrap_or(900).clamp(600, 6000)).await?;
        let picture = self.client.screenshot().await?;
        self.height(900).await?;
        Ok(picture)
    }

    /// A cookie's value as the browser keeps it, with its attributes; `None` where there is none.
    ///
    /// # Errors
    /// See [`Self::address`].
    pub async fn cookie(&self, name: &str) -> Result<Option<Value>> {
        let cookies = self.devtools("Network.getAllCookies", json!({})).await?;
        let found = cookies["cookies"].as_array().into_iter().flatten().find(|cookie| cookie["name"] == name);
        Ok(found.cloned())
    }

    /// What pages did since the last call that they must not: requests to hosts beside `allowed`, breaches of the
    /// content security policy, errors in the console. Requests that the page expects to be refused are the caller's to
    /// leave out.
    ///
    /// # Errors
    /// See [`Self::address`].
    pub async fn faults(&self, allowed: &[&str]) -> Result<Vec<String>> {
        let mut faults = BTreeSet::new();
        for entry in self.log("performance").await? {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default())?;
            let message = &message["message"];
            if message["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = message["params"]["request"]["url"].as_str().unwrap_or_default();
            // What the browser asks itself, such as its own empty page, has other schemes.
            let rest = ["http://", "https://", "ws://", "wss://"].iter().find_map(|scheme| url.strip_prefix(scheme));
            let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
            if let Some(host) = host.filter(|host| !allowed.contains(host)) {
                faults.insert(format!("request to another host: {host}"));
            }
        }
        for entry in self.log("browser").await? {
            if entry["level"] == "SEVERE" {
                faults.insert(format!("console: {}", entry["message"].as_str().unwrap_or_default()));
            }
        }
        Ok(faults.into_iter().collect())
    }

    async fn log(&self, kind: &str) -> Result<Vec<Value>> {
        let answer = self.http.post(format!("{}/se/log", self.session)).json(&json!({ "type": kind })).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        Ok(answer["value"].as_array().cloned().unwrap_or_default())
    }

    /// A command of the browser's developer tools.
    ///
    /// # Errors
    /// If the browser refuses it.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let body = json!({ "cmd": command, "params": parameters });
        let answer = self.http.post(format!("{}/goog/cdp/execute", self.session)).json(&body).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        Ok(answer["value"].clone())
    }

    /// Ends the browser.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}

/// Chromedriver tells its port in a line: `ChromeDriver was started successfully on port 41234.`
async fn port_of(driver: &mut Child) -> Result<u16> {
    let stdout = driver.stdout.take().context("no stdout")?;
    let mut lines = BufReader::new(stdout).lines();
    let port = async {
        while let Some(line) = lines.next_line().await? {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                return Ok(port.trim_end_matches('.').parse()?);
            }
        }
        anyhow::bail!("chromedriver ended without telling its port")
    };
    let port = tokio::time::timeout(PATIENCE, port).await.context("chromedriver does not start")??;
    // It stops when nobody reads what it prints.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(port)
}

fn capabilities(looks: Looks, trusting: bool, profile: &std::path::Path) -> Capabilities {
    let arguments = [
        "--headless=new".to_owned(),
        // As root there is no sandbox; what is looked at is our own.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-default-apps".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-quic".to_owned(),
        "--no-proxy-server".to_owned(),
        format!("--accept-lang={}", looks.language),
        format!("--user-data-dir={}", profile.display()),
    ];
    let capabilities = json!({
        "browserName": "chrome",
        "acceptInsecureCerts": trusting,
        "goog:chromeOptions": {
            "args": arguments,
            "prefs": { "intl.accept_languages": looks.language },
        },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    capabilities.as_object().cloned().unwrap_or_default()
}
