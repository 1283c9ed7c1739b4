//! The function `api-read`: pages and API that only read.
//!
//! [`routes::ROUTES`] is everything it answers. Each endpoint is a file in `endpoints/`.

mod endpoints;
mod metrics;
mod page;
pub mod routes;
mod status_cache;
mod status_table;
mod store_problem;

use anyhow::Context;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::{DateTime, Utc};
use leitwarte_runtime::Config;
use leitwarte_runtime::access::{StoredAccess, access};
use leitwarte_store::Store;
use leitwarte_web::access::Denied;
use leitwarte_web::http::Answer;
use leitwarte_web::permission::Permission;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::routes::{Match, find};

use crate::routes::ROUTES;
use crate::status_cache::StatusCache;

/// Connections to the database, each of which answers one request at a time.
const CONNECTIONS: u32 = 8;

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    store: Store,
    access: StoredAccess,
    polls: PollPolicy,
    public_url: String,
    clock: fn() -> DateTime<Utc>,
    status: StatusCache,
}

impl Deps {
    /// Opens the database for reading and prepares the check of callers.
    ///
    /// # Errors
    /// A setting that cannot be used, or a database that no waiting makes readable.
    pub async fn open(config: &Config, clock: fn() -> DateTime<Utc>) -> anyhow::Result<Self> {
        let store = leitwarte_store::Config {
            database_url: config.database_url.clone(),
            read_only: true,
            max_connections: CONNECTIONS,
        };
        let store = Store::open(&store).await.context("cannot open the database")?;
        Ok(Self {
            access: access(config, &store).context("cannot prepare the check of callers")?,
            store,
            polls: config.polls,
            public_url: config.public_url.clone(),
            clock,
            status: StatusCache::default(),
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
    // Whoever asks for what does not exist learns so only after showing who asks.
    let permission = if let Match::Route(route, _) = &found { route.permission } else { Permission::Read };
    if permission != Permission::Public {
        match deps.access.authorise(request, permission, (deps.clock)()).await {
            Ok(_principal) => {}
            Err(Denied::Problem(problem)) => return Err(problem),
            Err(Denied::SignIn(address)) => return Ok(Answer::see_other(&address)),
        }
    }
    match found {
        Match::Route(route, parameters) => endpoints::answer(deps, route, request, &parameters).await,
        Match::OtherMethod(allowed) => Err(Problem::method_not_allowed(allowed)),
        Match::Nothing => Err(Problem::new(ProblemKind::NotFound, "There is nothing at this address.")),
    }
}
