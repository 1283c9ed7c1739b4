//! `leitwarte up`: starts everything, keeps it running, and stops it cleanly.

mod addresses;
mod demo;
mod greeting;
pub(crate) mod lock;
mod preflight;
mod ready;
mod screen;
mod stack;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use leitwarte_host::shutdown;
use leitwarte_template::Template;
use tokio_util::sync::CancellationToken;

use crate::context::unused_files;
use crate::terminal::{WARN, paint};
use crate::{Context, Outcome, Settings, programs};
pub(crate) use lock::demo_runs;
use screen::Screen;
use stack::Stack;

/// Arguments of `up`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without any tenant profile this starts the demo: a stand-in for Microsoft with made-up tenants, whose data is kept apart
in DATA_DIR/demo. Ctrl-C stops everything cleanly; a second Ctrl-C stops at once.")]
pub struct Args {
    /// Start the demo even though tenants are configured
    #[arg(long)]
    pub demo: bool,
    /// Run the functions of another SAM template [default: $TEMPLATE, else template.yaml]
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
}

/// Everything `up` has decided before it starts a program.
#[derive(Debug)]
struct Plan {
    settings: Settings,
    template: Template,
    folder: PathBuf,
    /// Variables that the children get beside those of this process.
    variables: Vec<(String, String)>,
    /// Where the demo's simulator listens; `None`: no demo.
    simulator: Option<std::net::SocketAddr>,
}

impl Plan {
    /// Another template's functions have nothing to do with tenants.
    fn watches_tenants(&self) -> bool {
        watches_tenants(&self.template)
    }
}

fn watches_tenants(template: &Template) -> bool {
    template.function("poll-tenant").is_some()
}

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// What keeps it from starting, with what to do.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Outcome> {
    let stop = shutdown::on_signal().context("cannot listen for Ctrl-C")?;
    let screen = Screen::from_env()?;
    until_stopped(&args, context, &stop, &screen).await.or_else(|error| screen.take_error(error))
}

async fn until_stopped(
    args: &Args,
    context: &Context,
    stop: &CancellationToken,
    screen: &Arc<Screen>,
) -> anyhow::Result<Outcome> {
    let mut lock = lock::take(&context.settings.app.data_dir)?;
    let plan = plan(args, &context.settings).await?;
    // Only a help for other commands.
    let _ = lock.note(plan.simulator.is_some());
    if plan.watches_tenants() && plan.simulator.is_none() {
        for name in unused_files(&plan.settings.app.profiles_dir) {
            let mark = paint(WARN, "!");
            screen.warn(format_args!("{mark} {name} is not used. Name it config-<name>-profile.json, or remove it."));
        }
    }
    if plan.simulator.is_some() && !args.demo {
        let profiles = context.settings.app.profiles_dir.display();
        screen.say(format_args!("No tenant in {profiles} yet, so this is the demo. `leitwarte onboard` adds yours."));
    }
    let mut stack = Stack::new(&plan, screen);
    let started = tokio::select! {
        started = start(&plan, &mut stack, screen, context.now) => started,
        () = stop.cancelled() => Ok(()),
    };
    if started.is_ok() {
        stop.cancelled().await;
        screen.say("\nstopping; a second Ctrl-C stops at once");
    }
    stack.stop().await;
    started.map(|()| Outcome::Well)
}

/// Decides what to start, and makes sure that it can be.
async fn plan(args: &Args, settings: &Settings) -> anyhow::Result<Plan> {
    let folder = programs::own_folder()?;
    let mut variables = Vec::new();
    if let Some(file) = &args.template {
        variables.push(("TEMPLATE".to_owned(), file.display().to_string()));
    }
    variables.extend(addresses::public_url(&settings.with(&variables)?.host)?);
    let mut settings = settings.with(&variables)?;
    let template = Template::load(&settings.host.template())
        .context("start from the project's folder, or name the file with --template")?;
    for name in ["emulator", "gateway", "timer"] {
        programs::find(&folder, name)?;
    }
    let functions_dir = settings.host.functions_dir(&folder);
    for function in &template.functions {
        programs::find_function(&functions_dir, &function.name)?;
    }
    addresses::check(&addresses::wanted(&settings.host, template.functions.len())?)?;
    let watches_tenants = watches_tenants(&template);
    if watches_tenants && !args.demo {
        preflight::profiles(&settings)?;
    }
    let is_demo = args.demo || (watches_tenants && settings.is_untouched());
    let mut simulator = None;
    if is_demo {
        programs::find(&folder, demo::PROGRAM)?;
        simulator = Some(demo::choose_address(&settings)?);
        variables.extend(settings.demo_variables());
        settings = settings.with(&variables)?;
    }
    preflight::variables(&settings)?;
    if watches_tenants {
        preflight::database(&settings).await?;
    }
    preflight::queue(&settings).await?;
    Ok(Plan { settings, template, folder, variables, simulator })
}

async fn start(plan: &Plan, stack: &mut Stack, screen: &Screen, now: DateTime<Utc>) -> anyhow::Result<()> {
    let client = ready::client()?;
    if let Some(simulator) = plan.simulator {
        demo::start(&plan.settings, simulator, stack, &client, screen).await?;
    }
    stack.start("emulator", &["--spawn"]);
    ready::emulator_listens(&client, &plan.settings, screen).await?;
    stack.start("gateway", &[]);
    stack.start("timer", &[]);
    ready::everything(&client, &plan.settings, screen).await?;
    if plan.watches_tenants() {
        ready::first_poll(&plan.settings, now).await;
    }
    screen.say(greeting::text(plan)?);
    Ok(())
}
