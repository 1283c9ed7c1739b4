use leitwarte_egress::{Allowed, Limits, serve};
use notify::Report;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::mail_server::{Behaviour, MailServer, PASSWORD, USER};
use crate::rig::{Rig, sent};

fn channel(port: u16) -> Value {
    json!({
        "type": "smtp", "name": "mail", "host": "localhost", "port": port, "ca_file": "ca.pem", "user": USER,
        "password_file": "password", "sender": "leitwarte@contoso.example", "recipients": ["support@contoso.example"]
    })
}

async fn with_server(behaviour: Behaviour) -> (Rig, MailServer) {
    let rig = Rig::new("").await;
    let server = MailServer::start(rig.folder.path(), behaviour).await;
    rig.secret("password", PASSWORD);
    rig.channels(&json!([channel(server.port)]));
    (rig, server)
}

#[tokio::test]
async fn a_shortage_is_mailed_once_and_again_after_stock_was_back() {
    let (rig, mut server) = with_server(Behaviour::default()).await;
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, sent(1, 1));
    let mail = server.mail().await;
    assert_eq!(mail["subject"], "Licences run out: PRODUCT_1 – Contoso AG (0 free)");
    assert_eq!(
        (&mail["from"], &mail["to"]),
        (&json!("leitwarte@contoso.example"), &json!(["support@contoso.example"]))
    );
    assert_eq!((&mail["encrypted"], &mail["signed_in"]), (&json!(true), &json!(true)));
    assert_eq!(mail["auto_submitted"], "auto-generated");
    assert!(mail["body"].as_str().unwrap().contains("Assigned: 10\r\n"), "{mail}");

    for _ in 0..3 {
        rig.poll(&[11]).await;
        assert_eq!(rig.notify().await, Report::default());
    }
    rig.poll(&[5]).await;
    rig.poll(&[12]).await;
    assert_eq!(rig.notify().await, sent(1, 1));
    assert_eq!(server.mail().await["subject"], "Licences run out: PRODUCT_1 – Contoso AG (2 over-assigned)");
    assert!(server.is_quiet().await);
}

#[tokio::test]
async fn many_shortages_at_once_are_one_mail() {
    let (rig, mut server) = with_server(Behaviour::default()).await;
    rig.poll(&[10; 30]).await;
    assert_eq!(rig.notify().await, sent(30, 30));
    let mail = server.mail().await;
    assert_eq!(mail["subject"], "30 messages of Leitwarte");
    assert!((1..=30).all(|id| mail["body"].as_str().unwrap().contains(&format!("PRODUCT_{id} "))), "{mail}");
    assert!(server.is_quiet().await);
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_sent_again_under_the_same_id() {
    let (rig, mut server) = with_server(Behaviour { loses_answers: 1, ..Behaviour::default() }).await;
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, Report { new: 1, later: 1, ..Report::default() });
    let first = server.mail().await;
    assert_eq!(rig.notify().await, Report::default(), "not at once");
    rig.wait(1);
    assert_eq!(rig.notify().await, sent(0, 1));
    assert_eq!(server.mail().await["message_id"], first["message_id"], "mail systems know it for the same mail");
}

#[tokio::test]
async fn while_the_server_is_away_messages_wait_and_then_come_as_one() {
    let rig = Rig::new("").await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    rig.secret("password", PASSWORD);
    rig.channels(&json!([channel(closed)]));
    rig.secret("ca.pem", "");
    rig.poll(&[10, 10, 10, 10]).await;
    assert_eq!(rig.notify().await, Report { new: 4, later: 4, ..Report::default() });
    rig.poll(&[10, 10, 10, 10, 10]).await;
    assert_eq!(rig.notify().await.later, 5);
    let mut server = MailServer::start(rig.folder.path(), Behaviour::default()).await;
    rig.channels(&json!([channel(server.port)]));
    rig.wait(60);
    assert_eq!(rig.notify().await, sent(0, 5));
    assert_eq!(server.mail().await["subject"], "5 messages of Leitwarte");
}

#[tokio::test]
async fn after_three_days_a_message_is_given_up_and_counted() {
    let rig = Rig::new("").await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    rig.secret("password", PASSWORD);
    rig.channels(&json!([channel(closed)]));
    rig.poll(&[10]).await;
    rig.notify().await;
    rig.wait(3 * 24 * 60);
    assert_eq!(rig.notify().await, Report { given_up: 1, ..Report::default() });
    let counts = rig.deps.store.outbox_counts().await.unwrap();
    assert_eq!((counts.waiting, counts.given_up), (0, 1));
}

#[tokio::test]
async fn one_bad_recipient_does_not_keep_the_others_from_their_mail() {
    let (rig, mut server) = with_server(Behaviour { refuses: "gone@contoso.example", ..Behaviour::default() }).await;
    let mut channel = channel(server.port);
    channel["recipients"] = json!(["gone@contoso.example", "support@contoso.example"]);
    rig.channels(&json!([channel]));
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, sent(1, 1));
    assert_eq!(server.mail().await["to"], json!(["support@contoso.example"]));
}

/// Why the last attempt failed, in the words the database keeps.
async fn problem(change: impl FnOnce(&mut Value), plain: bool) -> String {
    let (rig, mut server) =
        with_server(Behaviour { plain, refuses: "gone@contoso.example", ..Behaviour::default() }).await;
    let mut channel = channel(server.port);
    change(&mut channel);
    rig.channels(&json!([channel]));
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, Report { new: 1, later: 1, ..Report::default() });
    assert!(server.is_quiet().await, "no mail may leave");
    rig.deps.store.last_delivery_error("mail").await.unwrap().unwrap()
}

#[tokio::test]
async fn what_is_wrong_with_a_mail_channel_is_said_with_the_fix() {
    let untrusted = problem(|channel| channel["ca_file"] = Value::Null, false).await;
    assert!(untrusted.contains("TLS") && untrusted.contains("ca_file"), "{untrusted}");
    let without_tls = problem(|_| {}, true).await;
    assert!(without_tls.contains("STARTTLS"), "{without_tls}");
    let signed_in_as_nobody = problem(|channel| channel["user"] = json!("somebody"), false).await;
    assert!(signed_in_as_nobody.contains("sign-in"), "{signed_in_as_nobody}");
    let no_file = problem(|channel| channel["password_file"] = json!("nowhere"), false).await;
    assert!(no_file.contains("nowhere") && no_file.contains("password_file"), "{no_file}");
    let refused = problem(|channel| channel["recipients"] = json!(["gone@contoso.example"]), false).await;
    assert!(refused.contains("gone@contoso.example") && refused.contains("no such mailbox"), "{refused}");
}

#[tokio::test]
async fn an_internal_server_may_go_without_tls_and_sign_in() {
    let (rig, mut server) = with_server(Behaviour { plain: true, ..Behaviour::default() }).await;
    rig.channels(&json!([{
        "type": "smtp", "name": "mail", "host": "localhost", "port": server.port, "security": "none",
        "sender": "leitwarte@contoso.example", "recipients": ["support@contoso.example"]
    }]));
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, sent(1, 1));
    assert_eq!(server.mail().await["encrypted"], false);
}

#[tokio::test]
async fn mail_leaves_under_tls_from_the_first_byte_too() {
    let (mut rig, mut server) = with_server(Behaviour { implicit_tls: true, ..Behaviour::default() }).await;
    let mut channel = channel(server.port);
    channel["security"] = json!("tls");
    rig.channels(&json!([channel]));
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, sent(1, 1), "{:?}", rig.deps.store.last_delivery_error("mail").await);
    let mail = server.mail().await;
    assert_eq!((&mail["encrypted"], &mail["signed_in"]), (&json!(true), &json!(true)));

    // Through the proxy as well; in capitals the name is not taken for this machine itself.
    let (open, _open) = egress(&format!("localhost:{}", server.port)).await;
    rig.deps.proxy = Some(open);
    channel["host"] = json!("LOCALHOST");
    rig.channels(&json!([channel]));
    rig.poll(&[10, 10]).await;
    assert_eq!(rig.notify().await, sent(1, 1), "{:?}", rig.deps.store.last_delivery_error("mail").await);
    server.mail().await;
}

#[tokio::test]
async fn what_is_wrong_with_tls_from_the_first_byte_is_said_with_the_fix() {
    let with_starttls = problem(|channel| channel["security"] = json!("tls"), false).await;
    assert!(with_starttls.contains("starttls"), "{with_starttls}");
    let (rig, mut server) = with_server(Behaviour { implicit_tls: true, ..Behaviour::default() }).await;
    let mut channel = channel(server.port);
    channel["security"] = json!("tls");
    channel["ca_file"] = Value::Null;
    rig.channels(&json!([channel]));
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await.later, 1);
    let untrusted = rig.deps.store.last_delivery_error("mail").await.unwrap().unwrap();
    assert!(untrusted.contains("ca_file"), "{untrusted}");
    assert!(server.is_quiet().await, "no mail may leave");
}

/// The way out of the containers, letting one address through.
async fn egress(allow: &str) -> (url::Url, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, Allowed::parse(allow).unwrap(), Limits::default(), stop.clone()));
    (address, stop.drop_guard())
}

#[tokio::test]
async fn a_mail_leaves_a_container_through_the_proxy_if_that_lets_it() {
    let (mut rig, mut server) = with_server(Behaviour { plain: true, ..Behaviour::default() }).await;
    // In capitals the name is not taken for this machine itself, for which no proxy is asked.
    rig.channels(&json!([{
        "type": "smtp", "name": "mail", "host": "LOCALHOST", "port": server.port, "security": "none",
        "sender": "leitwarte@contoso.example", "recipients": ["support@contoso.example"]
    }]));
    let (closed, _closed) = egress("mail.contoso.example:587").await;
    rig.deps.proxy = Some(closed);
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, Report { new: 1, later: 1, ..Report::default() });
    let problem = rig.deps.store.last_delivery_error("mail").await.unwrap().unwrap();
    assert!(problem.contains("EGRESS_EXTRA"), "{problem}");

    let (open, _open) = egress(&format!("localhost:{}", server.port)).await;
    rig.deps.proxy = Some(open);
    rig.wait(1);
    let report = rig.notify().await;
    assert_eq!(report, sent(0, 1), "{:?}", rig.deps.store.last_delivery_error("mail").await);
    server.mail().await;
}

#[tokio::test]
async fn a_broken_profile_loses_nothing() {
    let (rig, mut server) = with_server(Behaviour::default()).await;
    rig.channels(&json!([{ "type": "fax" }]));
    rig.poll(&[10]).await;
    let error = rig.try_notify().await.unwrap_err().to_string();
    assert!(error.contains("notifications.json") && error.contains("fax"), "{error}");
    rig.channels(&json!([channel(server.port)]));
    assert_eq!(rig.notify().await, sent(1, 1));
    server.mail().await;
}

#[tokio::test]
async fn of_two_that_send_at_once_one_steps_back() {
    let (rig, mut server) = with_server(Behaviour::default()).await;
    rig.poll(&[10]).await;
    let (one, other) = tokio::join!(rig.notify(), rig.notify());
    assert_eq!([one.busy, other.busy].iter().filter(|busy| **busy).count(), 1);
    server.mail().await;
    assert!(server.is_quiet().await);
}
