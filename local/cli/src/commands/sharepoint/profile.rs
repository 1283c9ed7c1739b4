//! The SharePoint profile a command is about.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use leitwarte_core::sharepoint::profile::{DraftProfile, key_of_file_name};
use leitwarte_graph::{AllowedHosts, Config, GraphClient, RetryPolicy};
use leitwarte_runtime::clock;

use crate::context::json_files;
use crate::{Settings, UsageError};

/// A profile's file and what it says.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) key: String,
    pub(super) file: PathBuf,
    pub(super) text: String,
    pub(super) draft: DraftProfile,
}

/// The profile of this name, or the only one there is.
pub(super) fn choose(settings: &Settings, name: Option<&str>) -> anyhow::Result<Chosen> {
    let folder = settings.app.profiles_dir.join("sharepoint");
    let names = json_files(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let keys: Vec<&str> = names.iter().filter_map(|name| key_of_file_name(name)).collect();
    let key = match (name, keys.as_slice()) {
        (Some(name), keys) if keys.contains(&name) => name,
        (None, [only]) => only,
        (_, []) => bail!(
            "there is no SharePoint profile: write {}/sp-config-<name>-profile.json with the keys of the app that works in \
             the lists; `sharepoint_infos` may be missing",
            folder.display()
        ),
        (Some(name), _) => {
            bail!(UsageError(format!("there is no SharePoint profile `{name}`, only {}", keys.join(", "))))
        }
        (None, _) => bail!(UsageError(format!("say which SharePoint profile is meant: {}", keys.join(", ")))),
    };
    let file = folder.join(format!("sp-config-{key}-profile.json"));
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let draft = DraftProfile::parse(&text).with_context(|| format!("{} cannot be used", file.display()))?;
    Ok(Chosen { key: key.to_owned(), file, text, draft })
}

/// A client of Graph for somebody who waits at a terminal.
pub(super) fn client(settings: &Settings) -> anyhow::Result<GraphClient> {
    let hosts = AllowedHosts::parse(&settings.app.graph_extra_hosts)?;
    let mut config = Config::new(&settings.app.profiles_dir, hosts, clock::now, clock::new_id);
    config.retry = RetryPolicy { first_delay: Duration::from_secs(1), max_attempts: 3, ..RetryPolicy::default() };
    GraphClient::new(config).map_err(|error| anyhow!(error.failure().message))
}
