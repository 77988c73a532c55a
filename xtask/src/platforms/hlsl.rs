//! Windows' own compilers for HLSL, under wine. They and Dawn come in one npm package, fetched and checked, never
//! committed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::debian::Debian;
use super::{variants, windows};
use crate::{assets, cmd};

const PACKAGE: &str = "webgpu@0.6.2";
/// The most processor time that a compiler may take for a kernel: users wait for it on first use.
const MOST_MS: u64 = 5_000;

/// A file of the package, and its SHA-256.
pub struct File {
    path: &'static str,
    sha256: &'static str,
}

/// Dawn for Node on Linux.
pub const DAWN: File = File {
    path: "linux-x64/dawn.node",
    sha256: "ab18a659f8325e874ea45c80347b64336d7f748601102753d2bc669fdecfd710",
};

impl File {
    /// Where it is once it is fetched.
    pub fn path(&self, debian: &Debian) -> PathBuf {
        folder(debian).join("package/dist").join(self.path)
    }
}

fn folder(debian: &Debian) -> PathBuf {
    debian.cache().join("npm")
}

/// Fetches the package, unless its files are there and right.
///
/// # Errors
/// If npm is missing, finds no network, or fetches something else.
pub fn fetch(debian: &Debian) -> Result<()> {
    let check = || {
        let mut files = [&DAWN, &FXC.file, &DXC.file].into_iter();
        files.try_for_each(|file| assets::check(&file.path(debian), file.sha256))
    };
    if check().is_ok() {
        return Ok(());
    }
    let dir = folder(debian);
    fs::create_dir_all(&dir)?;
    let pack = ["pack", PACKAGE, "--silent", "--pack-destination"];
    cmd::run(cmd::program("npm").args(pack).arg(&dir))
        .with_context(|| format!("npm is needed, to fetch {PACKAGE}"))?;
    let archive = dir.join(format!("{}.tgz", PACKAGE.replace('@', "-")));
    let mut tar = cmd::program("tar");
    cmd::run(tar.arg("-xzf").arg(archive).arg("-C").arg(&dir))?;
    check()
}

/// A compiler.
pub struct Compiler {
    name: &'static str,
    profile: &'static str,
    /// How the names of its files end.
    files: &'static str,
    /// The name of its library.
    pub dll: &'static str,
    /// Its library.
    pub file: File,
}

/// The compiler of every Windows.
pub const FXC: Compiler = Compiler {
    name: "fxc",
    profile: "cs_5_1",
    files: ".5_1.hlsl",
    dll: "d3dcompiler_47.dll",
    file: File {
        path: "win32-x64/d3dcompiler_47.dll",
        sha256: "289767b49dc8525bce262ea06fee4ef9fced2e131a55b25654ce871c1f0498b2",
    },
};

/// Its successor, which programs bring along.
pub const DXC: Compiler = Compiler {
    name: "dxc",
    profile: "cs_6_0",
    files: ".6_0.hlsl",
    dll: "dxcompiler.dll",
    file: File {
        path: "win32-x64/dxcompiler.dll",
        sha256: "04cf618004bf19f789f54e8931c7f7106223bccd354b093c4ff725c748512602",
    },
};

/// Compiles every variant; a planted error must be found.
///
/// # Errors
/// If one does not compile, or takes too long.
pub fn run(debian: &Debian, compiler: &Compiler) -> Result<()> {
    let dir = debian.cache().join(compiler.name);
    fs::create_dir_all(&dir)?;
    fs::copy(compiler.file.path(debian), dir.join(compiler.dll))?;
    let checker = dir.join("hlsl.exe");
    let source = cmd::root().join("xtask/src/platforms/hlsl.c");
    let mut gcc = debian.command("x86_64-w64-mingw32-gcc");
    cmd::run(gcc.args(["-O2", "-Wall", "-o"]).arg(&checker).arg(source))?;

    let planted = dir.join("planted.hlsl");
    fs::write(
        &planted,
        "[numthreads(1, 1, 1)] void main() { uint x = nothing; }\n",
    )?;
    let (said, outcome) = compile(debian, compiler, &checker, &[planted])?;
    if outcome.is_ok() || !said.contains("error ") || !said.contains("nothing") {
        bail!("{} did not find a planted error", compiler.name);
    }

    let files = variants::files(debian, compiler.files)?;
    let (said, outcome) = compile(debian, compiler, &checker, &files)?;
    outcome?;
    let times: Vec<(u64, &str)> = said.lines().filter_map(compiled).collect();
    if times.len() != files.len() {
        bail!("{} of {} variants compiled", times.len(), files.len());
    }
    let (slowest, name) = times.iter().max().context("no variant")?;
    eprintln!(
        "{} compiles {} variants, {name} the slowest, in {slowest} ms",
        compiler.name,
        times.len()
    );
    if *slowest > MOST_MS {
        bail!("{name} takes {slowest} ms, more than {}", MOST_MS);
    }
    Ok(())
}

fn compile(
    debian: &Debian,
    compiler: &Compiler,
    checker: &Path,
    files: &[PathBuf],
) -> Result<(String, Result<()>)> {
    let mut wine = windows::wine(debian, 900, &[compiler.dll]);
    wine.arg(checker)
        .args([compiler.name, compiler.profile, throng_shaders::ENTRY]);
    cmd::tee(wine.args(files))
}

/// Milliseconds and name, of a line that says that a file was compiled.
fn compiled(line: &str) -> Option<(u64, &str)> {
    let (milliseconds, path) = line.strip_prefix("ok ")?.split_once(' ')?;
    Some((milliseconds.parse().ok()?, path.rsplit('/').next()?.trim()))
}
