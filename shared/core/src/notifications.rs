//! Whom to tell, and by which way: `config-profiles/notifications/notifications.json`.

use std::collections::BTreeSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::message::words::Language;
use crate::profile::{ProfileError, TenantProfile};

/// The file below the profiles' folder.
pub const FILE: &str = "notifications/notifications.json";
/// More channels than anybody reads.
const MOST_CHANNELS: usize = 16;
/// More recipients than belong into a profile; a distribution list is for more.
const MOST_RECIPIENTS: usize = 50;

/// The profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// The language of the messages.
    #[serde(default)]
    pub language: Language,
    /// From how many messages at once on they become one.
    #[serde(default = "four")]
    pub digest_from: usize,
    /// The ways; each gets every message.
    pub channels: Vec<Channel>,
}

fn four() -> usize {
    4
}

/// One way to people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Channel {
    /// Mail through a server of the company or of its provider.
    Smtp(Smtp),
    /// Mail through Microsoft Graph, from a mailbox of the company's own tenant.
    Graph(GraphMail),
    /// A channel or chat of Teams, through the address that its workflow "Post to a channel when a webhook request is
    /// received" has.
    Teams(Teams),
}

/// Mail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// What the channel is called, in the log and in the database.
    pub name: String,
    /// The server's name.
    pub host: String,
    /// Its port; without it, the usual one of the protection.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// Certificate of the authority that signed the server's, where that is a private one.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// Whom to sign in as; without it nobody.
    #[serde(default)]
    pub user: Option<String>,
    /// The file with the password; owner-only.
    #[serde(default)]
    pub password_file: Option<String>,
    /// Who the mail is from.
    pub sender: String,
    /// Who gets it.
    pub recipients: Vec<String>,
}

/// Mail through Microsoft Graph. The application needs the permission `Mail.Send`, which an administrator can restrict to
/// this mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphMail {
    /// What the channel is called, in the log and in the database.
    pub name: String,
    /// The app registration in the company's own tenant: the same keys as in a tenant's profile.
    #[serde(deserialize_with = "app")]
    pub app: Box<TenantProfile>,
    /// The mailbox it is from.
    pub sender: String,
    /// Who gets it.
    pub recipients: Vec<String>,
}

fn app<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<TenantProfile>, D::Error> {
    let keys = serde_json::Value::deserialize(deserializer)?;
    TenantProfile::parse(&keys.to_string())
        .map(Box::new)
        .map_err(|error| D::Error::custom(format!("in `app`: {error}")))
}

/// A Teams workflow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    /// What the channel is called, in the log and in the database.
    pub name: String,
    /// The file with the workflow's address; owner-only, because the address is the permission.
    pub webhook_file: String,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS, begun with STARTTLS, or no mail. Usually port 587.
    #[default]
    Starttls,
    /// TLS from the first byte. Usually port 465.
    Tls,
    /// None: only for a server of one's own network, and only without a password.
    None,
}

impl Channel {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Smtp(smtp) => &smtp.name,
            Self::Graph(mail) => &mail.name,
            Self::Teams(teams) => &teams.name,
        }
    }
}

/// Nobody is told.
impl Default for Notifications {
    fn default() -> Self {
        Self { language: Language::default(), digest_from: four(), channels: Vec::new() }
    }
}

impl Notifications {
    /// Reads and checks the profile.
    ///
    /// # Errors
    /// The first thing wrong, with the field's name.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let profile: Self = serde_json::from_str(json).map_err(|error| ProfileError::Json(error.to_string()))?;
        if !(2..=100).contains(&profile.digest_from) {
            return wrong("digest_from", "has to be 2 to 100 messages");
        }
        if profile.channels.len() > MOST_CHANNELS {
            return wrong("channels", "has more than 16 entries");
        }
        let mut names = BTreeSet::new();
        for channel in &profile.channels {
            let name = channel.name();
            if name.is_empty() || name.len() > 64 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
                return wrong("name", "of a channel has to be 1 to 64 letters, digits or signs without blanks");
            }
            if !names.insert(name) {
                return Err(field("name", format!("`{name}` is that of two channels; each needs one of its own")));
            }
            match channel {
                Channel::Smtp(smtp) => smtp.check()?,
                Channel::Graph(mail) => check_addresses(&mail.sender, &mail.recipients)?,
                Channel::Teams(_) => {}
            }
        }
        Ok(profile)
    }
}

impl Smtp {
    /// The port that is used.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.security == Security::Tls { 465 } else { 587 })
    }

    fn check(&self) -> Result<(), ProfileError> {
        if self.host.trim().is_empty() || self.host.contains([':', '/', ' ']) {
            return wrong("host", "has to be the bare name of the mail server; the port has a field of its own");
        }
        if self.port == Some(0) {
            return wrong("port", "has to be 1 to 65535");
        }
        check_addresses(&self.sender, &self.recipients)?;
        match (&self.user, &self.password_file) {
            (Some(_), Some(_)) if self.security == Security::None => {
                wrong("security", "is `none`, which would send the password in clear; use `starttls`")
            }
            (Some(_), None) => wrong("password_file", "is missing beside `user`"),
            (None, Some(_)) => wrong("user", "is missing beside `password_file`"),
            _ => Ok(()),
        }
    }
}

fn check_addresses(sender: &str, recipients: &[String]) -> Result<(), ProfileError> {
    if recipients.is_empty() || recipients.len() > MOST_RECIPIENTS {
        return wrong("recipients", "has to hold 1 to 50 addresses");
    }
    let recipients = recipients.iter().map(|address| ("recipients", address.as_str()));
    for (name, address) in [("sender", sender)].into_iter().chain(recipients) {
        if !is_address(address) {
            return Err(field(name, format!("`{}` is no mail address", address.escape_debug())));
        }
    }
    Ok(())
}

/// Whether a text is `somebody@somewhere`, with nothing in it that could end a line of a mail's head.
fn is_address(address: &str) -> bool {
    let harmless = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | ',' | ';' | '"');
    address.len() <= 254
        && address.chars().all(harmless)
        && address.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !local.contains('@') && !domain.starts_with('.')
        })
}

fn field(field: &'static str, problem: String) -> ProfileError {
    ProfileError::Field { field, problem }
}

fn wrong<T>(name: &'static str, problem: &str) -> Result<T, ProfileError> {
    Err(field(name, problem.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn smtp() -> Value {
        json!({ "type": "smtp", "name": "mail", "host": "mail.contoso.example", "sender": "leitwarte@contoso.example",
                "recipients": ["support@contoso.example"], "user": "leitwarte", "password_file": "secrets/smtp" })
    }

    fn with(changes: &Value) -> Result<Notifications, ProfileError> {
        let mut channel = smtp();
        for (name, value) in changes.as_object().unwrap() {
            channel[name] = value.clone();
        }
        Notifications::parse(&json!({ "channels": [channel] }).to_string())
    }

    #[test]
    fn a_profile_says_how_people_are_told() {
        let teams = json!({ "type": "teams", "name": "teams", "webhook_file": "secrets/teams" });
        let json = json!({ "language": "en", "digest_from": 3, "channels": [smtp(), teams] });
        let profile = Notifications::parse(&json.to_string()).unwrap();
        assert_eq!((profile.language, profile.digest_from), (Language::En, 3));
        assert_eq!(profile.channels.iter().map(Channel::name).collect::<Vec<_>>(), ["mail", "teams"]);
        let Channel::Smtp(mail) = &profile.channels[0] else { panic!("{profile:?}") };
        assert_eq!((mail.port(), mail.security), (587, Security::Starttls));
    }

    #[test]
    fn the_port_follows_the_protection_unless_it_is_given() {
        for (changes, port) in [
            (json!({ "security": "tls" }), 465),
            (json!({ "security": "starttls" }), 587),
            (json!({ "security": "tls", "port": 4650 }), 4650),
        ] {
            let Channel::Smtp(mail) = with(&changes).unwrap().channels.remove(0) else { panic!("{changes}") };
            assert_eq!(mail.port(), port, "{changes}");
        }
    }

    #[test]
    fn mail_through_graph_needs_an_app_and_addresses() {
        let app = json!({
            "tenant_id": "8d0b3f43-9c6c-4b2c-b3c2-8a9b6a3c0001", "tenant_name": "adatum",
            "client_id": "8d0b3f43-9c6c-4b2c-b3c2-8a9b6a3c0002", "cert_path": "certs/mail.pem", "expires": "2027-05-19",
            "thumbprint": "0123456789ABCDEF0123456789ABCDEF01234567"
        });
        let with = |app: Value, sender: &str| {
            let channel = json!({ "type": "graph", "name": "mail", "app": app, "sender": sender,
                                  "recipients": ["support@contoso.example"] });
            Notifications::parse(&json!({ "channels": [channel] }).to_string())
        };
        let profile = with(app.clone(), "leitwarte@contoso.example").unwrap();
        let Channel::Graph(mail) = &profile.channels[0] else { panic!("{profile:?}") };
        assert_eq!((mail.app.tenant_name.as_str(), profile.channels[0].name()), ("adatum", "mail"));
        let error = with(app.clone(), "nobody").unwrap_err().to_string();
        assert!(error.contains("sender"), "{error}");
        let mut broken = app;
        broken["thumbprint"] = json!("12");
        let error = with(broken, "leitwarte@contoso.example").unwrap_err().to_string();
        assert!(error.contains("in `app`") && error.contains("thumbprint"), "{error}");
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        for (changes, name) in [
            (json!({ "recipients": [] }), "recipients"),
            (json!({ "recipients": ["support"] }), "recipients"),
            (json!({ "sender": "a@b.example\r\nBcc: c@d.example" }), "sender"),
            (json!({ "host": "mail.contoso.example:587" }), "host"),
            (json!({ "security": "none" }), "in clear"),
            (json!({ "user": null }), "user"),
            (json!({ "password_file": null }), "password_file"),
            (json!({ "passwort": "x" }), "passwort"),
            (json!({ "name": "two words" }), "name"),
            (json!({ "type": "fax" }), "fax"),
        ] {
            let error = with(&changes).unwrap_err().to_string();
            assert!(error.contains(name), "{changes}: {error}");
        }
        let twice = Notifications::parse(&json!({ "channels": [smtp(), smtp()] }).to_string()).unwrap_err();
        assert!(twice.to_string().contains("two channels"), "{twice}");
    }
}
