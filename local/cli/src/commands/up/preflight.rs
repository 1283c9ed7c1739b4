//! Mistakes that no restart mends, found before anything is started.

use anyhow::{Context as _, anyhow, bail};
use leitwarte_graph::AllowedHosts;
use leitwarte_store::StoreErrorKind;
use tracing_subscriber::EnvFilter;

use crate::context::json_files;
use crate::queue_file::{self, QueueFile};
use crate::{Settings, tls_files};

/// The folder of the profiles is the one that was meant, and can be read.
pub(super) fn profiles(settings: &Settings) -> anyhow::Result<()> {
    let shown = settings.app.profiles_dir.display();
    if settings.misses_profiles_dir() {
        bail!(
            "PROFILES_DIR is {shown}, and there is no such folder. Correct it, make the folder, or look around with \
             `leitwarte up --demo`"
        );
    }
    json_files(&settings.app.profiles_dir).map(drop).with_context(|| {
        format!("cannot read the profiles' folder {shown} (PROFILES_DIR); give it to the account of Leitwarte")
    })
}

/// Variables that the children would refuse. Numbers and addresses were checked when they were read.
pub(super) fn variables(settings: &Settings) -> anyhow::Result<()> {
    AllowedHosts::parse(&settings.app.graph_extra_hosts).map_err(|error| anyhow!("{error}. {}", error.fix()))?;
    if let Some(filter) = settings.host.get("RUST_LOG") {
        // The parser's own words repeat themselves.
        if filter.parse::<EnvFilter>().is_err() {
            bail!("RUST_LOG is `{filter}`, which is not a filter such as `info` or `leitwarte_emulator=debug,info`");
        }
    }
    tls_files::check(&settings.host)?;
    Ok(())
}

/// The application's database can be used and is up to date afterwards.
pub(super) async fn database(settings: &Settings) -> anyhow::Result<()> {
    match settings.open_store(false).await {
        Ok(store) => store.close().await,
        // These pass: those who work with it try again.
        Err(error) if matches!(error.kind(), StoreErrorKind::Busy | StoreErrorKind::Full) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The emulator's queue is undamaged, if it is a file.
pub(super) async fn queue(settings: &Settings) -> anyhow::Result<()> {
    if !settings.database_is_file() {
        return Ok(());
    }
    let data_dir = &settings.app.data_dir;
    match queue_file::look(data_dir).await {
        QueueFile::Bad(problem) => {
            bail!("{} cannot be used: {problem}. {}", queue_file::path(data_dir).display(), queue_file::ADVICE)
        }
        QueueFile::Missing | QueueFile::Good => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
    }

    #[test]
    fn a_mistyped_profiles_folder_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config-profile");
        let words = profiles(&settings(&[("PROFILES_DIR", path.to_str().unwrap())])).unwrap_err().to_string();
        assert!(words.contains("PROFILES_DIR") && words.contains("config-profile"), "{words}");
        profiles(&settings(&[("PROFILES_DIR", folder.path().to_str().unwrap())])).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(profiles(&settings(&[("PROFILES_DIR", file.path().to_str().unwrap())])).is_err());
    }

    #[test]
    fn a_variable_that_children_would_refuse_is_refused_by_name() {
        variables(&settings(&[("RUST_LOG", "info,sqlx=warn"), ("GRAPH_EXTRA_HOSTS", "127.0.0.1:9003")])).unwrap();
        for (name, value) in
            [("GRAPH_EXTRA_HOSTS", "http://localhost"), ("RUST_LOG", "a=b=c"), ("TLS_CERT_FILE", "c.pem")]
        {
            let words = format!("{:#}", variables(&settings(&[(name, value)])).unwrap_err());
            assert!(words.contains(name), "{words}");
        }
    }

    #[tokio::test]
    async fn a_damaged_database_is_refused_with_its_path_and_its_cause_once() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&[("DATA_DIR", folder.path().to_str().unwrap())]);
        database(&settings).await.unwrap();
        queue(&settings).await.unwrap();
        for name in ["leitwarte.db", "queue.db"] {
            std::fs::write(folder.path().join(name), "this is not a database".repeat(99)).unwrap();
        }
        let words = format!("{:#}", database(&settings).await.unwrap_err());
        assert!(words.contains(&folder.path().join("leitwarte.db").display().to_string()), "{words}");
        assert_eq!(words.matches("not a database").count(), 1, "{words}");
        let words = queue(&settings).await.unwrap_err().to_string();
        assert!(words.contains("queue.db"), "{words}");
    }
}
