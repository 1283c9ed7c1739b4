//! The function `api-manage`: the few writes people make, in the pages or through the API.
//!
//! [`routes::ROUTES`] is everything it answers. Each endpoint is a file in `endpoints/`. What somebody changed stands in the
//! audit log if and only if it was changed: both are one transaction.

mod endpoints;
pub mod openapi;
pub mod routes;
mod store_problem;
mod tenant_list;

use std::path::PathBuf;

use anyhow::Context as _;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_graph::{AllowedHosts, GraphClient};
use leitwarte_runtime::Config;
use leitwarte_runtime::access::{StoredAccess, access};
use leitwarte_runtime::invoke::InvokeClient;
use leitwarte_store::{Actor, Store};
use leitwarte_web::access::Denied;
use leitwarte_web::http::Answer;
use leitwarte_web::permission::{Permission, Principal};
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::routes::{Match, find};

use crate::routes::ROUTES;

/// Connections to the database: one writes, the others look up sessions.
const CONNECTIONS: u32 = 4;

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    store: Store,
    access: StoredAccess,
    graph: GraphClient,
    functions: InvokeClient,
    profiles_dir: PathBuf,
    clock: fn() -> DateTime<Utc>,
}

impl Deps {
    /// Opens the database and prepares the clients.
    ///
    /// # Errors
    /// A setting that cannot be used, or a database that cannot be opened.
    pub async fn open(config: &Config, clock: fn() -> DateTime<Utc>, new_id: fn() -> Uuid) -> anyhow::Result<Self> {
        let store = leitwarte_store::Config {
            database_url: config.database_url.clone(),
            read_only: false,
            max_connections: CONNECTIONS,
        };
        let store = Store::open(&store).await.context("cannot open the database")?;
        let hosts = AllowedHosts::parse(&config.graph_extra_hosts)?;
        let graph = leitwarte_graph::Config::new(&config.profiles_dir, hosts, clock, new_id);
        Ok(Self {
            access: access(config, &store)?,
            store,
            graph: GraphClient::new(graph).context("cannot build the client of Microsoft Graph")?,
            functions: InvokeClient::new(config.invoke.clone()).context("cannot build the client of the Invoke API")?,
            profiles_dir: config.profiles_dir.clone(),
            clock,
        })
    }
}

/// Answers one request. Everything that can go wrong becomes a problem document.
pub async fn handle(deps: &Deps, request: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
    let answer = match respond(deps, &request).await {
        Ok(answer) => answer,
        Err(problem) => problem.into_answer(request.request_context.request_id.as_deref().unwrap_or_default()),
    };
    answer.into_lambda(&request.request_context.http.method)
}

async fn respond(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    let found = find(&ROUTES, request);
    // Whoever asks for what does not exist learns so only after having shown who asks.
    let permission = if let Match::Route(route, _) = &found { route.permission } else { Permission::Read };
    let mut caller = match deps.access.authorise(request, permission, (deps.clock)()).await {
        Ok(caller) => caller,
        Err(Denied::Problem(problem)) => return Err(problem),
        // No page is answered here.
        Err(Denied::SignIn(_)) => return Err(Problem::new(ProblemKind::MissingToken, "Sign in first.")),
    };
    match found {
        Match::Route(route, parameters) => {
            identify(deps, &mut caller).await?;
            endpoints::answer(deps, route, request, &parameters, &caller).await
        }
        Match::OtherMethod(allowed) => Err(Problem::method_not_allowed(allowed)),
        Match::Nothing => Err(Problem::new(ProblemKind::NotFound, "There is nothing at this address.")),
    }
}

/// Finds the person behind a bearer token, which names the account alone, so that what they do is known as theirs.
async fn identify(deps: &Deps, caller: &mut Principal) -> Result<(), Problem> {
    if let (None, Some(object_id)) = (caller.who.person, caller.who.object_id) {
        let found = deps.store.person_of_account(caller.who.tenant_id, object_id).await;
        caller.who.person = found.map_err(store_problem::store_problem)?.map(|person| person.number);
    }
    Ok(())
}

/// The caller as the audit log names it.
fn actor(caller: &Principal) -> Actor<'_> {
    Actor { person: caller.who.person, who: &caller.who.name }
}
