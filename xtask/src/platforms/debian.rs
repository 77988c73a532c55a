//! A Debian 13 in a folder of its own, which holds the compilers and drivers of other platforms: this machine's
//! system stays as it is.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cmd;

const RELEASE: &str = "trixie";

/// What the checks need: Rust with its sources, MinGW, wine, software Vulkan, a display, SPIR-V's validator, Node.
const PACKAGES: [&str; 11] = [
    "cargo-web",
    "rustc-web",
    "rust-web-src",
    "gcc-mingw-w64-x86-64-win32",
    "wine",
    "wine64",
    "mesa-vulkan-drivers",
    "spirv-tools",
    "nodejs",
    "xauth",
    "xvfb",
];

/// GiB of disk that the system and what it builds take.
const ROOM: u64 = 8;

/// Enters the folder `$1`: the system's own /proc, this machine's devices, certificates and names, and the folders
/// `$2` (the repository), `$3` (the cache) and `$4` (cargo's) at their places. Nothing of it is seen outside, and
/// whatever the command starts ends with it.
const ENTER: &str = r#"set -e
root=$1 repository=$2 cache=$3 cargo=$4
shift 4
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
for file in /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt; do
    if [ -e "$file" ]; then touch "$root$file"; mount --bind "$file" "$root$file"; fi
done
for folder in "$repository" "$cache" "$cargo"; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
done
exec chroot "$root" env --chdir="$repository" "$@"
"#;

/// The system, made ready.
pub struct Debian {
    root: PathBuf,
    /// The script that enters it.
    enter: PathBuf,
    /// Seen inside under the same path.
    cache: PathBuf,
    /// Held, so that two runs do not work in it at once.
    _lock: File,
}

impl Debian {
    /// Opens the system, and makes it where it is not there yet.
    ///
    /// # Errors
    /// If this machine cannot: it is no Linux on x86-64, or lacks root, room, debootstrap or Debian's packages.
    pub fn open() -> Result<Self> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            bail!("they need Linux on x86-64");
        }
        if cmd::capture(cmd::program("id").arg("-u"))?.trim() != "0" {
            bail!("they need root, for a Debian in a folder of its own");
        }
        if !cmd::succeeds(cmd::program("unshare").args(["--mount", "--pid", "--fork", "true"])) {
            bail!("they need to mount, which `unshare --mount --pid` is not allowed here");
        }
        let home = cache_home()?.join("throng/platforms");
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        let lock = File::create(home.join("lock"))?;
        lock.lock()?;
        let debian = Self {
            root: home.join(RELEASE),
            enter: home.join("enter.sh"),
            cache: home.join("cache"),
            _lock: lock,
        };
        fs::create_dir_all(&debian.cache)?;
        fs::write(&debian.enter, ENTER)?;
        let stamp = home.join("packages");
        if fs::read_to_string(&stamp).is_ok_and(|packages| packages == PACKAGES.join(" ")) {
            return Ok(debian);
        }
        debian.make()?;
        fs::write(&stamp, PACKAGES.join(" "))?;
        Ok(debian)
    }

    fn make(&self) -> Result<()> {
        let free = free_gib(&self.cache)?;
        if free < ROOM {
            bail!("they need {ROOM} GiB of disk, and {free} are free");
        }
        if self.root.exists() {
            fs::remove_dir_all(&self.root)?;
        }
        if !cmd::succeeds(cmd::program("debootstrap").arg("--version")) {
            crate::machine::install(&["debootstrap"])?;
        }
        cmd::run(
            cmd::program("debootstrap")
                .args(["--variant=minbase", "--include=ca-certificates", RELEASE])
                .arg(&self.root),
        )
        .context("no Debian packages here")?;
        let apt = |words: &[&str]| {
            let mut command = self.command("apt-get");
            cmd::run(command.env("DEBIAN_FRONTEND", "noninteractive").args(words))
        };
        apt(&["--quiet", "update"])?;
        let install = ["--quiet", "install", "--yes", "--no-install-recommends"];
        apt(&[&install[..], &PACKAGES].concat())?;
        apt(&["clean"])
    }

    /// A folder for what the checks keep, inside and outside under the same path.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// A program to run inside, in the repository's root.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child"]);
        command.arg("sh").arg(&self.enter).arg(&self.root);
        command
            .arg(cmd::root())
            .arg(&self.cache)
            .arg(cargo_home())
            .arg(program);
        command.env_clear();
        command.envs(env::vars_os().filter(|(key, _)| is_of_the_network(&key.to_string_lossy())));
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", "/root").env("LANG", "C.UTF-8");
        command.env("CARGO_HOME", cargo_home());
        command
    }

    /// The same, ended after `seconds`.
    pub fn timed(&self, seconds: u32, program: &str) -> Command {
        let mut command = self.command("timeout");
        command.arg("--kill-after=10").arg(seconds.to_string());
        command.arg(program);
        command
    }
}

/// Proxies, and what cargo is told of the network.
fn is_of_the_network(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("_proxy")
        || ["cargo_http_", "cargo_net_", "cargo_registr"]
            .iter()
            .any(|start| key.starts_with(start))
}

fn cache_home() -> Result<PathBuf> {
    let given = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    given
        .or_else(|| Some(env::home_dir()?.join(".cache")))
        .context("there is no home folder for a cache")
}

fn cargo_home() -> PathBuf {
    let given = env::var_os("CARGO_HOME").map(PathBuf::from);
    given.unwrap_or_else(|| env::home_dir().unwrap_or_default().join(".cargo"))
}

fn free_gib(dir: &Path) -> Result<u64> {
    let text = cmd::capture(
        cmd::program("df")
            .args(["--output=avail", "--block-size=1G"])
            .arg(dir),
    )?;
    let free = text
        .lines()
        .last()
        .and_then(|line| line.trim().parse().ok());
    free.context("df gives no number")
}
