//! Several requests in one: `POST /v1.0/$batch`.
//!
//! At most 20 at a time; the answers come in any order and the outer 200 says nothing about them.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::{GraphClient, Repeat, Session};
use crate::error::{BadAnswer, GraphError, Peer, identifier};
use crate::transport::bad;

/// Requests in one batch, as many as Graph takes.
pub const MOST: usize = 20;

/// One request in a batch.
#[derive(Debug, Clone)]
pub(crate) struct BatchRequest {
    method: &'static str,
    /// Below `/v1.0`.
    path: String,
    if_match: Option<String>,
    body: Option<Value>,
}

/// Its answer.
#[derive(Debug, Clone)]
pub(crate) struct BatchAnswer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    headers: HashMap<String, Value>,
}

#[derive(Deserialize)]
struct Answers {
    responses: Vec<WireAnswer>,
}

#[derive(Deserialize)]
struct WireAnswer {
    id: String,
    status: u16,
    #[serde(default)]
    headers: HashMap<String, Value>,
    #[serde(default)]
    body: Value,
}

impl BatchRequest {
    pub(crate) fn get(path: String) -> Self {
        Self { method: "GET", path, if_match: None, body: None }
    }

    pub(crate) fn write(method: &'static str, path: String, if_match: Option<String>, body: Value) -> Self {
        Self { method, path, if_match, body: Some(body) }
    }

    fn to_json(&self, id: usize) -> Value {
        let mut request = json!({ "id": id.to_string(), "method": self.method, "url": self.path });
        let mut headers = serde_json::Map::new();
        if let Some(body) = &self.body {
            headers.insert("Content-Type".to_owned(), json!("application/json"));
            request["body"] = body.clone();
        }
        if let Some(etag) = &self.if_match {
            headers.insert("If-Match".to_owned(), json!(etag));
        }
        if !headers.is_empty() {
            request["headers"] = Value::Object(headers);
        }
        request
    }
}

impl BatchAnswer {
    /// The pause that an inner 429 or 503 asks for; half a minute if it does not say.
    pub(crate) fn asked_pause(&self) -> Duration {
        let seconds = |name: &str| {
            let value = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
            value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
        };
        Duration::from_secs(seconds("Retry-After").max(seconds("RateLimit-Reset")).unwrap_or(30))
    }

    /// Graph's word for what went wrong.
    pub(crate) fn code_word(&self) -> Option<String> {
        identifier(self.body["error"]["code"].as_str()?)
    }

    /// What an answer that is no success means for the whole.
    pub(crate) fn error(&self, peer: &Peer, permission: &'static str) -> GraphError {
        let (peer, code_word) = (peer.clone(), self.code_word());
        match self.status {
            401 => GraphError::Unauthorized { peer, code_word },
            403 => GraphError::Forbidden { peer, permission, code_word },
            429 => GraphError::Throttled { peer, wait: self.asked_pause() },
            status @ 500.. => GraphError::Unavailable { peer, problem: format!("HTTP {status}"), attempts: 1 },
            status => GraphError::Refused { peer, status, code_word },
        }
    }
}

impl GraphClient {
    /// Sends at most [`MOST`] requests in one and returns their answers in the requests' order.
    pub(crate) async fn batch(
        &self,
        session: &mut Session<'_>,
        repeat: Repeat,
        requests: Vec<BatchRequest>,
    ) -> Result<Vec<BatchAnswer>, GraphError> {
        let address = format!("{}/v1.0/$batch", session.app.graph_endpoint);
        let (url, peer) = self.allowed(&address)?;
        let inner: Vec<Value> = requests.iter().enumerate().map(|(id, request)| request.to_json(id)).collect();
        let body = json!({ "requests": inner });
        let answers: Answers = self.post(session, (&url, &peer), repeat, &body).await?;
        let mut found: HashMap<String, WireAnswer> =
            answers.responses.into_iter().map(|answer| (answer.id.clone(), answer)).collect();
        let in_order = (0..requests.len()).map(|id| {
            let WireAnswer { status, headers, body, .. } =
                found.remove(&id.to_string()).ok_or_else(|| bad(&peer, BadAnswer::Broken))?;
            Ok(BatchAnswer { status, body, headers })
        });
        in_order.collect()
    }
}

/// The bodies of answers that all have to be successes.
pub(crate) fn read_all<T: DeserializeOwned>(
    peer: &Peer,
    permission: &'static str,
    answers: Vec<BatchAnswer>,
) -> Result<Vec<T>, GraphError> {
    let read = |answer: BatchAnswer| {
        if answer.status != 200 {
            return Err(answer.error(peer, permission));
        }
        serde_json::from_value(answer.body).map_err(|_| bad(peer, BadAnswer::Form { line: 1, column: 1 }))
    };
    answers.into_iter().map(read).collect()
}
