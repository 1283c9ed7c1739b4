//! A person signs in to the demo, sees the stock and signs out: the whole stack, with a browser's cookies and nothing
//! else.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use leitwarte_tests::stack::{Options, Stack};
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

/// What a browser keeps between two requests.
struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Result<Self> {
        Ok(Self { http: Client::builder().redirect(Policy::none()).build()?, cookies: BTreeMap::new() })
    }

    fn line(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn take(&mut self, response: &Response) {
        for line in response.headers().get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok()) {
            if let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) {
                if line.contains("Max-Age=0") {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }

    async fn get(&mut self, address: &str) -> Result<Response> {
        let response = self.http.get(address).header(COOKIE, self.line()).send().await?;
        self.take(&response);
        Ok(response)
    }
}

fn location(response: &Response) -> Result<String> {
    let location = response.headers().get(LOCATION).with_context(|| format!("no redirect: {response:?}"))?;
    Ok(location.to_str()?.to_owned())
}

/// Signs in as one of the demo's people; the address one is sent to at the end.
async fn sign_in(stack: &Stack, browser: &mut Browser, person: &str) -> Result<String> {
    let page = location(&browser.get(&stack.url("/certificates")).await?)?;
    let microsoft = location(&browser.get(&stack.url(&page)).await?)?;
    let form = reqwest::get(&microsoft).await?.text().await?;
    let named = format!("<b>{person}</b>");
    let before = form.split(&named).next().context("the person is offered")?;
    let id = before.rsplit("value=\"").next().and_then(|rest| rest.split('"').next()).context("their id")?;
    let mut fields: Vec<(String, String)> = Url::parse(&microsoft)?.query_pairs().into_owned().collect();
    fields.push(("person".to_owned(), id.to_owned()));
    let action = microsoft.split('?').next().context("an address")?;
    let back = location(&browser.http.post(action).form(&fields).send().await?)?;
    anyhow::ensure!(back.starts_with(&stack.url("/api/v1/auth/callback?")), "{back}");
    location(&browser.get(&back).await?)
}

#[tokio::test]
async fn a_demo_person_signs_in_sees_the_stock_and_signs_out() -> Result<()> {
    let stack = Stack::start_in(Stack::folder()?, Options { args: vec!["--demo".to_owned()], env: vec![] }).await?;
    let mut browser = Browser::new()?;
    assert_eq!(sign_in(&stack, &mut browser, "Demo Read").await?, "/certificates");
    let page = browser.get(&stack.url("/certificates")).await?;
    assert_eq!(page.status(), 200);
    let html = page.text().await?;
    assert!(html.contains("Demo Read"), "{html}");
    assert_eq!(browser.get(&stack.url("/api/v1/licenses/status")).await?.status(), 200);

    let token = html.split("name=\"csrf-token\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
    let token = token.context("the page knows the token")?.to_owned();
    let old = browser.line();
    let logout = |origin: String| {
        let request = browser.http.post(stack.url("/api/v1/auth/logout")).header(COOKIE, browser.line());
        request.header(ORIGIN, origin).form(&[("csrf", token.as_str())])
    };
    assert_eq!(logout("https://evil.example".to_owned()).send().await?.status(), 403);
    let answer = logout(stack.url("")).send().await?;
    assert_eq!(answer.status(), 200);
    let refresh = answer.headers().get("refresh").context("it goes on to Microsoft")?.to_str()?.to_owned();
    assert!(refresh.contains("/oauth2/v2.0/logout?"), "{refresh}");
    browser.take(&answer);
    assert_eq!(browser.line(), "");
    let with_old_cookie = browser.http.get(stack.url("/api/v1/licenses/status")).header(COOKIE, old).send().await?;
    assert_eq!(with_old_cookie.status(), 401);

    let home = refresh.split_once("url=").context("an address")?.1;
    assert_eq!(location(&browser.http.get(home).send().await?)?, stack.url("/"));

    let problem = sign_in(&stack, &mut browser, "Demo Guest").await?;
    let page = browser.http.get(stack.url(&problem)).header("accept-language", "de").send().await?;
    assert_eq!(page.status(), 200);
    assert!(page.text().await?.contains("Gastkonten"));
    Ok(())
}
