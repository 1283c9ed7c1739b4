//! The function `api-read`: pages and API that only read.
//!
//! [`routes::ROUTES`] is everything it answers. Each endpoint is a file in `endpoints/`.

mod board;
mod endpoints;
mod metrics;
pub mod openapi;
mod outlook_cache;
mod page_cache;
mod pages;
mod revision_cache;
pub mod routes;
mod status_cache;
mod status_table;
mod store_problem;

use anyhow::Context;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http::header::ACCEPT;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::{DateTime, Utc};
use leitwarte_runtime::Config;
use leitwarte_runtime::access::{StoredAccess, access};
use leitwarte_store::Store;
use leitwarte_web::access::Denied;
use leitwarte_web::http::Answer;
use leitwarte_web::pages::is_page;
use leitwarte_web::permission::Permission;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::routes::Match;
use leitwarte_web::viewer::Viewer;

use crate::board::Board;
use crate::outlook_cache::OutlookCache;
use crate::page_cache::PageCache;
use crate::pages::{Frame, ProblemPage, render};
use crate::revision_cache::RevisionCache;
use crate::routes::Endpoint;
use crate::status_table::StatusTable;

/// Connections to the database, each of which answers one request at a time.
const CONNECTIONS: u32 = 8;

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    store: Store,
    access: StoredAccess,
    polls: PollPolicy,
    profiles_dir: std::path::PathBuf,
    public_url: String,
    clock: fn() -> DateTime<Utc>,
    status: RevisionCache<StatusTable>,
    board: RevisionCache<Board>,
    outlooks: OutlookCache,
    kept: PageCache,
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
            profiles_dir: config.profiles_dir.clone(),
            public_url: config.public_url.clone(),
            clock,
            status: RevisionCache::default(),
            board: RevisionCache::default(),
            outlooks: OutlookCache::default(),
            kept: PageCache::default(),
        })
    }
}

/// Answers one request. Everything that can go wrong becomes a problem document, or a page about it where people look.
pub async fn handle(deps: &Deps, request: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
    let request_id = request.request_context.request_id.as_deref().unwrap_or_default();
    let found = routes::find(&request);
    let answer = match respond(deps, &request, &found).await {
        Ok(answer) => answer,
        Err((problem, frame)) if is_for_people(&found, &request) => problem_page(&frame, problem, request_id, &request),
        Err((problem, _)) => problem.into_answer(request_id),
    };
    answer.into_lambda(&request.request_context.http.method)
}

/// What went wrong, and the frame to show it in.
type Failure = (Problem, Box<Frame>);

async fn respond(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    found: &Match<'_, Endpoint>,
) -> Result<Answer, Failure> {
    // Whoever asks for what does not exist learns so only after showing who asks.
    let permission = if let Match::Route(route, _) = found { route.permission } else { Permission::Read };
    let viewer = if permission == Permission::Public {
        None
    } else {
        match deps.access.authorise(request, permission, (deps.clock)()).await {
            Ok(principal) => Some(Viewer::of(&principal)),
            Err(Denied::Problem(problem)) => {
                return Err((problem, Box::new(Frame::new(request, &deps.public_url, None))));
            }
            Err(Denied::SignIn(address)) => return Ok(Answer::see_other(&address)),
        }
    };
    let frame = Frame::new(request, &deps.public_url, viewer);
    let answered = match found {
        Match::Route(route, parameters) if route.endpoint.is_kept() => {
            let make = async |request: &_| endpoints::answer(deps, route, request, parameters, frame.clone()).await;
            deps.kept.page(deps, request, &frame, make).await
        }
        Match::Route(route, parameters) => endpoints::answer(deps, route, request, parameters, frame.clone()).await,
        Match::OtherMethod(allowed) => Err(Problem::method_not_allowed(allowed.clone())),
        Match::Nothing => Err(Problem::new(ProblemKind::NotFound, "There is nothing at this address.")),
    };
    answered.map_err(|problem| (problem, Box::new(frame)))
}

/// Whether a person waits for the answer and not a program: the route is a page's, or there is none and a browser asks.
fn is_for_people(found: &Match<'_, Endpoint>, request: &ApiGatewayV2httpRequest) -> bool {
    let path = request.raw_path.as_deref().unwrap_or("/");
    match found {
        Match::Route(route, _) => route.endpoint.is_page(),
        Match::OtherMethod(_) => is_page(path),
        Match::Nothing => {
            let accepted = request.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            !path.starts_with("/api/") && accepted.contains("text/html")
        }
    }
}

fn problem_page(frame: &Frame, problem: Problem, request_id: &str, request: &ApiGatewayV2httpRequest) -> Answer {
    let page = ProblemPage::new(frame, &problem, request_id);
    match render(&page, frame, problem.kind().status(), &request.headers) {
        // What a problem says in its headers holds for its page too: when to come again, which methods there are.
        Ok(page) => page.with_headers_of(problem.into_answer(request_id)),
        Err(problem) => problem.into_answer(request_id),
    }
}
