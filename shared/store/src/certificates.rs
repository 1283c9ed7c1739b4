//! The certificates that profiles name, and telling people of their end.

use chrono::{DateTime, Utc};
use leitwarte_core::certificate::{at_least_as_urgent, days_left, reached};
use leitwarte_core::message::{Certificate, Message};
use leitwarte_database::{PATIENCE, within};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::outbox::{self, NewMessage};
use crate::rows::{get, optional_time, time, unreadable};
use crate::{Store, StoreError};

/// What a certificate signs in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateKind {
    /// For a customer's tenant.
    Tenant,
    /// For the support company's own SharePoint.
    SharePoint,
}

impl CertificateKind {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::SharePoint => "sharepoint",
        }
    }
}

/// A certificate as one look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateLook {
    /// What it is for.
    pub kind: CertificateKind,
    /// The profile's key.
    pub key: String,
    /// The name people know.
    pub owner: String,
    /// SHA-256 of the certificate, hexadecimal, and its end; `None` when it could not be read.
    pub certificate: Option<(String, DateTime<Utc>)>,
    /// Why it does not work, and what to do.
    pub problem: Option<(String, String)>,
    /// What is not quite right, but works.
    pub note: Option<String>,
    /// Whether people are told of its end: not of a profile that is switched off.
    pub told: bool,
}

/// A certificate as it was found at the last look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCertificate {
    /// What was found.
    pub look: CertificateLook,
    /// When.
    pub looked_at: DateTime<Utc>,
}

impl KnownCertificate {
    /// As the API shows it at `now`: one that could not be read has neither end nor days, and says why.
    #[must_use]
    pub fn to_json(&self, now: DateTime<Utc>) -> serde_json::Value {
        let look = &self.look;
        let ends_at = look.certificate.as_ref().map(|(_, ends_at)| *ends_at);
        serde_json::json!({
            "kind": look.kind.as_str(), "key": look.key, "owner": look.owner, "ends_at": ends_at,
            "days_left": ends_at.map(|ends_at| days_left(ends_at, now)),
            "sha256": look.certificate.as_ref().map(|(fingerprint, _)| fingerprint),
            "problem": look.problem.as_ref().map(|(problem, _)| problem),
            "fix": look.problem.as_ref().map(|(_, fix)| fix), "note": look.note, "looked_at": self.looked_at,
        })
    }
}

impl Store {
    /// Keeps what a look found, forgets profiles that are gone, and writes a message for each mark that a certificate has
    /// reached and that was not told before. Returns how many messages are new.
    ///
    /// # Errors
    /// Those of writing; nothing is kept and nobody is told then.
    pub async fn record_certificates(
        &self,
        looks: &[CertificateLook],
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        const OPERATION: &str = "recording certificates";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        sqlx::query("DELETE FROM certificates").execute(writing.connection()).await.map_err(&error)?;
        let mut new = 0;
        for look in looks {
            insert(writing.connection(), look, now).await.map_err(&error)?;
            new += usize::from(tell(writing.connection(), look, now).await.map_err(&error)?);
        }
        writing.revise();
        writing.commit().await?;
        Ok(new)
    }

    /// Every certificate as it was found at the last look: what does not work first, then what ends first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn certificates(&self) -> Result<Vec<KnownCertificate>, StoreError> {
        const OPERATION: &str = "reading the certificates";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(
            "SELECT kind, profile_key, owner, fingerprint, ends_at, problem, fix, note, looked_at FROM certificates \
             ORDER BY CASE WHEN problem IS NULL THEN 1 ELSE 0 END, ends_at, kind, profile_key",
        );
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        rows.iter().map(known).collect::<Result<_, _>>().map_err(error)
    }
}

async fn insert(connection: &mut AnyConnection, look: &CertificateLook, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let ends_at = look.certificate.as_ref().map(|(_, ends_at)| ends_at.timestamp_millis());
    sqlx::query(
        "INSERT INTO certificates (kind, profile_key, owner, fingerprint, ends_at, problem, fix, note, looked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(look.kind.as_str())
    .bind(&look.key)
    .bind(&look.owner)
    .bind(look.certificate.as_ref().map(|(fingerprint, _)| fingerprint))
    .bind(ends_at)
    .bind(look.problem.as_ref().map(|(problem, _)| problem))
    .bind(look.problem.as_ref().map(|(_, fix)| fix))
    .bind(&look.note)
    .bind(now.timestamp_millis())
    .execute(&mut *connection)
    .await?;
    if let (CertificateKind::Tenant, Some(ends_at)) = (look.kind, ends_at) {
        // The Tenantliste shows it even while no poll gets as far as the certificate.
        sqlx::query("UPDATE tenants SET certificate_ends_at = $2 WHERE tenant_key = $1")
            .bind(&look.key)
            .bind(ends_at)
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn tell(connection: &mut AnyConnection, look: &CertificateLook, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let Some((fingerprint, ends_at)) = look.certificate.as_ref().filter(|_| look.told) else { return Ok(false) };
    let left = days_left(*ends_at, now);
    let Some(mark) = reached(left) else { return Ok(false) };
    let subject = |mark| format!("certificate/{}/{}/{fingerprint}/{mark}", look.kind.as_str(), look.key);
    for urgent in at_least_as_urgent(mark) {
        if outbox::is_known(connection, &subject(urgent)).await? {
            return Ok(false);
        }
    }
    let message = Message::Certificate(Certificate {
        owner: look.owner.clone(),
        key: look.key.clone(),
        ends_on: ends_at.date_naive(),
        days_left: left,
    });
    let tenant = (look.kind == CertificateKind::Tenant).then_some(look.key.as_str());
    outbox::put(connection, &NewMessage { subject: subject(mark), tenant, incident: None, message: &message }, now)
        .await
}

fn known(row: &AnyRow) -> Result<KnownCertificate, sqlx::Error> {
    let kind = match get::<&str>(row, "kind")? {
        "tenant" => CertificateKind::Tenant,
        "sharepoint" => CertificateKind::SharePoint,
        _ => return Err(unreadable("kind", "a word this version knows")),
    };
    let fingerprint: Option<String> = get(row, "fingerprint")?;
    let problem: Option<String> = get(row, "problem")?;
    Ok(KnownCertificate {
        look: CertificateLook {
            kind,
            key: get(row, "profile_key")?,
            owner: get(row, "owner")?,
            certificate: fingerprint.zip(optional_time(row, "ends_at")?),
            problem: problem.map(|problem| Ok::<_, sqlx::Error>((problem, get(row, "fix")?))).transpose()?,
            note: get(row, "note")?,
            told: true,
        },
        looked_at: time(row, "looked_at")?,
    })
}
