//! The addresses of pages in the system before: they lead to where the pages are now.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::Answer;
use leitwarte_web::pages::address;

/// Leads to a page and takes the query along.
pub(crate) fn answer(path: &str, request: &ApiGatewayV2httpRequest) -> Answer {
    Answer::see_other(&address(path, request.raw_query_string.as_deref().unwrap_or_default()))
}
