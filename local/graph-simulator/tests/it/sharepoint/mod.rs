//! SharePoint lists over HTTP, and the people and flows that share them.

mod batch;
mod columns;
mod control;
mod faults;
mod flows;
mod items;
mod permissions;
mod throttling;

use leitwarte_graph_simulator::{
    Fault, FaultKind, Operation, RequestReport, Settings, SiteConfig, SiteRole, SiteVisit,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rig::{CLIENT, CONTOSO, Rig};

/// Contoso's site with the three lists of the source, for the tenants A and B.
struct Lists {
    rig: Rig,
    token: String,
    /// Below the version.
    site: String,
}

impl Lists {
    async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    async fn start_with(settings: Settings) -> Self {
        let site = SiteConfig::licence_lists(CONTOSO, &["A", "B"]).grant(CLIENT, SiteRole::Write);
        let path = format!("/sites/{}", site.id());
        let rig = Rig::with_sites(settings, vec![site]).await;
        let token = rig.token(CONTOSO, CLIENT).await;
        Self { rig, token, site: path }
    }

    fn person(&self) -> SiteVisit<'_> {
        self.rig.simulator.site("sites/lizenzen").expect("the site")
    }

    /// Adds rows to the Lizenzstatusliste, as a person.
    fn fill(&self, rows: usize) {
        for number in 1..=rows {
            let row = json!({ "Lizenzname": format!("L{number}"), "tenant": "A", "Verfügbar": 10, "Frei": number });
            self.person().add_row("Lizenzstatusliste", &row).expect("it fits");
        }
    }

    async fn send(&self, method: Method, path: &str, if_match: Option<&str>, body: Option<&Value>) -> Response {
        let url = format!("{}/v1.0{path}", self.rig.simulator.base_url());
        let mut request = self.rig.http.request(method, url).bearer_auth(&self.token);
        if let Some(etag) = if_match {
            request = request.header("If-Match", etag);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.expect("an answer")
    }

    /// A good answer to a GET below the site.
    async fn get(&self, path: &str) -> Value {
        let response = self.send(Method::GET, &format!("{}{path}", self.site), None, None).await;
        let status = response.status();
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> Response {
        self.send(Method::POST, &format!("{}{path}", self.site), None, Some(&body)).await
    }

    async fn patch(&self, path: &str, if_match: Option<&str>, body: Value) -> Response {
        self.send(Method::PATCH, &format!("{}{path}", self.site), if_match, Some(&body)).await
    }

    /// The answers of a batch by id.
    async fn batch(&self, requests: Value) -> Response {
        self.send(Method::POST, "/$batch", None, Some(&json!({ "requests": requests }))).await
    }

    fn inject(&self, operation: Operation, kind: FaultKind, after: u32) {
        self.rig.simulator.inject(Fault::once("contoso", operation, kind).after(after)).expect("possible");
    }

    fn report(&self) -> RequestReport {
        self.rig.simulator.requests()
    }

    async fn sign_in_as(&mut self, client: Uuid) {
        self.token = self.rig.token(CONTOSO, client).await;
    }
}

async fn body(response: Response) -> Value {
    response.json().await.expect("JSON")
}
