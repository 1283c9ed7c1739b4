//! The four manual tests of the source of the role synchronisation, in a browser: what Entra (its stand-in), the database and
//! the page say before a change, after it, and after the next sign-in.

use std::time::Duration;

use anyhow::{Context, Result};
use leitwarte_graph_simulator::DemoPerson;
use leitwarte_graph_simulator::demo::{NEWCOMER, Setup};
use leitwarte_store::{Config, Store};
use leitwarte_tests::browser::Looks;
use leitwarte_tests::browser::demo::Demo;
use leitwarte_tests::wait;
use serde_json::{Value, json};

/// A desk with a light German system: the source's messages are German.
const GERMAN_DESK: Looks = Looks { language: "de-CH", ..Looks::DESK };

/// The demo's association: its board, a head of department, and who has never signed in.
struct Association {
    demo: Demo,
    http: reqwest::Client,
    store: Store,
    setup: Setup,
    /// Of an administrator.
    token: String,
}

impl Association {
    async fn start(looks: Looks) -> Result<Self> {
        let demo = Demo::start(looks).await?;
        let home = demo.stack.path().join("data/demo");
        let setup = serde_json::from_str(&std::fs::read_to_string(home.join("simulator.json"))?)?;
        let database_url = format!("sqlite://{}", home.join("leitwarte.db").display());
        let store = Store::open(&Config { database_url, read_only: true, max_connections: 1 }).await?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build()?;
        let token = http.get(demo.simulator("/demo/token?role=Admin")).send().await?.error_for_status()?.text().await?;
        Ok(Self { demo, http, store, setup, token })
    }

    /// Somebody opens the page of roles in a browser that nobody has used, and signs in.
    async fn come_in(&self, who: &str) -> Result<()> {
        self.demo.browser.forget().await?;
        self.demo.sign_in(who, "/roles").await
    }

    /// What the page calls the own role.
    async fn own_role(&self) -> Result<String> {
        self.demo.browser.text("[data-live=own-role] p.strong").await
    }

    /// Chooses a role, and who succeeds, on the page; agrees to the question.
    async fn choose(&self, role: &str, successor: Option<&str>) -> Result<()> {
        let form = format!("form[data-role={role}]");
        self.demo.browser.find(&form).await?;
        if let Some(successor) = successor {
            let script = "const select = document.querySelector(`${arguments[0]} select`); \
                          const option = [...select.options].find((one) => one.textContent === arguments[1]); \
                          if (option) select.value = option.value; \
                          return Boolean(option);";
            let found = self.demo.browser.script(script, vec![json!(form), json!(successor)]).await?;
            anyhow::ensure!(found == true, "{successor} is not offered as a successor");
        }
        self.demo.browser.click(&format!("{form} button[type=submit]")).await?;
        self.demo.browser.agree().await
    }

    /// Every change there has been, the newest first, as the API tells it.
    async fn changes(&self) -> Result<Vec<Value>> {
        let asked = self.http.get(self.demo.stack.url("/api/v1/roles")).bearer_auth(&self.token).send().await?;
        let roles: Value = asked.error_for_status()?.json().await?;
        Ok(roles["operations"].as_array().context("operations")?.clone())
    }

    /// Waits until a change has been asked for and none is under way; how the newest one ended.
    async fn ended(&self) -> String {
        wait::until("the end of the change of roles", Duration::from_mins(2), async || {
            let changes = self.changes().await.ok()?;
            let over = changes.iter().all(|one| !one["ended_at"].is_null());
            changes.first().filter(|_| over)?["phase"].as_str().map(str::to_owned)
        })
        .await
    }

    /// What somebody holds in Entra, and here: `mitglied/member`, with `<` and the limit if there is one.
    async fn sides(&self, who: &str) -> Result<String> {
        let name = format!("Demo {who}");
        let person = DemoPerson::all().into_iter().find(|one| one.name == name).with_context(|| name.clone())?;
        let path = format!("/simulator/roles/{}/{}", self.setup.api.client_id, person.object_id);
        let held: Vec<String> =
            self.http.get(self.demo.simulator(&path)).send().await?.error_for_status()?.json().await?;
        let people = self.store.role_people(self.setup.api.tenant_id).await?;
        let here = people.iter().find(|one| one.object_id == Some(person.object_id)).context(name)?;
        let limit = here.ceiling.as_deref().map(|ceiling| format!("<{ceiling}")).unwrap_or_default();
        Ok(format!("{}/{}{limit}", held.join("+"), here.role.as_deref().unwrap_or("-")))
    }

    /// Somebody signs in again: the role is the one expected, and neither side has changed.
    async fn still_holds(&self, who: &str, role: &str, sides: &str) -> Result<()> {
        self.come_in(who).await?;
        assert_eq!(self.own_role().await?, role, "{who} after the next sign-in");
        assert_eq!(self.sides(who).await?, sides, "{who} after the next sign-in");
        self.demo.assert_no_faults(&format!("the sign-in of {who}")).await
    }

    async fn close(self) -> Result<()> {
        self.store.close().await;
        self.demo.browser.close().await
    }
}

#[tokio::test]
async fn test_1_a_demotion_with_successor_changes_entra_and_the_database_and_the_next_sign_in_undoes_nothing()
-> Result<()> {
    let association = Association::start(Looks::DESK).await?;
    let demo = &association.demo;
    association.come_in("Head").await?;
    association.come_in("Finance").await?;
    assert_eq!(association.own_role().await?, "Board, finance");
    // By the table of roles the board may do everything here.
    demo.open("/audit").await?;
    assert!(demo.browser.all("main table").await?.len() == 1, "the board sees the audit log");
    demo.open("/roles").await?;
    let cookie = demo.browser.cookie("leitwarte").await?.context("a session's cookie")?;

    association.choose("member", Some("Demo Head")).await?;

    // The demotion takes effect at once, on this session as on every other one.
    demo.browser.find("form button[name=person]").await?;
    let old = format!("leitwarte={}", cookie["value"].as_str().unwrap_or_default());
    let answer = association.http.get(demo.stack.url("/api/v1/incidents")).header("cookie", old).send().await?;
    assert_eq!(answer.status(), 401, "the session from before is over");
    assert_eq!(association.ended().await, "done");
    assert_eq!(association.sides("Finance").await?, "mitglied/member");
    assert_eq!(association.sides("Head").await?, "vorstand_finanzen/board_finance");

    // The page that asked leads to sign-in and back; then both sign in again.
    demo.choose("Finance").await?;
    let arrived = "return location.pathname === '/roles' && document.readyState === 'complete'";
    demo.browser.until("the page after signing in again", arrived).await?;
    assert_eq!(association.own_role().await?, "Member");
    association.still_holds("Head", "Board, finance", "vorstand_finanzen/board_finance").await?;
    association.still_holds("Finance", "Member", "mitglied/member").await?;
    let history = demo.browser.text("[data-live=over]").await?;
    assert!(history.contains("Demo Head") && history.contains("done"), "{history}");
    association.close().await
}

#[tokio::test]
async fn test_2_from_one_office_of_the_board_to_another_without_a_successor() -> Result<()> {
    let association = Association::start(Looks::DESK).await?;
    association.come_in("Internal").await?;
    association.come_in("Finance").await?;

    association.choose("board_internal", None).await?;

    assert_eq!(association.ended().await, "done");
    assert_eq!(association.sides("Finance").await?, "vorstand_intern/board_internal");
    assert_eq!(association.sides("Internal").await?, "vorstand_finanzen/board_finance", "no office is vacant");
    // A page that was still open when its session ended may have been told so.
    association.demo.browser.open("about:blank").await?;
    association.demo.browser.faults(&[]).await?;
    association.still_holds("Finance", "Board, internal", "vorstand_intern/board_internal").await?;
    association.still_holds("Internal", "Board, finance", "vorstand_finanzen/board_finance").await?;
    association.close().await
}

#[tokio::test]
async fn test_3_a_missing_object_id_is_refused_with_the_hint_to_sign_in_again() -> Result<()> {
    let association = Association::start(GERMAN_DESK).await?;
    association.come_in("Finance").await?;

    association.choose("member", Some(NEWCOMER.name)).await?;

    let said = "return document.getElementById('toasts').textContent";
    let said = association.demo.browser.until("the refusal", said).await?;
    let source = "Azure-Synchronisierung nicht möglich: Fehlende Azure-Daten. Bitte melden Sie sich erneut an.";
    let said = said.as_str().unwrap_or_default();
    assert!(said.contains(source) && said.contains(NEWCOMER.name), "{said}");
    assert!(association.changes().await?.is_empty(), "nothing was accepted");
    assert_eq!(association.sides("Finance").await?, "vorstand_finanzen/board_finance");
    assert_eq!(association.own_role().await?, "Vorstand Finanzen");
    association.close().await
}

#[tokio::test]
async fn test_4_when_entra_refuses_the_credentials_there_is_a_message_and_nothing_is_changed() -> Result<()> {
    let association = Association::start(GERMAN_DESK).await?;
    let demo = &association.demo;
    association.come_in("Internal").await?;
    association.come_in("Finance").await?;
    // The token that `role-sync` may have is not good any more, and it gets no other one.
    let faults = [
        json!({ "tenant": "adatum", "operation": "service_principals", "kind": "unauthorized", "times": 1000 }),
        json!({ "tenant": "adatum", "operation": "token", "kind": "aadsts", "code": 700_027, "times": 1000 }),
    ];
    for fault in &faults {
        association.http.post(demo.simulator("/simulator/faults")).json(fault).send().await?.error_for_status()?;
    }

    association.choose("board_internal", None).await?;

    assert_eq!(association.ended().await, "aborted");
    assert_eq!(association.sides("Finance").await?, "vorstand_finanzen/board_finance");
    assert_eq!(association.sides("Internal").await?, "vorstand_intern/board_internal");
    demo.open("/roles").await?;
    let history = demo.browser.text("[data-live=over]").await?;
    assert!(history.contains("Fehler bei der Azure-Synchronisierung: "), "{history}");
    assert!(history.contains("AADSTS700027") && history.contains("alles wie zuvor"), "{history}");
    assert_eq!(association.own_role().await?, "Vorstand Finanzen");

    // With good credentials again the next sign-in finds everything as it was, and the change can be made.
    association.http.post(demo.simulator("/simulator/reset")).send().await?.error_for_status()?;
    association.still_holds("Finance", "Vorstand Finanzen", "vorstand_finanzen/board_finance").await?;
    association.choose("board_internal", None).await?;
    wait::until("the change that comes about", Duration::from_mins(2), async || {
        let changes = association.changes().await.ok()?;
        (changes.len() == 2 && changes[0]["phase"] == "done").then_some(())
    })
    .await;
    assert_eq!(association.sides("Finance").await?, "vorstand_intern/board_internal");
    association.close().await
}
