//! `DATABASE_URL`: where a database is that emulators share.

use std::fmt;
use std::io;
use std::path::PathBuf;

use leitwarte_host::env::Environment;
use thiserror::Error;
use url::Url;

/// A password file is one line; whatever is longer is something else.
const MAX_PASSWORD_FILE: u64 = 4096;

/// `DATABASE_URL` cannot be used. The text never shows its value, which may hold a password.
#[derive(Debug, Error)]
pub enum DatabaseUrlError {
    /// It is no address.
    #[error("DATABASE_URL cannot be read ({0}); it must look like postgres://user@host:5432/database or sqlite://FILE")]
    Invalid(&'static str),
    /// The password cannot be read.
    #[error("cannot read the password in {} (DATABASE_PASSWORD_FILE)", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// The address of a PostgreSQL database, with its password. Neither `Debug` nor `Display` shows that.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Url);

impl DatabaseUrl {
    /// Reads `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// It is no such address.
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        let url = Url::parse(text).map_err(|_| DatabaseUrlError::Invalid("it is no URL"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(DatabaseUrlError::Invalid("its scheme is not postgres"));
        }
        Ok(Self(url))
    }

    /// `DATABASE_URL`, if it names a PostgreSQL database; a SQLite file there is the application's and not shared.
    /// Without a password in it, `DATABASE_PASSWORD_FILE` is read.
    ///
    /// # Errors
    /// It is no address, or the password cannot be read.
    pub fn from_environment(environment: &Environment) -> Result<Option<Self>, DatabaseUrlError> {
        let Some(text) = environment.get("DATABASE_URL").filter(|text| !text.starts_with("sqlite:")) else {
            return Ok(None);
        };
        let mut address = Self::parse(text)?;
        if let Some(path) = environment.get("DATABASE_PASSWORD_FILE").filter(|_| address.0.password().is_none()) {
            let path = PathBuf::from(path);
            let password = read_password(&path).map_err(|source| DatabaseUrlError::PasswordFile { path, source })?;
            // The password is percent-encoded on the way in.
            address.0.set_password(Some(&password)).map_err(|()| DatabaseUrlError::Invalid("it names no host"))?;
        }
        Ok(Some(address))
    }

    /// The whole address, with the password.
    pub(crate) fn reveal(&self) -> &str {
        self.0.as_str()
    }
}

fn read_password(path: &std::path::Path) -> io::Result<String> {
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(std::fs::File::open(path)?, MAX_PASSWORD_FILE), &mut text)?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(password.to_owned())
}

/// User, host, port and database; parameters may hold secrets, too.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.0;
        write!(f, "postgres://{}@{}", url.username(), url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<DatabaseUrl>, DatabaseUrlError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        DatabaseUrl::from_environment(&pairs.collect())
    }

    #[test]
    fn only_postgresql_is_shared() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[("DATABASE_URL", "sqlite://data/leitwarte.db")]).unwrap(), None);
        assert!(read(&[("DATABASE_URL", "postgres://lw@db/leitwarte")]).unwrap().is_some());
    }

    #[test]
    fn the_password_is_never_shown() {
        let address = DatabaseUrl::parse("postgres://lw:hush@db:5433/leitwarte?password=hush").unwrap();
        assert_eq!(
            format!("{address} {address:?}"),
            "postgres://lw@db:5433/leitwarte DatabaseUrl(postgres://lw@db:5433/leitwarte)"
        );
        for broken in ["hush", "mysql://lw:hush@db/x"] {
            let error = read(&[("DATABASE_URL", broken)]).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        }
    }

    #[test]
    fn the_password_may_lie_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "a/b@c\n").unwrap();
        let file = file.to_str().unwrap();
        let from = |url| read(&[("DATABASE_URL", url), ("DATABASE_PASSWORD_FILE", file)]).unwrap().unwrap();
        assert_eq!(from("postgres://lw@db/x").reveal(), "postgres://lw:a%2Fb%40c@db/x");
        assert_eq!(from("postgres://lw:own@db/x").reveal(), "postgres://lw:own@db/x", "the one in the address wins");
        std::fs::write(folder.path().join("password"), "\n").unwrap();
        let error = read(&[("DATABASE_URL", "postgres://lw@db/x"), ("DATABASE_PASSWORD_FILE", file)]).unwrap_err();
        assert!(error.to_string().contains("DATABASE_PASSWORD_FILE"), "{error}");
    }
}
