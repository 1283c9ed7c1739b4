//! What Graph's `sendMail` takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leitwarte_graph_simulator::{SentMail, Settings};
use reqwest::Response;

use crate::rig::{CLIENT, CONTOSO, MAILER, Rig, graph_error};

async fn send(rig: &Rig, client: uuid::Uuid, kind: &str, body: String) -> Response {
    let url = format!("{}/v1.0/users/support@contoso.example/sendMail", rig.simulator.base_url());
    let token = rig.token(CONTOSO, client).await;
    rig.http.post(url).bearer_auth(token).header("content-type", kind).body(body).send().await.expect("an answer")
}

#[tokio::test]
async fn a_mail_in_mime_is_taken_and_kept() {
    let rig = Rig::start(Settings::default()).await;
    let mime = "Subject: hello\r\n\r\nGrüezi";
    let taken = send(&rig, MAILER, "text/plain", STANDARD.encode(mime)).await;
    assert_eq!(taken.status(), 202);
    assert_eq!(taken.text().await.expect("an answer"), "");
    let mail = SentMail { mailbox: "support@contoso.example".to_owned(), mime: mime.to_owned() };
    assert_eq!(rig.simulator.mails(), [mail]);
    rig.simulator.reset();
    assert_eq!(rig.simulator.mails(), []);
}

#[tokio::test]
async fn what_is_no_mail_or_not_permitted_is_refused() {
    let rig = Rig::start(Settings::default()).await;
    let broken = graph_error(send(&rig, MAILER, "text/plain", "no base64!".to_owned()).await).await;
    assert_eq!(broken, (400, "ErrorMimeContentInvalidBase64String".to_owned()));
    let refused = graph_error(send(&rig, CLIENT, "text/plain", STANDARD.encode("x")).await).await;
    assert_eq!(refused, (403, "Authorization_RequestDenied".to_owned()));
    assert_eq!(rig.simulator.mails(), []);
}
