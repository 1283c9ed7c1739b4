//! `leitwarte sharepoint provision`: makes the lists and columns that are missing.

mod site;
mod words;

use std::io::Write;
use std::time::Duration;

use leitwarte_core::sharepoint::provision::{
    Named, SiteList, Step, addresses, missing_parameters, parameter_place, plan,
};
use leitwarte_graph::{AppRegistration, Budget, GraphClient, GraphError, ItemWrite, Written};
use serde_json::{Map, json};

use super::infos;
use super::profile::{Chosen, choose, client};
use crate::new_files::replace_file;
use crate::terminal::{BAD, BOLD, DIM, GOOD, paint};
use crate::{Context, Outcome, UsageError};
use site::Address;

/// A person is waiting.
const PATIENCE: Duration = Duration::from_mins(2);
/// One makes lists, the next gives their titles a name, the third finds nothing to do.
const ROUNDS: usize = 4;

/// Arguments of `sharepoint provision`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  leitwarte sharepoint provision --site https://contoso.sharepoint.com/sites/licences --write")]
pub struct Args {
    /// The SharePoint profile's short name; needed when there are several
    pub name: Option<String>,
    /// Address of the site; needed while the profile names none
    #[arg(long, value_name = "ADDRESS")]
    pub site: Option<Address>,
    /// Say what would be done, and do nothing
    #[arg(long, conflicts_with = "write")]
    pub dry_run: bool,
    /// Put the ids into the profile
    #[arg(long)]
    pub write: bool,
    /// The lists of the demo
    #[arg(long)]
    pub demo: bool,
}

pub(super) async fn run(args: &Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let chosen = choose(&settings, args.name.as_deref())?;
    let (graph, app, budget) = (client(&settings)?, AppRegistration::from(&chosen.draft.app), Budget::of(PATIENCE));
    let Some(id) = site_id(args, &chosen, &graph, &app, &budget, out, context.width).await? else {
        return Ok(Outcome::Problem);
    };
    let site = Site { graph, app, budget, id, named: &chosen.draft.named };
    writeln!(out, "{}", paint(BOLD, format_args!("Site {}", site.id)))?;
    let outcome = if args.dry_run { site.tell(out).await } else { site.provide(out).await };
    let lists = match outcome {
        Ok(Some(lists)) => lists,
        Ok(None) => return Ok(Outcome::Problem),
        Err(Stop::Graph(error)) => {
            words::failure(out, &error, &site.app, Some(&site.id), context.width)?;
            return Ok(Outcome::Problem);
        }
        Err(Stop::Output(error)) => return Err(error.into()),
    };
    if args.dry_run {
        return Ok(Outcome::Well);
    }
    finish(args, &chosen, &site, &lists, out)
}

/// The site that is meant; nothing when it was not found, which has been told then.
async fn site_id(
    args: &Args,
    chosen: &Chosen,
    graph: &GraphClient,
    app: &AppRegistration,
    budget: &Budget,
    out: &mut (dyn Write + Send),
    width: usize,
) -> anyhow::Result<Option<String>> {
    let Some(Address { host, path }) = &args.site else {
        let known = chosen.draft.named.site_id.clone();
        return known.map(Some).ok_or_else(|| {
            UsageError("the profile names no site yet: say which with --site https://…".to_owned()).into()
        });
    };
    match graph.site_id(app, budget, host, path).await {
        Ok(id) => Ok(Some(id)),
        Err(error) => {
            words::failure(out, &error, app, None, width)?;
            Ok(None)
        }
    }
}

/// Tells the ids, or puts them into the profile.
fn finish(
    args: &Args,
    chosen: &Chosen,
    site: &Site<'_>,
    lists: &[SiteList],
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let Some(infos) = addresses(&site.id, lists, site.named) else {
        anyhow::bail!("SharePoint does not show yet what was made; run this again in a minute");
    };
    let new = infos::written(&chosen.text, &infos);
    if new.as_ref().is_ok_and(|new| *new == chosen.text) {
        writeln!(out, "\n{} The profile {} names them.", paint(GOOD, "✔"), chosen.key)?;
    } else if args.write {
        replace_file(&chosen.file, new?.as_bytes())?;
        writeln!(out, "\n{} The profile {} names them now.", paint(GOOD, "✔"), chosen.key)?;
    } else {
        writeln!(out, "\nFor the profile {} (--write puts it in):\n", chosen.key)?;
        writeln!(out, "{}", infos::shown(&infos)?)?;
    }
    writeln!(out, "  {}", paint(DIM, "leitwarte sharepoint plan shows what the first sync will write."))?;
    Ok(Outcome::Well)
}

struct Site<'a> {
    graph: GraphClient,
    app: AppRegistration,
    budget: Budget,
    id: String,
    named: &'a Named,
}

/// Why it went no further.
enum Stop {
    Graph(GraphError),
    Output(std::io::Error),
}

impl From<GraphError> for Stop {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

/// The lists as they are, or nothing when a person has to mend something first.
type Provided = Result<Option<Vec<SiteList>>, Stop>;

impl Site<'_> {
    async fn lists(&self) -> Result<Vec<SiteList>, GraphError> {
        self.graph.site_lists(&self.app, &self.budget, &self.id, self.named).await
    }

    /// Says what would be done.
    async fn tell(&self, out: &mut (dyn Write + Send)) -> Provided {
        let lists = self.lists().await?;
        let provision = plan(&lists, self.named);
        for step in &provision.steps {
            writeln!(out, "  {}", words::step(step, false))?;
        }
        for obstacle in &provision.obstacles {
            writeln!(out, "  {} {obstacle}", paint(BAD, "✘"))?;
        }
        let parameters = self.missing_parameters(&lists).await?;
        for (name, value) in &parameters {
            writeln!(out, "  {}", words::parameter(name, value, false))?;
        }
        if provision.is_nothing() && parameters.is_empty() {
            writeln!(out, "  {} All lists and columns are there.", paint(GOOD, "✔"))?;
        }
        Ok(provision.obstacles.is_empty().then_some(lists))
    }

    /// Does it, until there is nothing left to do.
    async fn provide(&self, out: &mut (dyn Write + Send)) -> Provided {
        let mut lists = self.lists().await?;
        for _ in 0..ROUNDS {
            let provision = plan(&lists, self.named);
            for obstacle in &provision.obstacles {
                writeln!(out, "  {} {obstacle}", paint(BAD, "✘"))?;
            }
            if !provision.obstacles.is_empty() {
                return Ok(None);
            }
            if provision.steps.is_empty() {
                break;
            }
            for step in &provision.steps {
                self.carry_out(step).await?;
                writeln!(out, "  {} {}", paint(GOOD, "+"), words::step(step, true))?;
            }
            lists = self.lists().await?;
        }
        self.make_parameters(&lists, out).await?;
        writeln!(out, "  {} All lists and columns are there.", paint(GOOD, "✔"))?;
        Ok(Some(lists))
    }

    async fn carry_out(&self, step: &Step) -> Result<(), GraphError> {
        let (graph, app, budget, site) = (&self.graph, &self.app, &self.budget, self.id.as_str());
        match step {
            Step::MakeList(definition) => graph.make_list(app, budget, site, definition).await,
            Step::AddColumn { list, column, .. } => graph.add_column(app, budget, (site, *list), column).await,
            Step::ShowTitleAs { list, column, name, .. } => {
                graph.show_column_as(app, budget, (site, *list), (column, name)).await
            }
        }
    }

    /// What the flows look up and nobody has said yet.
    async fn missing_parameters(&self, lists: &[SiteList]) -> Result<Vec<(&'static str, &'static str)>, GraphError> {
        let Some(place) = parameter_place(lists, self.named) else { return Ok(missing_parameters(&[])) };
        let columns = [place.name.as_str(), place.value.as_str()];
        let rows = self.graph.list_items(&self.app, &self.budget, &self.id, place.list, &columns).await?;
        let said = rows.iter().filter_map(|row| row.fields.get(&place.name)?.as_str().map(str::to_owned));
        Ok(missing_parameters(&said.collect::<Vec<_>>()))
    }

    /// Makes a row for each of them, so that nobody has to know their names.
    async fn make_parameters(&self, lists: &[SiteList], out: &mut (dyn Write + Send)) -> Result<(), Stop> {
        let Some(place) = parameter_place(lists, self.named) else { return Ok(()) };
        let missing = self.missing_parameters(lists).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let row = |(name, value): &(&str, &str)| {
            let mut fields = Map::from_iter([(place.name.clone(), json!(name))]);
            if !value.is_empty() {
                fields.insert(place.value.clone(), json!(value));
            }
            ItemWrite { list: place.list, item: None, fields }
        };
        let rows: Vec<ItemWrite> = missing.iter().map(row).collect();
        let written = self.graph.write_items(&self.app, &self.budget, &self.id, &rows).await?;
        for ((name, value), written) in missing.iter().zip(written) {
            match written {
                Written::Refused(error) => return Err(error.into()),
                Written::Done { .. } => {
                    writeln!(out, "  {} {}", paint(GOOD, "+"), words::parameter(name, value, true))?;
                }
                Written::Outdated | Written::Throttled(_) | Written::Unknown => {
                    writeln!(
                        out,
                        "  {} the row {name} may be missing in the Parameterliste; run this again",
                        paint(BAD, "!")
                    )?;
                }
            }
        }
        Ok(())
    }
}
