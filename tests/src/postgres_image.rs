//! An image of a PostgreSQL server, made of the files of this machine's server, for tests that need one in a network of
//! containers and cannot pull any.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Superuser and database of the server.
pub const USER: &str = "leitwarte";
/// Who the server runs as: the same number as in the official image, so that compose.yaml fits both.
const OWNER: &str = "999";
/// Where the official image has its data, so that a volume there does the same in both.
const DATA: &str = "var/lib/postgresql/data";

/// Builds `image`: a server that listens everywhere and lets [`USER`] in with
/// `password`, to a database of the same name. Takes a few seconds. `psql` and `pg_isready` are in `PATH`.
///
/// # Errors
/// If Debian's server is not installed or a step fails; the error holds what it printed.
pub fn build(image: &str, password: &str) -> Result<()> {
    let programs = programs()?;
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
    let root = folder.path().join("root");
    let files = ["postgres", "psql", "pg_isready"].map(|name| programs.join(name));
    let language = programs.with_file_name("lib").join("plpgsql.so");
    for file in files.iter().chain([&language]) {
        take(file, &root)?;
        for library in libraries(file)? {
            take(&library, &root)?;
        }
    }
    // Clients ask for this time zone.
    take(Path::new("/usr/share/zoneinfo/UTC"), &root)?;
    let version = programs.parent().and_then(Path::file_name).context("the server's folder has no version")?;
    take_folder(&Path::new("/usr/share/postgresql").join(version), &root)?;
    let data = root.join(DATA);
    prepare(&programs, &data, folder.path(), password)?;

    let server = format!("ENTRYPOINT [\"{}\", \"-D\", \"/{DATA}\"]", files[0].display());
    let path = format!("ENV PATH={}", programs.display());
    let mut tar = Command::new("tar")
        .args(["--create", "--numeric-owner", "--owner", OWNER, "--group", OWNER, "--directory"])
        .arg(&root)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()?;
    let packed = tar.stdout.take().context("tar has no output")?;
    let user = format!("USER {OWNER}:{OWNER}");
    let mut import = Command::new("docker");
    import.arg("import");
    for change in [server.as_str(), &path, &user, "EXPOSE 5432"] {
        import.args(["--change", change]);
    }
    run(import.args(["-", image]).stdin(packed))?;
    ensure!(tar.wait()?.success(), "tar could not pack the server's files");
    Ok(())
}

/// Makes the data folder, with the settings and the database.
fn prepare(programs: &Path, data: &Path, folder: &Path, password: &str) -> Result<()> {
    let home = data.parent().context("the data lie in a folder")?;
    fs::create_dir_all(home)?;
    let secret = folder.join("password");
    fs::write(&secret, password)?;
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        run(Command::new("chown").arg("postgres").arg(home).arg(&secret))?;
    }
    // PostgreSQL refuses to run as root.
    let server = |program: &str| {
        let program = programs.join(program);
        if is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        }
    };
    let mut initdb = server("initdb");
    initdb.arg("-D").arg(data).args(["-U", USER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
    let mut pwfile = std::ffi::OsString::from("--pwfile=");
    pwfile.push(&secret);
    run(initdb.arg(pwfile))?;
    append(&data.join("pg_hba.conf"), "host all all all scram-sha-256\n")?;
    let settings = "listen_addresses = '*'\nunix_socket_directories = ''\nmax_connections = 200\n\
                    timezone = 'UTC'\nlog_timezone = 'UTC'\n";
    append(&data.join("postgresql.conf"), settings)?;
    let mut single = server("postgres");
    single.args(["--single", "-F", "-D"]).arg(data).arg("template1").stdin(Stdio::piped());
    let mut child = single.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("no input")?.write_all(format!("CREATE DATABASE {USER}\n").as_bytes())?;
    let done = child.wait_with_output()?;
    ensure!(done.status.success(), "cannot create the database: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// The newest installed server's programs.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let programs = versions.map(|version| version.join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    programs.context("PostgreSQL's server is missing: apt-get install postgresql")
}

/// The shared libraries that a program or library loads.
fn libraries(file: &Path) -> Result<BTreeSet<PathBuf>> {
    let listed = run(Command::new("ldd").arg(file))?;
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    Ok(listed.lines().filter_map(path).collect())
}

/// Copies a file to the same path below `root`; what a symbolic link points to, not the link.
fn take(file: &Path, root: &Path) -> Result<()> {
    let target = root.join(file.strip_prefix("/")?);
    fs::create_dir_all(target.parent().context("a file lies in a folder")?)?;
    fs::copy(file, &target).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
}

fn take_folder(folder: &Path, root: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match fs::metadata(&path) {
            Ok(kind) if kind.is_dir() => take_folder(&path, root)?,
            Ok(_) => take(&path, root)?,
            // A manual page that is not installed; a server does not miss it.
            Err(_) => {}
        }
    }
    Ok(())
}

fn append(file: &Path, text: &str) -> Result<()> {
    Ok(fs::OpenOptions::new().append(true).open(file)?.write_all(text.as_bytes())?)
}

fn run(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let [out, err] = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    ensure!(done.status.success(), "{} failed: {err}{out}", command.get_program().display());
    Ok(out)
}
