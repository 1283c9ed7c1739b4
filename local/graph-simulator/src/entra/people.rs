//! The people who can sign in, and the application they sign in to.

use std::sync::Arc;

use leitwarte_core::Uuid;
use serde_json::{Value, json};

use crate::certificate::RegisteredCertificate;
use crate::entra::api_token::DemoRole;

/// Path at which Leitwarte takes people back.
const CALLBACK: &str = "/api/v1/auth/callback";

/// The sign-in half of the app registration of our API.
#[derive(Debug, Clone, Default)]
pub struct SignInConfig {
    /// Addresses that people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Certificates that may sign for it.
    pub certificates: Vec<Arc<RegisteredCertificate>>,
    /// A client secret, if it has one.
    pub secret: Option<String>,
    /// Who can sign in.
    pub people: Vec<DemoPerson>,
}

impl SignInConfig {
    /// The demo's people, and a Leitwarte that signs with `certificate`.
    #[must_use]
    pub fn demo(certificate: Arc<RegisteredCertificate>) -> Self {
        Self { certificates: vec![certificate], people: DemoPerson::all(), ..Self::default() }
    }

    /// The same for a Leitwarte that is reached at `public_url`, too.
    #[must_use]
    pub fn reached_at(mut self, public_url: &str) -> Self {
        let url = public_url.trim_end_matches('/');
        self.redirect_uris.extend([format!("{url}{CALLBACK}"), format!("{url}/")]);
        self
    }
}

/// Where a person's account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// In the support company's tenant.
    Member,
    /// In another tenant, and invited into the support company's.
    Guest,
    /// In another tenant.
    Foreign,
}

/// A made-up person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoPerson {
    /// Display name.
    pub name: String,
    /// Sign-in name.
    pub user_name: String,
    /// Object id in the tenant.
    pub object_id: Uuid,
    /// App roles.
    pub roles: Vec<String>,
    /// Where the account is.
    pub account: AccountKind,
}

/// The tenant that the guest comes from.
const ELSEWHERE: &str = "c0c05a5e-1111-4a6b-8d21-3f0b7c9e1a01";

/// People with a role of the shipped table: its value in Entra.
const IN_THE_ASSOCIATION: [(&str, &str); 6] = [
    ("Demo Finance", "vorstand_finanzen"),
    ("Demo Internal", "vorstand_intern"),
    ("Demo External", "vorstand_extern"),
    ("Demo Head", "ressortleiter"),
    ("Demo Member", "mitglied"),
    ("Demo Candidate", "anwaerter"),
];

impl DemoPerson {
    /// The demo's people: one of each right, some with a role of the association, a guest, and one of another tenant.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let member = |role: DemoRole| Self {
            name: role.person(),
            user_name: role.user_name(),
            object_id: role.object_id(),
            roles: role.claim().iter().map(ToString::to_string).collect(),
            account: AccountKind::Member,
        };
        let other = |name: &str, user_name: &str, id: u128, account| Self {
            name: name.to_owned(),
            user_name: user_name.to_owned(),
            object_id: Uuid::from_u128(0x2d1c_6f0e_55a1_4c7b_9e20_0000_0000_0000 + id),
            roles: vec!["Admin".to_owned()],
            account,
        };
        let mut people: Vec<Self> = DemoRole::ALL.into_iter().map(member).collect();
        for (place, (name, value)) in (32_u128..).zip(IN_THE_ASSOCIATION) {
            let account = AccountKind::Member;
            let user_name = format!("{}@adatum.example", name.to_lowercase().replace(' ', "."));
            people.push(Self { roles: vec![value.to_owned()], ..other(name, &user_name, place, account) });
        }
        people.push(other("Demo Guest", "demo.guest@contoso.example", 16, AccountKind::Guest));
        people.push(other("Demo Foreign", "demo.foreign@contoso.example", 17, AccountKind::Foreign));
        people
    }

    /// What the person may do, for the sign-in page.
    pub(crate) fn description(&self) -> String {
        match (self.account, self.roles.as_slice()) {
            (AccountKind::Guest, _) => "a guest of this organisation".to_owned(),
            (AccountKind::Foreign, _) => "of another organisation".to_owned(),
            (AccountKind::Member, []) => "no app role".to_owned(),
            (AccountKind::Member, roles) => roles.join(", "),
        }
    }

    /// The claims of an ID token that are about the person.
    pub(crate) fn claims(&self, subject: &str) -> Value {
        let mut claims = json!({
            "name": self.name,
            "oid": self.object_id,
            "preferred_username": self.user_name,
            "sub": subject,
        });
        if !self.roles.is_empty() {
            claims["roles"] = json!(self.roles);
        }
        if self.account == AccountKind::Guest {
            claims["idp"] = json!(format!("https://sts.windows.net/{ELSEWHERE}/"));
        }
        claims
    }
}
