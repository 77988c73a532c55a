//! Outputs that appear whole or not at all.
//!
//! A file is written under a temporary name in its own folder and renamed; a folder likewise
//! beside its place. A folder that is already there (perhaps a mount, which cannot be renamed
//! over) is filled from a temporary folder inside it, its marker `throng.json` last. What this
//! program wrote before is replaced only when asked; what it did not write is never touched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tempfile::{Builder, NamedTempFile, TempDir};

use crate::failure::Failure;

/// The file that says which entries of a folder are ours.
pub const MARKER: &str = "throng.json";

const TEMPORARY: &str = ".throng-";

/// Temporary paths to remove when the process ends without unwinding.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes every temporary path of this run. Waits for a rename in progress.
pub fn discard_unfinished() {
    for path in unfinished().drain(..) {
        // The worker may still be writing into the folder: a few rounds empty it.
        for _ in 0..20 {
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            match removed {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                _ => break,
            }
        }
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary path on the list of [`discard_unfinished`], for as long as it lives.
struct Listed(PathBuf);

impl Listed {
    fn new(path: &Path) -> Self {
        unfinished().push(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

/// The content of [`MARKER`].
#[derive(Serialize, Deserialize)]
struct Marker {
    written_by: String,
    version: String,
    command: String,
    files: Vec<String>,
}

impl Marker {
    fn read(folder: &Path) -> Option<Self> {
        let marker: Self = serde_json::from_slice(&fs::read(folder.join(MARKER)).ok()?).ok()?;
        (marker.written_by == "throng").then_some(marker)
    }

    /// Our entries, without any that a meddled file might point out of the folder with.
    fn entries(&self) -> Vec<String> {
        let plain = |name: &&String| {
            let mut parts = Path::new(name).components();
            matches!(parts.next(), Some(std::path::Component::Normal(_))) && parts.next().is_none()
        };
        self.files.iter().filter(plain).cloned().collect()
    }
}

/// A folder to be written.
pub struct OutputDir {
    target: PathBuf,
    /// The entries of ours that are there already; `None` when there is no folder yet.
    replaced: Option<Vec<String>>,
    // Dropped in this order: off the list only after the folder is gone.
    work: TempDir,
    parents: Parents,
    _listed: Listed,
}

impl OutputDir {
    /// Prepares to write the folder `target`, so that a place that cannot be written is known
    /// before any long work.
    ///
    /// # Errors
    /// When `target` is not empty and not ours, is ours and `force` is not given, or cannot be
    /// written.
    pub fn create(target: &Path, force: bool) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::writing(target, &error);
        let (replaced, parents, home) = match fs::metadata(target) {
            Ok(found) if !found.is_dir() => {
                return Err(Failure::input(format!(
                    "{}: is not a folder; choose another --out",
                    target.display()
                )));
            }
            Ok(_) => (
                Some(replaceable(target, force)?),
                Parents::default(),
                target.to_owned(),
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let parent = parent_of(target);
                (None, Parents::create(&parent).map_err(failed)?, parent)
            }
            Err(error) => return Err(failed(error)),
        };
        let work = temporary(0o777).tempdir_in(&home).map_err(failed)?;
        Ok(Self {
            target: target.to_owned(),
            replaced,
            _listed: Listed::new(work.path()),
            work,
            parents,
        })
    }

    /// Where to write the content.
    pub fn path(&self) -> &Path {
        self.work.path()
    }

    /// Makes what was written the content of the folder.
    ///
    /// # Errors
    /// When the disk is full or the place became unusable; what was there before is kept then.
    pub fn commit(self, command: &str) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::writing(&self.target, &error);
        let mut files = entries(self.work.path()).map_err(failed)?;
        files.retain(|name| name != MARKER);
        files.push(MARKER.to_owned());
        let marker = Marker {
            written_by: "throng".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.to_owned(),
            files: files.clone(),
        };
        let marker = serde_json::to_vec_pretty(&marker)
            .map_err(|error| Failure::other(format!("{MARKER}: {error}")))?;
        fs::write(self.work.path().join(MARKER), marker).map_err(failed)?;
        sync(self.work.path()).map_err(failed)?;

        // Held so that a second Ctrl-C waits for the renames.
        let held = unfinished();
        match &self.replaced {
            None => {
                fs::rename(self.work.path(), &self.target).map_err(failed)?;
                let _ = sync_folder(&parent_of(&self.target));
            }
            Some(old) => {
                self.swap(old, &files).map_err(failed)?;
                let _ = sync_folder(&self.target);
            }
        }
        drop(held);
        self.parents.keep();
        Ok(())
    }

    /// Moves our `old` entries out of the folder and the `new` ones in, or changes nothing.
    fn swap(&self, old: &[String], new: &[String]) -> io::Result<()> {
        for name in new {
            if !old.contains(name) && fs::symlink_metadata(self.target.join(name)).is_ok() {
                return Err(io::Error::new(
                    ErrorKind::AlreadyExists,
                    format!("it holds a {name} that throng did not write"),
                ));
            }
        }
        let aside = temporary(0o777).tempdir_in(&self.target)?;
        let mut moves = Vec::new();
        for name in old.iter().rev() {
            if fs::symlink_metadata(self.target.join(name)).is_ok() {
                moves.push((self.target.join(name), aside.path().join(name)));
            }
        }
        for name in new {
            moves.push((self.work.path().join(name), self.target.join(name)));
        }
        for (done, (from, to)) in moves.iter().enumerate() {
            if let Err(error) = fs::rename(from, to) {
                let back = moves[..done].iter().rev();
                if !back.fold(true, |ok, (from, to)| fs::rename(to, from).is_ok() && ok) {
                    // Better a stray folder than a lost result.
                    let _ = aside.keep();
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

/// The entries of ours in a folder that is there already.
fn replaceable(target: &Path, force: bool) -> Result<Vec<String>, Failure> {
    let found = entries(target).map_err(|error| Failure::writing(target, &error))?;
    match Marker::read(target) {
        _ if found.is_empty() => Ok(Vec::new()),
        None => Err(Failure::input(format!(
            "{}: is not empty and was not written by throng; choose another --out",
            target.display()
        ))),
        Some(_) if !force => Err(Failure::input(format!(
            "{}: holds an earlier result; add --force to replace it",
            target.display()
        ))),
        Some(marker) => Ok(marker.entries()),
    }
}

/// The names in a folder, sorted, without temporary ones.
fn entries(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with(TEMPORARY) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// What a file output holds, so that --force replaces nothing else.
#[derive(Clone, Copy)]
pub enum FileKind {
    /// A `.npy` array.
    Npy,
    /// A table that begins with this line.
    Table(&'static str),
}

impl FileKind {
    fn fits(self, path: &Path) -> bool {
        let start: &[u8] = match self {
            Self::Npy => b"\x93NUMPY",
            Self::Table(header) => header.as_bytes(),
        };
        let mut found = Vec::new();
        let read =
            File::open(path).and_then(|file| file.take(start.len() as u64).read_to_end(&mut found));
        read.is_ok() && found == start
    }
}

/// A file to be written.
pub struct OutputFile {
    target: PathBuf,
    work: NamedTempFile,
    parents: Parents,
    _listed: Listed,
}

impl OutputFile {
    /// Prepares to write the file `target`; `inputs` are files it must not replace.
    ///
    /// # Errors
    /// When `target` is there and `force` is not given, is something that this program does not
    /// write, is one of the inputs, or cannot be written.
    pub fn create(
        target: &Path,
        force: bool,
        kind: FileKind,
        inputs: &[&Path],
    ) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::writing(target, &error);
        let refuse = |why: &str| Err(Failure::input(format!("{}: {why}", target.display())));
        match fs::metadata(target) {
            Ok(found) if found.is_dir() => return refuse("is a folder; name a file for --out"),
            Ok(_) if inputs.iter().any(|input| same_file(input, target)) => {
                return refuse("is an input too; choose another --out");
            }
            Ok(found) if !found.is_file() => {
                return refuse("is not a regular file; choose another --out");
            }
            Ok(_) if !kind.fits(target) => {
                return refuse("is there and was not written by throng; choose another --out");
            }
            Ok(_) if !force => return refuse("is there already; add --force to replace it"),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let parent = parent_of(target);
        let parents = Parents::create(&parent).map_err(failed)?;
        let work = temporary(0o666).tempfile_in(&parent).map_err(failed)?;
        Ok(Self {
            target: target.to_owned(),
            _listed: Listed::new(work.path()),
            work,
            parents,
        })
    }

    /// The file to write to.
    pub fn file(&mut self) -> &mut File {
        self.work.as_file_mut()
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When the disk is full or the place became unusable.
    pub fn commit(self) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::writing(&self.target, &error);
        self.work.as_file().sync_all().map_err(failed)?;
        let held = unfinished();
        self.work
            .persist(&self.target)
            .map_err(|error| failed(error.error))?;
        let _ = sync_folder(&parent_of(&self.target));
        drop(held);
        self.parents.keep();
        Ok(())
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// Folders made for an output, removed again (if empty) when it is not finished.
#[derive(Default)]
struct Parents(Vec<PathBuf>);

impl Parents {
    fn create(folder: &Path) -> io::Result<Self> {
        let mut missing = Vec::new();
        let mut at = Some(folder);
        while let Some(path) = at {
            if path.as_os_str().is_empty() || path.exists() {
                break;
            }
            missing.push(path.to_owned());
            at = path.parent();
        }
        let made = Self(missing);
        fs::create_dir_all(folder)?;
        Ok(made)
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Parents {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_dir(path);
        }
    }
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A temporary name with the permissions that the user's umask leaves, not the owner-only ones
/// that temporary files have by default.
fn temporary(mode: u32) -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Brings a folder's files to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        } else {
            OpenOptions::new()
                .write(true)
                .open(entry.path())?
                .sync_all()?;
        }
    }
    Ok(())
}

/// Brings a rename to the disk, where folders can be synchronised.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
