//! Who is asking: by token, by session, or nobody.

use std::collections::{BTreeSet, HashMap};

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::{HeaderName, HeaderValue, Method};
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_web::access::{Access, Denied, KnownSession, Sessions, SessionsUnavailable};
use leitwarte_web::bearer::Bearer;
use leitwarte_web::permission::{Permission, Principal, Role, SessionInfo, Via, Who};
use leitwarte_web::session::SessionId;
use leitwarte_web::testing::{Authority, KEY, sign, with};
use serde_json::json;

const HERE: &str = "http://localhost:8080";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn session_of(byte: u8) -> SessionId {
    SessionId::new([byte; 32])
}

/// Sessions that are alive, by the hash of their id; `None`: they cannot be looked up.
struct Known(Option<HashMap<String, KnownSession>>);

impl Sessions for Known {
    async fn find(&self, id_hash: &str, _now: DateTime<Utc>) -> Result<Option<KnownSession>, SessionsUnavailable> {
        self.0.as_ref().map(|known| known.get(id_hash).cloned()).ok_or(SessionsUnavailable)
    }
}

struct World {
    access: Access<Known>,
    authority: Authority,
    _folder: tempfile::TempDir,
}

impl World {
    /// One person, who may manage, is signed in with the session 1.
    async fn new() -> Self {
        let who = Who {
            person: Some(7),
            tenant_id: Uuid::from_u128(1),
            object_id: Some(Uuid::from_u128(2)),
            name: "Ada Muster".to_owned(),
        };
        let session = KnownSession { who, roles: BTreeSet::from([Role::Manage]) };
        Self::with(Known(Some(HashMap::from([(session_of(1).hash(), session)])))).await
    }

    async fn with(sessions: Known) -> Self {
        let authority = Authority::start().await;
        let folder = tempfile::tempdir().unwrap();
        authority.write_profile(folder.path());
        let hosts = leitwarte_core::hosts::AllowedHosts::parse(&authority.extra_hosts()).unwrap();
        let bearer = Bearer::new(folder.path(), hosts).unwrap();
        Self { access: Access::new(bearer, sessions, HERE), authority, _folder: folder }
    }

    async fn ask(&self, method: Method, address: &str, headers: &[(&str, &str)]) -> Result<Principal, String> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let mut request = ApiGatewayV2httpRequest::default();
        request.raw_path = Some(path.to_owned());
        request.raw_query_string = Some(query.to_owned());
        request.request_context.http.method = method;
        for (name, value) in headers {
            request.headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        match self.access.authorise(&request, Permission::Manage, now()).await {
            Ok(principal) => Ok(principal),
            Err(Denied::Problem(problem)) => Err(problem.kind().type_uri().trim_start_matches("/problems/").to_owned()),
            Err(Denied::SignIn(address)) => Err(address),
        }
    }

    async fn get(&self, address: &str, headers: &[(&str, &str)]) -> Result<Principal, String> {
        self.ask(Method::GET, address, headers).await
    }
}

fn cookie(byte: u8) -> String {
    format!("leitwarte={}", session_of(byte).cookie_value())
}

const API: &str = "/api/v1/incidents";

#[tokio::test]
async fn a_session_says_who_is_asking() {
    let world = World::new().await;
    let principal = world.get(API, &[("cookie", &cookie(1))]).await.unwrap();
    assert_eq!((principal.who.person, principal.who.name.as_str()), (Some(7), "Ada Muster"));
    assert_eq!(principal.roles, BTreeSet::from([Role::Manage]));
    assert_eq!(principal.via, Via::Session(SessionInfo { csrf: session_of(1).csrf_token() }));
}

#[tokio::test]
async fn a_token_counts_before_a_cookie_and_a_bad_one_is_not_made_up_for() {
    let world = World::new().await;
    let token = sign(&with(world.authority.person(now()), &json!({ "roles": ["Admin"] })), &KEY);
    let bearer = format!("Bearer {token}");
    let both = [("cookie", cookie(1)), ("authorization", bearer)];
    let both: Vec<_> = both.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(world.get(API, &both).await.unwrap().via, Via::Bearer);
    let bad = [("cookie", &*cookie(1)), ("authorization", "Bearer x.y.z")];
    assert_eq!(world.get(API, &bad).await, Err("invalid-token".into()));
}

#[tokio::test]
async fn a01_a_cookie_that_was_made_up_is_no_session() {
    let world = World::new().await;
    for value in ["", "x", "admin", &session_of(2).cookie_value(), &session_of(1).hash(), &session_of(1).csrf_token()] {
        let answer = world.get(API, &[("cookie", &format!("leitwarte={value}"))]).await;
        let expected = if value.is_empty() { "missing-token" } else { "session-ended" };
        assert_eq!(answer, Err(expected.into()), "{value}");
    }
    // The name counts that belongs to this installation, and one cookie of that name.
    for line in [cookie(1).replace("leitwarte", "__Host-leitwarte"), format!("{}; {}", cookie(1), cookie(2))] {
        assert_eq!(world.get(API, &[("cookie", &line)]).await, Err("missing-token".into()), "{line}");
    }
}

#[tokio::test]
async fn a_browser_without_a_session_is_led_to_sign_in_and_back_to_its_page() {
    let world = World::new().await;
    let address = "/api/v1/auth/login?return=%2Flicences%3Ffilter%3DE3";
    assert_eq!(world.get("/licences?filter=E3", &[]).await, Err(address.into()));
    assert_eq!(world.get("/licences?filter=E3", &[("cookie", &cookie(2))]).await, Err(address.into()), "it is over");
    assert_eq!(world.get(API, &[]).await, Err("missing-token".into()));
    assert_eq!(world.ask(Method::POST, "/licences", &[]).await, Err("missing-token".into()), "no form is carried over");
    assert_eq!(world.get("/licences", &[("authorization", "Bearer x")]).await, Err("invalid-token".into()));
}

#[tokio::test]
async fn what_changes_something_needs_our_origin_and_the_token() {
    let world = World::new().await;
    let (cookie, token) = (cookie(1), session_of(1).csrf_token());
    let other_token = session_of(2).csrf_token();
    let good = [("cookie", &*cookie), ("origin", HERE), ("x-csrf-token", &*token)];
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert!(world.ask(method.clone(), API, &good).await.is_ok());
        for (index, bad) in [
            vec![("cookie", &*cookie)],
            vec![("cookie", &*cookie), ("origin", HERE)],
            vec![("cookie", &*cookie), ("x-csrf-token", &*token)],
            vec![("cookie", &*cookie), ("origin", HERE), ("x-csrf-token", &*other_token)],
            vec![("cookie", &*cookie), ("origin", "https://evil.example"), ("x-csrf-token", &*token)],
            vec![("cookie", &*cookie), ("origin", HERE), ("sec-fetch-site", "cross-site"), ("x-csrf-token", &*token)],
        ]
        .iter()
        .enumerate()
        {
            assert_eq!(world.ask(method.clone(), API, bad).await, Err("cross-site".into()), "{method} {index}");
        }
    }
}

#[tokio::test]
async fn a_program_with_a_token_needs_no_csrf_token() {
    let world = World::new().await;
    let claims = with(world.authority.program(now()), &json!({ "roles": ["Licences.Manage"] }));
    let bearer = format!("Bearer {}", sign(&claims, &KEY));
    let principal = world.ask(Method::POST, API, &[("authorization", &bearer)]).await.unwrap();
    assert_eq!(principal.via, Via::Bearer);
}

#[tokio::test]
async fn sessions_that_cannot_be_looked_up_are_a_problem_of_ours() {
    let world = World::with(Known(None)).await;
    for address in [API, "/overview"] {
        assert_eq!(world.get(address, &[("cookie", &cookie(1))]).await, Err("store-unavailable".into()));
    }
}
