//! Teams, through the address of a workflow ("Post to a channel when a webhook request is received").

use std::path::Path;
use std::time::Duration;

use leitwarte_core::hosts::AllowedHosts;
use leitwarte_core::notifications::Teams;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;

use crate::channel::{Outgoing, SendError};
use crate::secret;

/// One message takes no longer.
const LONGEST: Duration = Duration::from_secs(30);
/// Where Microsoft runs workflows.
/// Source: Microsoft Learn, "Create incoming webhooks with Workflows for Microsoft Teams".
const WORKFLOW_HOSTS: [&str; 2] = [".logic.azure.com", ".api.powerplatform.com"];

/// Posts one card.
///
/// # Errors
/// It was not posted, or nobody knows.
pub async fn send(
    channel: &Teams,
    profiles_dir: &Path,
    http: &reqwest::Client,
    hosts: &AllowedHosts,
    outgoing: &Outgoing,
) -> Result<(), SendError> {
    let address = secret::read(&channel.webhook_file, "webhook_file", profiles_dir)?;
    let url = allowed(address.expose_secret(), hosts)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let sent = http.post(url).timeout(LONGEST).json(&post(outgoing)).send().await;
    let answer = sent.map_err(|error| {
        // The address is the permission: it must not be in a log line.
        let error = error.without_url();
        let problem = format!("{host} did not answer: {error}");
        if error.is_connect() { SendError::NotSent(problem) } else { SendError::Unknown(problem) }
    })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let what = match status.as_u16() {
        401 | 403 | 404 => {
            "the workflow is gone or its address is old; make a new one in Teams and put its address into the file"
        }
        429 => "too many messages at once",
        400 => "the workflow does not take a card; make it from the template that posts a card",
        _ => "look at the workflow's run history",
    };
    Err(SendError::NotSent(format!("{host} answered {status}: {what}")))
}

fn allowed(address: &str, hosts: &AllowedHosts) -> Result<Url, SendError> {
    let not_one = || {
        SendError::NotSent(
            "the file named by webhook_file does not hold the https address of a Teams workflow \
             (…logic.azure.com or …api.powerplatform.com)"
                .to_owned(),
        )
    };
    let url = Url::parse(address).map_err(|_| not_one())?;
    if hosts.check(address).is_ok() {
        return Ok(url);
    }
    let host = url.host_str().unwrap_or_default();
    let known = WORKFLOW_HOSTS.iter().any(|end| host.ends_with(end));
    // 443 is what it is without a port; older workflows have `:443` in their address.
    let secure = url.scheme() == "https" && url.port_or_known_default() == Some(443);
    let anonymous = url.username().is_empty() && url.password().is_none();
    if known && secure && anonymous { Ok(url) } else { Err(not_one()) }
}

/// The request's body. Source: Microsoft Learn, as above: a message with one Adaptive Card.
fn post(outgoing: &Outgoing) -> Value {
    json!({
        "type": "message",
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "content": card(outgoing) }]
    })
}

/// An Adaptive Card. Plain text everywhere: what Markdown would make of a name is escaped.
fn card(outgoing: &Outgoing) -> Value {
    let text = &outgoing.text;
    let facts: Vec<Value> =
        text.facts.iter().map(|(name, value)| json!({ "title": name, "value": plain(value) })).collect();
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": text.subject,
        "body": [
            { "type": "TextBlock", "text": plain(&text.headline), "weight": "Bolder", "size": "Medium", "wrap": true },
            { "type": "FactSet", "facts": facts },
            { "type": "TextBlock", "text": plain(&text.advice), "wrap": true }
        ]
    })
}

/// Text that stays what it is where Markdown is understood.
fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, c| {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '<' | '>' | '~' | '|') {
            plain.push('\\');
        }
        plain.push(c);
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_workflows_of_microsoft_get_anything() {
        let hosts = AllowedHosts::parse("127.0.0.1:8443").unwrap();
        for good in [
            "https://prod-01.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=y",
            "https://default.0.environment.api.powerplatform.com/powerautomate/x?sig=y",
            "http://127.0.0.1:8443/hook",
        ] {
            assert!(allowed(good, &hosts).is_ok(), "{good}");
        }
        for bad in [
            "http://prod-01.westeurope.logic.azure.com/x",
            "https://prod-01.westeurope.logic.azure.com:8443/x",
            "https://logic.azure.com.contoso.example/x",
            "https://evil.example/?.logic.azure.com",
            "https://user:word@prod-01.westeurope.logic.azure.com/x",
            "not an address",
        ] {
            assert!(allowed(bad, &hosts).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_does_nothing_in_a_card() {
        assert_eq!(plain("[a](http://b) **c** <at>d</at>"), r"\[a\]\(http://b\) \*\*c\*\* \<at\>d\</at\>");
    }
}
