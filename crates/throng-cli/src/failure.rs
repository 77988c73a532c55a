//! What ends a run: one line for the user and an exit status for scripts.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The exit status of a run that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// The machine or the program failed: disk full, a loss that is not finite, a lost device.
    Other = 1,
    /// An argument, an input or the place of an output is wrong.
    Input = 2,
    /// Ctrl-C.
    Stopped = 130,
}

/// A run that did not succeed, in one line.
#[derive(Debug)]
pub struct Failure {
    status: Status,
    message: String,
}

impl Failure {
    /// Something the user can put right: an argument, a file, a folder.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Status::Input, message)
    }

    /// Anything else.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(Status::Other, message)
    }

    /// Ctrl-C.
    pub fn stopped() -> Self {
        Self::new(
            Status::Stopped,
            "stopped by Ctrl-C; no unfinished output is left",
        )
    }

    /// Reading `path` failed.
    pub fn reading(path: &Path, error: &io::Error) -> Self {
        let message = match error.kind() {
            ErrorKind::NotFound => format!("{}: no such file; check the path", path.display()),
            ErrorKind::PermissionDenied => {
                format!("{}: may not be read; check its permissions", path.display())
            }
            ErrorKind::IsADirectory => {
                format!("{}: is a folder; name a file in it", path.display())
            }
            _ => format!("{}: cannot be read ({error})", path.display()),
        };
        Self::input(message)
    }

    /// Writing `path` failed: the place is wrong (status 2), or the machine gave out (status 1).
    pub fn writing(path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::other(format!(
                "{path}: the disk is full; free some space and run again"
            )),
            ErrorKind::PermissionDenied
            | ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::AlreadyExists
            | ErrorKind::DirectoryNotEmpty
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidFilename
            | ErrorKind::Unsupported => Self::input(format!(
                "{path}: cannot be written ({error}); choose another --out"
            )),
            _ => Self::other(format!("{path}: cannot be written ({error})")),
        }
    }

    /// The same failure, of this place.
    pub fn of(mut self, place: impl Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The exit status.
    #[cfg(test)]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The message, free of line breaks and other control characters.
    pub fn line(&self) -> String {
        let plain: String = self
            .message
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        plain.trim().to_owned()
    }

    fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// Says the line on stderr and ends the process. Only the first caller is heard, so that a
    /// run stopped while it fails still says one thing.
    pub fn exit(self) -> ! {
        static LAST_WORD: Mutex<()> = Mutex::new(());
        let _held = LAST_WORD.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed stderr must not become a panic.
        let _ = writeln!(io::stderr(), "throng: {}", self.line());
        std::process::exit(self.status as i32)
    }
}

/// Gives an error a place, as bad input.
pub fn at(place: impl Display, problem: impl Display) -> Failure {
    Failure::input(format!("{place}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line() {
        let failure = Failure::input("a\nb\r\tc\u{1b}[0m\n");
        assert_eq!(failure.line(), "a b  c [0m");
    }

    #[test]
    fn a_full_disk_is_not_the_users_fault() {
        let place = Path::new("x");
        let full = Failure::writing(place, &io::Error::from(ErrorKind::StorageFull));
        assert_eq!(full.status(), Status::Other);
        let denied = Failure::writing(place, &io::Error::from(ErrorKind::PermissionDenied));
        assert_eq!(denied.status(), Status::Input);
    }
}
