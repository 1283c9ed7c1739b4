//! `DATABASE_URL`: where the database is.

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use url::Url;

use crate::sqlite;

/// A password file is one line; whatever is longer is something else.
const MAX_PASSWORD_FILE: u64 = 4096;

/// `DATABASE_URL` cannot be used. The text never shows its value, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// It is no address of a database.
    #[error("DATABASE_URL {0}; it has to be `sqlite://FILE` or `postgres://USER@HOST:5432/DATABASE`")]
    Invalid(String),
    /// The password cannot be read.
    #[error("cannot read the password in {} (DATABASE_PASSWORD_FILE): {problem}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
}

/// Where a database is, with its password. Neither `Debug` nor `Display` shows that.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Place);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(Url),
}

impl Address {
    /// Reads `sqlite://FILE` (a relative path counts from the working directory) or
    /// `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.starts_with("sqlite:") {
            let file = sqlite::file(text).ok_or_else(|| AddressError::Invalid("names no file".to_owned()))?;
            return Ok(Self::file(file));
        }
        let url = Url::parse(text).map_err(|_| AddressError::Invalid("is no address".to_owned()))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(AddressError::Invalid(format!("is a `{}:` address", url.scheme())));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(AddressError::Invalid("names no host".to_owned()));
        }
        Ok(Self(Place::Postgres(url)))
    }

    /// The address of a SQLite file.
    #[must_use]
    pub fn file(file: PathBuf) -> Self {
        Self(Place::Sqlite(file))
    }

    /// `DATABASE_URL`, else the SQLite file `default_file`. A PostgreSQL address without a password gets the one in
    /// the file that `DATABASE_PASSWORD_FILE` names. An empty variable counts as not set.
    ///
    /// # Errors
    /// It is no address, or the password cannot be read.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>, default_file: &Path) -> Result<Self, AddressError> {
        let set = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let Some(text) = set("DATABASE_URL") else { return Ok(Self::file(default_file.to_owned())) };
        let mut address = Self::parse(text.trim())?;
        if let Place::Postgres(url) = &mut address.0
            && url.password().is_none()
            && let Some(path) = set("DATABASE_PASSWORD_FILE")
        {
            let path = PathBuf::from(path);
            let password = read_password(&path)
                .map_err(|error| AddressError::PasswordFile { path, problem: error.to_string() })?;
            // The password is percent-encoded on the way in.
            url.set_password(Some(&password)).map_err(|()| AddressError::Invalid("names no host".to_owned()))?;
        }
        Ok(address)
    }

    /// Whether several hosts can share it.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self.0, Place::Postgres(_))
    }

    /// The whole address, with the password: to open the database, never to be shown.
    ///
    /// # Errors
    /// The working directory, from which a relative path counts, is gone.
    pub fn reveal(&self) -> io::Result<String> {
        match &self.0 {
            Place::Sqlite(file) => sqlite::address(file),
            Place::Postgres(url) => Ok(url.to_string()),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0
    }
}

fn read_password(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_PASSWORD_FILE).read_to_string(&mut text)?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(password.to_owned())
}

/// A file's path; of a server user, host, port and database. Parameters may hold secrets, too.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match &self.0 {
            Place::Sqlite(file) => return write!(f, "{}", file.display()),
            Place::Postgres(url) => url,
        };
        f.write_str("postgres://")?;
        if !url.username().is_empty() {
            write!(f, "{}@", url.username())?;
        }
        f.write_str(url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Address, AddressError> {
        let find = |name: &str| pairs.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        Address::from_lookup(find, Path::new("data/leitwarte.db"))
    }

    #[test]
    fn without_an_address_it_is_the_file() {
        assert_eq!(read(&[]).unwrap().to_string(), "data/leitwarte.db");
        assert_eq!(read(&[("DATABASE_URL", " ")]).unwrap(), read(&[]).unwrap());
        assert!(!read(&[("DATABASE_URL", "sqlite://other.db")]).unwrap().is_postgres());
        assert!(read(&[("DATABASE_URL", "postgres://lw@db/leitwarte")]).unwrap().is_postgres());
    }

    #[test]
    fn the_password_is_never_shown() {
        let address = Address::parse("postgres://lw:hush@db:5433/leitwarte?password=hush").unwrap();
        assert_eq!(
            format!("{address} {address:?}"),
            "postgres://lw@db:5433/leitwarte Address(postgres://lw@db:5433/leitwarte)"
        );
        for broken in ["hush", "mysql://lw:hush@db/x", "sqlite::memory:", "postgres://", "leitwarte.db"] {
            let error = Address::parse(broken).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
            assert!(error.to_string().contains("sqlite://FILE"), "{error}");
        }
    }

    #[test]
    fn the_password_may_lie_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "a/b@c\n").unwrap();
        let file = path.to_str().unwrap();
        let from = |url| read(&[("DATABASE_URL", url), ("DATABASE_PASSWORD_FILE", file)]);
        assert_eq!(from("postgres://lw@db/x").unwrap().reveal().unwrap(), "postgres://lw:a%2Fb%40c@db/x");
        let own = from("postgres://lw:own@db/x").unwrap();
        assert_eq!(own.reveal().unwrap(), "postgres://lw:own@db/x", "the one in the address wins");
        std::fs::write(&path, "\n").unwrap();
        let error = from("postgres://lw@db/x").unwrap_err();
        assert!(error.to_string().contains("DATABASE_PASSWORD_FILE"), "{error}");
    }
}
