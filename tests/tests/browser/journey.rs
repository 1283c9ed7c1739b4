//! A technician's day: sign in by a deep link, look for a licence, poll, work on a shortage, switch a tenant, change the
//! language, sign out.

use anyhow::Result;
use leitwarte_tests::browser::Looks;

use leitwarte_tests::browser::demo::Demo;

#[tokio::test]
async fn a_technician_signs_in_finds_polls_acts_switches_and_signs_out() -> Result<()> {
    let demo = Demo::start(Looks::DESK).await?;
    let browser = &demo.browser;

    // The public page says nothing about customers.
    demo.open("/").await?;
    let text = browser.text("body").await?;
    for secret in ["Northwind", "northwind", "Contoso", "Business Premium"] {
        assert!(!text.contains(secret), "the main page says {secret}");
    }

    // A deep link survives signing in.
    demo.sign_in("Manage", "/licences?q=premium").await?;
    demo.assert_no_faults("signing in").await?;
    let found = browser.text("table.licences tbody").await?;
    assert!(found.contains("Business Premium") && !found.contains("Exchange Online"), "{found}");

    // Searching is saved in the address.
    browser.fill("#search", "exchange").await?;
    browser.click("form[role=search] button[type=submit]").await?;
    browser.until("the search in the address", "return location.search.includes('q=exchange')").await?;
    browser
        .until(
            "only what was searched for",
            "const rows = [...document.querySelectorAll('table.licences tbody tr')]; \
             return rows.length > 0 && rows.every(row => /exchange/i.test(row.textContent))",
        )
        .await?;

    // Poll now, with progress and an end.
    demo.open("/tenants/northwind").await?;
    browser.click("button[data-polls]").await?;
    browser
        .until(
            "the end of the poll",
            "const done = document.querySelector('button[data-polls]').dataset.done; \
             return document.querySelector('#toasts').textContent.includes(done)",
        )
        .await?;
    demo.assert_no_faults("the poll").await?;

    // A shortage: seen, ordered.
    demo.open("/incidents").await?;
    browser.click("table tbody th a").await?;
    browser.click("button[data-action=acknowledge]").await?;
    browser.until("the acknowledgement", "return !document.querySelector('button[data-action=acknowledge]')").await?;
    browser.click("button[data-opens=order]").await?;
    browser.fill("#quantity", "10").await?;
    browser.click("#order button[value=save]").await?;
    browser.until("the order in the history", "return document.querySelectorAll('.timeline li').length >= 3").await?;
    assert!(browser.text(".timeline").await?.contains("Demo Manage"), "the history says who");
    demo.assert_no_faults("the incident").await?;

    // A monitoring switch.
    demo.open("/monitoring").await?;
    browser.click("tr[data-tenant=northwind] [data-unlocks]").await?;
    browser.script("document.getElementById('monitoring-northwind').click()", vec![]).await?;
    browser.until("the switch to be saved", "return document.querySelector('#toasts').textContent !== ''").await?;
    demo.open("/monitoring").await?;
    let on = browser.script("return document.getElementById('monitoring-northwind').checked", vec![]).await?;
    assert_eq!(on, false, "the switch is off after loading the page anew");
    assert!(browser.text("tr[data-tenant=northwind]").await?.contains("Demo Manage"), "the row says who switched it");
    demo.assert_no_faults("the switch").await?;

    // German, until it is changed again.
    browser.click("details.menu summary").await?;
    browser.click("details.menu a[hreflang=de]").await?;
    browser.until("German", "return document.documentElement.lang === 'de'").await?;
    demo.open("/licences").await?;
    assert_eq!(browser.script("return document.documentElement.lang", vec![]).await?, "de");
    assert!(browser.text("main").await?.contains("Verfügbar"));

    // Signing out ends the session: the old cookie opens nothing.
    let cookie = browser.cookie("leitwarte").await?.expect("a session's cookie");
    assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&true.into(), &"Lax".into()));
    browser.click("details.menu summary").await?;
    browser.click("details.menu form button[type=submit]").await?;
    browser.until("the public page", "return location.pathname === '/'").await?;
    demo.assert_no_faults("signing out").await?;
    let old = format!("leitwarte={}", cookie["value"].as_str().unwrap_or_default());
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    let answer = http.get(demo.stack.url("/api/v1/incidents")).header("cookie", &old).send().await?;
    assert_eq!(answer.status(), 401);
    let page = http.get(demo.stack.url("/overview")).header("cookie", &old).send().await?;
    assert_eq!(page.status(), 303);
    demo.open("/overview").await?;
    demo.choose("Read").await?;
    browser.until("the page that was asked for", "return location.pathname === '/overview'").await?;
    demo.browser.close().await
}

#[tokio::test]
async fn whoever_may_not_come_in_is_told_why() -> Result<()> {
    let demo = Demo::start(Looks::DESK).await?;
    for (person, reason) in [("Guest", "guest"), ("cancel", "")] {
        demo.open("/overview").await?;
        if person == "cancel" {
            demo.browser.click("button[value=cancel]").await?;
        } else {
            demo.choose(person).await?;
        }
        demo.browser.until("the explanation", "return location.pathname === '/sign-in-problem'").await?;
        let path = demo.path().await?;
        assert!(path.contains(reason), "{path}");
        assert!(demo.browser.text("main").await?.len() > 60, "it explains itself");
        demo.assert_no_faults(person).await?;
    }
    // Somebody who may only look is offered nothing to change.
    demo.sign_in("Read", "/incidents/1").await?;
    assert!(demo.browser.all("button[data-action], button[data-opens]").await?.is_empty());
    demo.open("/monitoring").await?;
    assert!(demo.browser.all("[data-unlocks]").await?.is_empty());
    demo.assert_no_faults("looking").await?;
    demo.browser.close().await
}
